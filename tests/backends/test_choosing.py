"""Docker or process: by annotation, by option, by what is present."""

import pytest

from kfsim.api.core import Container, EnvVar, PodSpec
from kfsim.backends.choosing import AutoChooser

SKLEARN = Container(name="kserve-container", image="kserve/sklearnserver:v0.20.0")
COMMAND = Container(name="kserve-container", image="team/model:1", command=("serve",))
IMAGE = Container(name="kserve-container", image="team/model:1")
MLSERVER = Container(
    name="kserve-container",
    image="docker.io/seldonio/mlserver:1.7.1",
    env=(EnvVar(name="MLSERVER_MODEL_IMPLEMENTATION", value="mlserver_sklearn.SKLearnModel"),),
)
QUEUE = Container(name="queue-proxy", image="kfsim.dev/queue-proxy")


class Index:
    def __init__(self, *present: str, problem: str = "", known: bool = True) -> None:
        self.present, self.problem, self.known = present, problem, known

    def has(self, image: str) -> bool | None:
        return image in self.present if self.known else None


def choose(*containers: Container, index: Index, wanted: str = "auto", annotation: str = ""):
    annotations = {"kfsim.dev/runtime": annotation} if annotation else {}
    return AutoChooser(wanted=wanted, images=index).choose(
        PodSpec(containers=(*containers, QUEUE)), annotations
    )


@pytest.mark.parametrize(
    ("containers", "index", "name", "words"),
    [
        pytest.param([IMAGE], Index(IMAGE.image), "docker", "team/model:1 is present", id="there"),
        pytest.param(
            [COMMAND], Index(COMMAND.image), "docker", "is present", id="there, with a command"
        ),
        pytest.param(
            [SKLEARN],
            Index(),
            "process",
            "kserve/sklearnserver:v0.20.0 is not present, and kfsim's model server stands in",
            id="recipe",
        ),
        pytest.param([MLSERVER], Index(), "process", "stands in for MLServer", id="recipe by env"),
        pytest.param(
            [COMMAND], Index(), "process", "has a command of its own", id="custom command"
        ),
        pytest.param([IMAGE], Index(), "docker", "is not present and is pulled", id="pull"),
        pytest.param(
            [SKLEARN, IMAGE],
            Index(SKLEARN.image),
            "docker",
            "team/model:1 is not present and is pulled",
            id="one of two has no recipe",
        ),
        pytest.param(
            [SKLEARN], Index(problem="no"), "process", "no Docker engine", id="recipe, no engine"
        ),
        pytest.param([IMAGE], Index(problem="no"), "docker", "only its image", id="no engine"),
    ],
)
def test_auto(containers: list[Container], index: Index, name: str, words: str) -> None:
    choice = choose(*containers, index=index)
    assert choice is not None
    assert choice.name == name
    assert words in choice.reason


def test_an_index_that_is_not_known_yet_is_waited_for() -> None:
    assert choose(SKLEARN, index=Index(known=False)) is None


@pytest.mark.parametrize(
    ("wanted", "annotation", "name", "words"),
    [
        ("docker", "", "docker", "--runtime docker asks for it"),
        ("process", "", "process", "--runtime process"),
        ("docker", "process", "process", "annotation kfsim.dev/runtime"),
        ("process", "docker", "docker", "annotation kfsim.dev/runtime"),
        ("docker", "auto", "process", "is not present"),
    ],
)
def test_the_users_word_counts(wanted: str, annotation: str, name: str, words: str) -> None:
    choice = choose(SKLEARN, index=Index(), wanted=wanted, annotation=annotation)
    assert choice is not None
    assert choice.name == name
    assert words in choice.reason
