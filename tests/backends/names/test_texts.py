"""Which texts of a container are Services' names, and which only look like it."""

import pytest

from kfsim.api.core import Container, EnvVar
from kfsim.backends.names.texts import Mention, mentions_of, rewrite_container
from kfsim.base.types import ServiceName

KNOWN = {
    ServiceName("default", "iris"),
    ServiceName("default", "iris-predictor"),
    ServiceName("json", "config"),
    ServiceName("team", "other"),
}


class Directory:
    def knows(self, service: ServiceName) -> bool:
        return service in KNOWN


def replace(mention: Mention) -> str | None:
    """NAME@NAMESPACE for every Service that a container in `default` means."""
    if not mention.is_meant(Directory(), "default"):
        return None
    return f"{mention.service.name}@{mention.service.namespace}"


def rewrite(*args: str) -> list[str]:
    return list(rewrite_container(Container(args=args), replace).args)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["--predictor_host", "iris-predictor.default"], "iris-predictor@default"),
        (["--predictor_host=iris-predictor.default"], "--predictor_host=iris-predictor@default"),
        (["--predictor_host=iris-predictor.default:80"], "--predictor_host=iris-predictor@default"),
        (["--predictor_host", "soon-predictor.default"], "soon-predictor@default"),
        (["--explainer_host", "soon-explainer.default"], "soon-explainer@default"),
        (["--explainer-host", "iris-predictor.default.svc"], "iris-predictor@default"),
        (["--url", "other.team"], "other@team"),
        (["--upstream.addr=other.team/v1"], "--upstream.addr=other@team/v1"),
        (
            ["http://iris.default/v1/models/iris:predict"],
            "http://iris@default/v1/models/iris:predict",
        ),
        (["http://iris.default:80"], "http://iris@default"),
        (["HTTP://IRIS.Default.SVC.cluster.local./x"], "HTTP://iris@default/x"),
        (["http://me:pw@iris.default/x"], "http://me:pw@iris@default/x"),
        (["iris.default.svc.cluster.local"], "iris@default"),
        (["a,iris.default.svc,b"], "a,iris@default,b"),
        (
            ["curl 'http://iris.default.svc.cluster.local?x=1' && curl http://other.team"],
            "curl 'http://iris@default?x=1' && curl http://other@team",
        ),
        (
            ["u('http://iris.default/a')\nv(\"iris.default.svc\")"],
            "u('http://iris@default/a')\nv(\"iris@default\")",
        ),
    ],
)
def test_names_of_services(args: list[str], expected: str) -> None:
    assert rewrite(*args)[-1] == expected


@pytest.mark.parametrize(
    "args",
    [
        ["--predictor_host", "soon-predictor.elsewhere"],
        ["--predictor_host", "iris-predictor.default:9000"],
        ["--predictor_host", "iris"],
        ["--predictor_host", "10.0"],
        ["--url", "unknown.default"],
        ["--config=config.json"],
        ["--config_url=config.default.json"],
        ["--host", "config.json.tar"],
        ["-m", "iris.default"],
        ["--module=iris.default"],
        ["--ghosts=iris.default"],
        ["iris.default"],
        ["/etc/iris.default"],
        ["./iris.default.svc.cluster.local"],
        ["--mail_url=me@iris.default"],
        ["me@iris.default.svc.cluster.local"],
        ["import iris.default"],
        ["http://unknown.default/x"],
        ["http://iris.default.example.com/x"],
        ["http://www.iris.default/x"],
        ["http://iris.default:8080/x"],
        ["http://iris.default-2/x"],
        ["https://iris.default.svc.cluster.local/x"],
        ["grpc://iris.default.svc"],
        ["xhttp://iris.default/x"],
        ["iris.default.svcs"],
        ["iris.default.svc.cluster.localhost"],
        ["iris_default.default.svc"],
        ["$(UNKNOWN).default.svc"],
        [""],
    ],
    ids=" ".join,
)
def test_other_texts_stay_as_they_are(args: list[str]) -> None:
    container = Container(args=args)
    assert rewrite_container(container, replace) is container


def test_environment() -> None:
    given = {
        "PREDICTOR_HOST": "iris-predictor.default",
        "PREDICTORHOST": "iris-predictor.default",
        "API_URL": "http://iris.default.svc.cluster.local:80/v1",
        "LIST": "iris.default.svc;other.team.svc.cluster.local",
        "MODULE": "iris.default",
        "EMPTY": None,
    }
    env = tuple(EnvVar(name=name, value=value) for name, value in given.items())
    changed = rewrite_container(Container(env=env), replace)
    assert {each.name: each.value for each in changed.env} == {
        "PREDICTOR_HOST": "iris-predictor@default",
        "PREDICTORHOST": "iris-predictor.default",
        "API_URL": "http://iris@default/v1",
        "LIST": "iris@default;other@team",
        "MODULE": "iris.default",
        "EMPTY": None,
    }


def test_names_put_together_of_variables_are_found_and_other_references_kept() -> None:
    env = (
        EnvVar(name="NAME", value="iris"),
        EnvVar(name="NS", value="default"),
        EnvVar(name="LATER", value="$(KFSIM_PORT_8080)"),
    )
    args = ("http://$(NAME)-predictor.$(NS)/$(LATER)?$$(NAME)=$(PORT)",)
    changed = rewrite_container(Container(command=("$(NAME)",), args=args, env=env), replace)
    assert changed.args == ("http://iris-predictor@default/$(LATER)?$$(NAME)=$(PORT)",)


def test_mentions_are_listed_once_and_as_spelled() -> None:
    container = Container(
        command=("sh", "-c", "curl http://Iris.default.svc."),
        args=("--predictor_host", "iris.default"),
        env=(EnvVar(name="URL", value="http://iris.default"),),
    )
    iris = ServiceName("default", "iris")
    assert mentions_of(container) == (
        Mention("iris.default", iris, is_component=True),
        Mention("iris.default", iris),
    )
