"""From a container to a process: recipes, ports, mount paths, expansion."""

import pytest

from kfsim.api.core import Container, ContainerPort, EnvVar
from kfsim.backends.expansion import expand
from kfsim.backends.failures import StartFailure
from kfsim.backends.process.mounts import Mount
from kfsim.backends.process.recipes import ProcessPlan, Surroundings, make_plan

PORTS = {8080: 21000, 9000: 21001}
MODEL = Mount("model", "/mnt/models", "/data/iris")


def plan(container: Container, *mounts: Mount, allow_pickle: bool = True) -> ProcessPlan:
    surroundings = Surroundings(
        base={"HOME": "/work"}, ports=PORTS, mounts=mounts, allow_pickle=allow_pickle
    )
    return make_plan(container, surroundings, serving_port=8080)


def custom(*args: str, env: tuple[EnvVar, ...] = ()) -> Container:
    ports = (ContainerPort(container_port=8080), ContainerPort(container_port=9000))
    return Container(name="c", command=("server",), args=args, env=env, ports=ports)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(A)", "1"),
        ("x$(A)y$(B)", "x1y2"),
        ("$(UNKNOWN)", "$(UNKNOWN)"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$A ${A}", "$A ${A}"),
    ],
)
def test_expansion_is_kubernetes(text: str, expanded: str) -> None:
    assert expand(text, {"A": "1", "B": "2"}) == expanded


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["--port=8080"], ["--port=21000"]),
        (
            ["--http_port", "8080", "--grpc-port=9000"],
            ["--http_port", "21000", "--grpc-port=21001"],
        ),
        (["--listen=:$(KFSIM_PORT_8080)"], ["--listen=:21000"]),
        (["--listen=:$(PORT)"], ["--listen=:21000"]),
        (["--batch=808"], ["--batch=808"]),
        (["--model=/mnt/models"], ["--model=/data/iris"]),
        (["file:///mnt/models/a.pkl"], ["file:///data/iris/a.pkl"]),
        (["/mnt/models:/mnt/models2"], ["/data/iris:/mnt/models2"]),
        (["$(KFSIM_MOUNT_model)/x"], ["/data/iris/x"]),
    ],
)
def test_custom_arguments(args: list[str], expected: list[str]) -> None:
    mounts = [MODEL] if any("model" in each for each in args) else []
    assert list(plan(custom(*args), *mounts).argv) == ["server", *expected]


def test_custom_environment() -> None:
    env = (
        EnvVar(name="HTTP_PORT", value="8080"),
        EnvVar(name="MODEL", value="/mnt/models/m"),
        EnvVar(name="URL", value="http://127.0.0.1:$(KFSIM_PORT_9000)"),
    )
    result = plan(custom(env=env), MODEL).env
    assert result["HTTP_PORT"] == "21000"
    assert result["MODEL"] == "/data/iris/m"
    assert result["URL"] == "http://127.0.0.1:21001"
    assert result["PORT"] == "21000"
    assert result["KFSIM_MOUNT_model"] == "/data/iris"
    assert result["HOME"] == "/work"


@pytest.mark.parametrize(
    ("container", "mounts", "reason", "mend"),
    [
        pytest.param(
            Container(name="c", image="example.com/x:1"), (), "NeedsDocker", "command", id="image"
        ),
        pytest.param(
            custom("0.0.0.0:8080"), (), "PortNotConfigurable", "$(KFSIM_PORT_8080)", id="port"
        ),
        pytest.param(
            custom("--x"), (MODEL,), "PathNotMappable", "$(KFSIM_MOUNT_model)", id="mount"
        ),
    ],
)
def test_what_cannot_be_mapped_says_the_mend(
    container: Container, mounts: tuple[Mount, ...], reason: str, mend: str
) -> None:
    with pytest.raises(StartFailure) as caught:
        plan(container, *mounts)
    assert caught.value.reason == reason
    assert mend in caught.value.message


def test_of_a_script_only_what_is_near_its_port_is_shown() -> None:
    script = f"import x\n{'y = 1; ' * 20}serve('0.0.0.0', 8080){'; z = 2' * 20}\nend()"
    with pytest.raises(StartFailure) as caught:
        plan(custom(script))
    shown = caught.value.message.partition("names its port 8080 in ")[2].partition(", but")[0]
    assert "serve('0.0.0.0', 8080)" in shown
    assert "import x" not in shown
    assert "end()" not in shown
    assert len(shown) < 100


def test_an_unused_scratch_volume_is_no_failure() -> None:
    assert plan(custom(), Mount("tmp", "/scratch", "/x", scratch=True)).argv == ("server",)


@pytest.mark.parametrize(
    "container",
    [
        Container(
            image="registry:5000/kserve/sklearnserver:v0.20.0@sha256:1",
            args=("--model_name=iris", "--model_dir=/mnt/models", "--http_port=8080"),
        ),
        Container(
            command=("python", "-m", "sklearnserver"),
            args=("--model_name=iris", "--model_dir", "/mnt/models", "--http_port", "8080"),
        ),
        Container(
            image="seldonio/mlserver:1.7.1",
            env=(
                EnvVar(name="MLSERVER_MODEL_IMPLEMENTATION", value="mlserver_sklearn.SKLearnModel"),
                EnvVar(name="MLSERVER_MODEL_NAME", value="iris"),
                EnvVar(name="MLSERVER_HTTP_PORT", value="8080"),
            ),
        ),
    ],
    ids=["sklearnserver", "command", "mlserver"],
)
def test_sklearn_images_are_served_by_the_built_in_server(container: Container) -> None:
    result = plan(container, MODEL)
    assert result.fork
    assert result.inherited_port == 8080
    assert " ".join(result.argv).replace("=", " ").split() == [
        *("--model_name", "iris", "--model_dir", "/data/iris", "--socket_fd", "{socket_fd}")
    ]


@pytest.mark.parametrize(
    ("image", "old"),
    [
        ("kfserving/sklearnserver:v0.6.1", True),
        ("gcr.io/kfserving/sklearnserver:v0.5.1", True),
        ("kserve/sklearnserver:v0.20.0", False),
        ("mykfserving/sklearnserver:1", False),
    ],
)
def test_images_of_kfserving_answer_as_tornado_did(image: str, old: bool) -> None:
    container = Container(image=image, args=("--model_dir=/mnt/models",))
    assert ("--answers=tornado" in plan(container, MODEL).argv) is old


def test_pickle_can_be_refused() -> None:
    container = Container(image="kserve/sklearnserver", args=("--model_dir=/mnt/models",))
    assert "--allow_pickle=never" in plan(container, MODEL, allow_pickle=False).argv
