"""The contract suite on the Docker backend."""

from tests.backends.contract import BackendContract


class TestDockerBackend(BackendContract):
    """All tests of the contract."""
