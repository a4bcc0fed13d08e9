"""The upstream set of runtimes is there, valid, and seeded only where missing."""

from kfsim.api.admission import admit
from kfsim.api.kserve.builtin_runtimes import builtin_runtimes, missing_runtimes
from kfsim.api.kserve.types import ClusterServingRuntime
from kfsim.api.scheme import kind_of


def test_the_upstream_set_is_there() -> None:
    assert [runtime.metadata.name for runtime in builtin_runtimes()] == [
        "kserve-autogluonserver",
        "kserve-huggingfaceserver",
        "kserve-lgbserver",
        "kserve-mlserver",
        "kserve-openvino",
        "kserve-paddleserver",
        "kserve-pmmlserver",
        "kserve-predictiveserver",
        "kserve-sklearnserver",
        "kserve-tensorflow-serving",
        "kserve-torchserve",
        "kserve-tritonserver",
        "kserve-vllmserver",
        "kserve-xgbserver",
    ]


def test_each_passes_admission_unchanged() -> None:
    for runtime in builtin_runtimes():
        assert admit(kind_of(ClusterServingRuntime), runtime, None) == runtime
        assert runtime.spec.containers[0].name == "kserve-container"
        assert runtime.spec.containers[0].image


def test_no_field_of_the_data_is_misspelt() -> None:
    # A misspelt key would be dropped silently, so the models must write back all that is there.
    sklearn = next(r for r in builtin_runtimes() if r.metadata.name == "kserve-sklearnserver")
    container = sklearn.spec.containers[0]

    assert container.args == (
        "--model_name={{.Name}}",
        "--model_dir=/mnt/models",
        "--http_port=8080",
    )
    assert sklearn.spec.protocol_versions == ("v1", "v2")
    assert container.security_context is not None
    assert container.resources is not None


def test_only_missing_ones_are_seeded() -> None:
    first, *rest = builtin_runtimes()

    assert missing_runtimes([]) == builtin_runtimes()
    assert missing_runtimes([first]) == tuple(rest)
