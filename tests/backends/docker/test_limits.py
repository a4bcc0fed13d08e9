"""Requests and limits in the engine's units."""

import pytest

from kfsim.api.core import Container, ResourceRequirements
from kfsim.backends.docker.creation import HostSize
from kfsim.backends.docker.limits import format_bytes, make_cpu_shares, make_limits
from kfsim.backends.failures import StartFailure

GI = 2**30
HOST = HostSize(cpus=2.0, memory=4 * GI)


def container(
    limits: dict[str, str | int], requests: dict[str, str | int] | None = None
) -> Container:
    resources = ResourceRequirements(limits=limits, requests=requests or {})
    return Container(name="c", resources=resources)


@pytest.mark.parametrize(
    ("milli", "shares"), [(0, 2), (1, 2), (100, 102), (1000, 1024), (2500, 2560), (10**9, 262144)]
)
def test_cpu_shares_are_kubelets(milli: int, shares: int) -> None:
    assert make_cpu_shares(milli) == shares


@pytest.mark.parametrize(
    ("limits", "requests", "settings"),
    [
        pytest.param({}, {}, {"CpuShares": 2}, id="nothing"),
        pytest.param({}, {"cpu": "500m", "memory": "1Gi"}, {"CpuShares": 512}, id="requests"),
        pytest.param(
            {"cpu": "1"}, {}, {"CpuShares": 1024, "NanoCpus": 10**9}, id="request-from-limit"
        ),
        pytest.param(
            {"cpu": "1500m"},
            {"cpu": "100m"},
            {"CpuShares": 102, "NanoCpus": 1_500_000_000},
            id="request-below-limit",
        ),
        pytest.param(
            {"cpu": "1"}, {"cpu": 0}, {"CpuShares": 2, "NanoCpus": 10**9}, id="request-of-zero"
        ),
        pytest.param({"cpu": "1m"}, {}, {"CpuShares": 2, "NanoCpus": 10_000_000}, id="least-quota"),
        pytest.param(
            {"memory": "64Mi"},
            {},
            {"CpuShares": 2, "Memory": 64 * 2**20, "MemorySwap": 64 * 2**20},
            id="no-swap",
        ),
        pytest.param(
            {"memory": "6291456500m"},
            {},
            {"CpuShares": 2, "Memory": 6291457, "MemorySwap": 6291457},
            id="bytes-round-up",
        ),
        pytest.param({"cpu": 0, "memory": "0"}, {}, {"CpuShares": 2}, id="zero-is-no-limit"),
        pytest.param(
            {"cpu": "0m", "memory": 0},
            {"cpu": "250m", "memory": "1Gi"},
            {"CpuShares": 256},
            id="zero-keeps-the-request",
        ),
        pytest.param(
            {"ephemeral-storage": "junk", "nvidia.com/gpu": 1, "amd.com/gpu": 1},
            {"hugepages-2Mi": "4Mi"},
            {"CpuShares": 2},
            id="others-have-no-setting",
        ),
    ],
)
def test_settings(
    limits: dict[str, str | int], requests: dict[str, str | int], settings: dict[str, int]
) -> None:
    made = make_limits(container(limits, requests), HOST)
    assert made.settings == settings
    assert not made.remarks


def test_without_resources_only_the_least_weight_is_set() -> None:
    assert make_limits(Container(name="c"), HOST).settings == {"CpuShares": 2}


@pytest.mark.parametrize(
    ("limits", "setting", "value", "told"),
    [
        ({"cpu": "2001m"}, "NanoCpus", 2 * 10**9, "cpu limit 2001m, more than this host has (2)"),
        ({"cpu": 64}, "NanoCpus", 2 * 10**9, "limited to 2"),
        ({"memory": "64Gi"}, "Memory", 4 * GI, "memory limit 64Gi, more than this host has (4Gi)"),
        ({"memory": "64Gi"}, "MemorySwap", 4 * GI, "limited to 4Gi"),
    ],
)
def test_limits_above_the_host_are_lowered_and_told(
    limits: dict[str, str | int], setting: str, value: int, told: str
) -> None:
    made = make_limits(container(limits), HOST)
    assert made.settings[setting] == value
    (remark,) = made.remarks
    assert (remark.reason, remark.warning) == ("LimitClamped", True)
    assert told in remark.message
    assert "Container c" in remark.message


@pytest.mark.parametrize("limits", [{"cpu": "2"}, {"memory": "4Gi"}])
def test_all_of_the_host_is_not_too_much(limits: dict[str, str | int]) -> None:
    assert not make_limits(container(limits), HOST).remarks


def test_requests_above_the_host_weigh_and_never_block() -> None:
    made = make_limits(container({}, {"cpu": "64", "memory": "1Ti"}), HOST)
    assert made.settings == {"CpuShares": 65536}
    assert not made.remarks


@pytest.mark.parametrize(
    ("limits", "requests", "told"),
    [
        ({"memory": "64"}, {}, "memory limit 64, 64 bytes; the engine's least is 6Mi"),
        ({"memory": "6291455"}, {}, "the engine's least is 6Mi"),
        ({"cpu": "-1"}, {}, "must not be negative"),
        ({"memory": "1GB"}, {}, "unknown suffix 'GB'"),
        ({"cpu": "two"}, {}, "the cpu limit of container c cannot be read: 'two'"),
        ({}, {"cpu": "1 core"}, "the cpu request of container c cannot be read"),
        ({}, {"memory": "lots"}, "the memory request of container c cannot be read"),
    ],
)
def test_quantities_that_mean_nothing_are_refused_with_the_mend(
    limits: dict[str, str | int], requests: dict[str, str | int], told: str
) -> None:
    with pytest.raises(StartFailure) as caught:
        make_limits(container(limits, requests), HOST)
    assert caught.value.reason == "CreateContainerError"
    assert told in caught.value.message


@pytest.mark.parametrize(
    ("size", "text"),
    [(5, "5"), (1024, "1Ki"), (6 * 2**20, "6Mi"), (int(23.4 * GI), "23.4Gi"), (2**40, "1Ti")],
)
def test_bytes_read_as_quantities(size: int, text: str) -> None:
    assert format_bytes(size) == text
