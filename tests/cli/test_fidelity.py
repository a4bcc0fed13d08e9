"""The report of documents, as JSON and as lines."""

from collections.abc import Sequence
from typing import Any

import pytest

from kfsim.cli.fidelity import Document, Identity, Row, documents_of, make_report, report_lines

IMAGE = "kserve/sklearnserver:v0.20.0"


def identity(name: str = "iris", kind: str = "InferenceService") -> Identity:
    return ("serving.kserve.io/v1beta1", kind, "default", name)


def field(path: str, effect: str = "honoured", **more: Any) -> Row:
    return {
        "field": path,
        "effect": effect,
        "why": "",
        "asked": "",
        "given": "",
        "written": True,
    } | more


def run(backend: str, component: str = "predictor") -> Row:
    return {
        "component": component,
        "revision": f"iris-{component}-00001",
        "backend": backend,
        "reason": "it is so",
        "images": [IMAGE],
    }


def row(*fields: Row, name: str = "iris", kind: str = "InferenceService", **more: Any) -> Row:
    version, _, namespace, _ = identity()
    return {
        "apiVersion": version,
        "served": [version, "serving.kubeflow.org/v1beta1"],
        "kind": kind,
        "namespace": namespace,
        "name": name,
        "source": f"/m/{name}.yaml",
        "simulated": True,
        "whyNot": "",
        "ready": True,
        "reason": "",
        "runs": [],
        "fields": list(fields),
    } | more


def report(*rows: Row, documents: Sequence[Document] | None = None) -> Row:
    found = documents
    if found is None:
        found = [
            Document(f"manifests/{each['name']}.yaml", 1, identity(each["name"], each["kind"]))
            for each in rows
        ]
    return make_report(found, rows, project="demo")


PLAIN = [field("spec.a"), field("spec.b")]
NODE = {"why": "there is one node"}


@pytest.mark.parametrize(
    ("told", "lines"),
    [
        (row(*PLAIN), ["all 2 fields honoured"]),
        (row(field("spec.a")), ["1 field honoured"]),
        (row(), ["applied"]),
        (
            row(*PLAIN, runs=[run("process")]),
            [f"all 2 fields honoured · runs as a process instead of {IMAGE}"],
        ),
        (row(*PLAIN, runs=[run("docker")]), ["all 2 fields honoured"]),
        (
            row(*PLAIN, runs=[run("docker"), run("process", "transformer")]),
            [f"all 2 fields honoured · transformer runs as a process instead of {IMAGE}"],
        ),
        (
            row(*PLAIN, ready=False, reason="NeedsDocker: give it a command"),
            ["all 2 fields honoured · not ready: NeedsDocker: give it a command"],
        ),
        (
            row(
                *PLAIN,
                field("spec.predictor.nodeSelector", "ignored", **NODE),
                field("spec.predictor.affinity", "ignored", **NODE),
                field("spec.transformer.affinity", "ignored", **NODE),
                field("metadata.annotations[a.io/b]", "ignored", **NODE),
                field("spec.predictor.logger", "ignored", why="not logged"),
            ),
            [
                "2 of 7 fields honoured, 5 without effect",
                (
                    "  without effect: spec.predictor.nodeSelector, .affinity, "
                    "spec.transformer.affinity, metadata.annotations[a.io/b]: there is one node"
                ),
                "  without effect: spec.predictor.logger: not logged",
            ],
        ),
        (
            row(
                *PLAIN,
                field("spec.gpu", "substituted", asked="1", given="none", why="gpu: fake"),
                field("spec.predictor", "substituted", why="limited to 2", written=False),
            ),
            [
                "2 of 3 fields honoured, 1 substituted",
                "  substituted: spec.gpu: 1 → none: gpu: fake",
                "  substituted: spec.predictor: limited to 2",
            ],
        ),
        (
            row(
                *PLAIN,
                field("spec.image", "substituted", asked=IMAGE, given="a process"),
                runs=[run("process")],
            ),
            [f"2 of 3 fields honoured, 1 substituted · runs as a process instead of {IMAGE}"],
        ),
        (
            row(*PLAIN, field("spec.w", "refused", why="not simulated")),
            ["2 of 3 fields honoured, 1 refused", "  refused: spec.w: not simulated"],
        ),
        (row(simulated=False, whyNot="kept"), ["not simulated: kept"]),
        (
            row(simulated=False, whyNot="v1 Pod is kept but not simulated: nothing acts on it"),
            ["not simulated: kept, and nothing acts on it"],
        ),
        (
            row(*PLAIN, field("spec", "substituted", asked="", given="a folder", why="no class")),
            ["2 of 3 fields honoured, 1 substituted", "  substituted: spec: a folder: no class"],
        ),
    ],
    ids=[
        "all-honoured",
        "one-field",
        "no-field",
        "a-process",
        "docker",
        "only-the-transformer",
        "not-ready",
        "ignored-by-reason",
        "substituted",
        "an-image-is-in-the-headline",
        "refused",
        "not-simulated",
        "kept",
        "a-whole-mapping",
    ],
)
def test_the_lines_of_a_document(told: Row, lines: list[str]) -> None:
    assert report_lines(report(told)) == [f"manifests/iris.yaml: {lines[0]}", *lines[1:]]


def test_documents_of_one_file_are_named() -> None:
    documents = [Document("m.yaml", line, identity(name)) for line, name in ((1, "a"), (9, "b"))]
    rows = (row(*PLAIN, name="a"), row(*PLAIN, name="b"))
    assert report_lines(report(*rows, documents=documents)) == [
        "m.yaml InferenceService/a: all 2 fields honoured",
        "m.yaml InferenceService/b: all 2 fields honoured",
    ]


def test_a_refused_document_is_in_the_report_with_its_reason() -> None:
    documents = [
        Document("m.yaml", 3, identity("a"), "unknown field"),
        Document("n.yaml", 1, identity()),
    ]
    made = report(row(*PLAIN), documents=documents)
    assert report_lines(made)[0] == "m.yaml: not applied: unknown field"
    assert [each["outcome"] for each in made["documents"]] == ["refused", "applied"]
    assert made["documents"][0]["reason"] == "unknown field"


def test_what_was_said_before_is_not_said_again() -> None:
    documents = [
        Document("m.yaml", 3, identity("a"), "unknown field"),
        Document("n.yaml", 1, identity()),
    ]
    made = report(row(*PLAIN, ready=False, reason="no model"), documents=documents)
    assert report_lines(made, reasons=False) == [
        "m.yaml: not applied",
        "n.yaml: all 2 fields honoured · not ready",
    ]


def test_a_document_that_is_left_out_is_not_simulated() -> None:
    made = report(documents=[Document("m.yaml", 1, identity(), foreign="nothing acts on it")])
    assert report_lines(made) == ["m.yaml: not simulated: nothing acts on it"]
    assert made["summary"]["notSimulated"] == 1


def test_an_object_that_is_gone_is_said_to_be() -> None:
    made = report(documents=[Document("m.yaml", 1, identity())])
    assert report_lines(made) == ["m.yaml: it was deleted meanwhile"]
    assert made["summary"]["gone"] == 1


def test_of_many_plain_documents_only_the_number_is_told() -> None:
    rows = [row(*PLAIN, name=f"s{index}") for index in range(30)]
    different = row(field("spec.predictor.logger", "ignored", why="not logged"), name="other")
    assert report_lines(report(*rows, different)) == [
        "manifests/other.yaml: 0 of 1 field honoured, 1 without effect",
        "  without effect: spec.predictor.logger: not logged",
        "30 more documents: all fields honoured",
    ]


def test_an_object_is_found_by_any_version_that_is_served() -> None:
    _, *rest = identity()
    old = ("serving.kubeflow.org/v1beta1", *rest)
    made = make_report([Document("m.yaml", 1, old)], [row(*PLAIN)], project="demo")
    (document,) = made["documents"]
    assert document["outcome"] == "applied"
    assert document["apiVersion"] == "serving.kubeflow.org/v1beta1"


def test_the_json_form() -> None:
    told = row(
        *PLAIN,
        field("spec.x", "ignored", why="no effect"),
        field("spec.y", "substituted", asked="1", given="2", why="because"),
        field("spec.predictor", "substituted", why="unwritten", written=False),
        runs=[run("process")],
    )
    made = make_report(
        [Document("m.yaml", 7, identity())],
        [told],
        project="demo",
        errors=["bad.yaml:1: not valid YAML"],
        skipped=["c.yaml: not a Kubernetes object"],
    )
    numbers = {"written": 4, "honoured": 2, "substituted": 1, "ignored": 1, "refused": 0}
    assert made == {
        "schema": "kfsim.dev/fidelity/v1",
        "project": "demo",
        "summary": {
            "documents": 1,
            "applied": 1,
            "notSimulated": 0,
            "refused": 0,
            "gone": 0,
            "notReady": 0,
            "unreadable": 1,
            "fields": numbers,
        },
        "documents": [
            {
                "manifest": "m.yaml",
                "line": 7,
                "apiVersion": "serving.kserve.io/v1beta1",
                "kind": "InferenceService",
                "namespace": "default",
                "name": "iris",
                "outcome": "applied",
                "ready": True,
                "reason": "",
                "runs": [run("process")],
                "fields": numbers,
                "honoured": ["spec.a", "spec.b"],
                "substituted": [
                    {"field": "spec.y", "asked": "1", "given": "2", "why": "because"},
                    {"field": "spec.predictor", "asked": "", "given": "", "why": "unwritten"},
                ],
                "ignored": [{"field": "spec.x", "why": "no effect"}],
                "refused": [],
            }
        ],
        "errors": ["bad.yaml:1: not valid YAML"],
        "skipped": ["c.yaml: not a Kubernetes object"],
    }


def test_the_daemon_alone_can_be_asked() -> None:
    found = documents_of([row(name="b"), row(name="a")], {"/m/a.yaml": "a.yaml", "/m/b.yaml": "b"})
    assert found == [Document("a.yaml", 0, identity("a")), Document("b", 0, identity("b"))]
