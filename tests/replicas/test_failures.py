"""What follows a container that could not be started."""

import pytest

from kfsim.replicas.failures import (
    Retry,
    describe_end,
    describe_failure,
    prevents_start,
    resolve_retry,
)


@pytest.mark.parametrize(
    ("reason", "retry"),
    [
        ("ErrImagePull", Retry.PULL),
        ("ErrImageNeverPull", Retry.SYNC),
        ("InvalidImageName", Retry.NEVER),
        ("CreateContainerConfigError", Retry.SYNC),
        ("CreateContainerError", Retry.SYNC),
        ("RunContainerError", Retry.CRASH),
        ("StartError", Retry.CRASH),
        ("EngineUnavailable", Retry.BACKEND),
        ("NeedsDocker", Retry.NEVER),
        ("PathNotMappable", Retry.NEVER),
        ("PortNotConfigurable", Retry.NEVER),
        ("", Retry.SYNC),
    ],
)
def test_the_reason_says_when_it_is_tried_again(reason, retry):
    assert resolve_retry(reason) is retry


@pytest.mark.parametrize(
    ("reason", "message", "events"),
    [
        (
            "ErrImagePull",
            "denied",
            [("Failed", 'Failed to pull image "m:1": denied'), ("Failed", "Error: ErrImagePull")],
        ),
        (
            "ErrImageNeverPull",
            "absent; build it",
            [
                (
                    "ErrImageNeverPull",
                    'Container image "m:1" is not present with pull policy of Never',
                ),
                ("Failed", "Error: ErrImageNeverPull"),
            ],
        ),
        (
            "InvalidImageName",
            "invalid reference format",
            [
                (
                    "InspectFailed",
                    'Failed to apply default image tag "m:1": invalid reference format',
                ),
                ("Failed", "Error: InvalidImageName"),
            ],
        ),
        ("CreateContainerError", "no room", [("Failed", "Error: no room")]),
        ("CreateContainerError", "", [("Failed", "Error: CreateContainerError")]),
    ],
    ids=["pull", "never pull", "name", "create", "without a message"],
)
def test_events_are_in_kubelets_words(reason, message, events):
    assert list(describe_failure(reason, message, image="m:1")) == events


@pytest.mark.parametrize(
    ("reason", "prevented"),
    [
        ("ImagePullBackOff", True),
        ("EngineUnavailable", True),
        ("NeedsDocker", True),
        ("ContainerCreating", False),
        ("CrashLoopBackOff", False),
        (None, False),
    ],
)
def test_waiting_reasons_that_prevent_a_start(reason, prevented):
    assert prevents_start(reason) == prevented


@pytest.mark.parametrize(
    ("reason", "message", "text"),
    [
        ("OOMKilled", "shard 3", "OOMKilled: shard 3"),
        ("OOMKilled", None, "OOMKilled"),
        ("Error", "boom", "boom"),
        ("Error", None, ""),
    ],
)
def test_a_kill_for_memory_is_always_named(reason, message, text):
    assert describe_end(reason, message) == text
