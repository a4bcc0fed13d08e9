"""Settings for the whole suite."""

from hypothesis import HealthCheck, settings

# How fast inputs are drawn depends on what else the machine does; that is no property of ours.
settings.register_profile("kfsim", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kfsim")

pytest_plugins = ("tests.engines.fixtures",)
