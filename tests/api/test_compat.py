"""The two modes' names."""

import pytest

from kfsim.api.compat import CURRENT, KFSERVING, Compat, Profile, profile_of


@pytest.mark.parametrize(
    ("profile", "service", "webhook"),
    [
        (CURRENT, "iris-predictor", "inferenceservice.kserve-webhook-server.validator"),
        (
            KFSERVING,
            "iris-predictor-default",
            "inferenceservice.kfserving-webhook-server.validator",
        ),
    ],
    ids=list(Compat),
)
def test_names(profile: Profile, service: str, webhook: str) -> None:
    assert profile.service_name("iris", "predictor") == service
    assert profile.webhook("InferenceService") == webhook
    assert profile_of(profile.compat) is profile


def test_every_mode_has_a_profile() -> None:
    assert [profile_of(compat).compat for compat in Compat] == list(Compat)
