from typing import Any

import pytest

from kfsim.api.admission import admit
from kfsim.api.creation import make_object
from kfsim.api.decoding import FieldValidation
from kfsim.api.kserve.alpha import InferenceGraph, TrainedModel
from kfsim.api.meta import Object
from kfsim.api.scheme import find_kind
from kfsim.base.errors import Forbidden, Invalid

VERSION = "serving.kserve.io/v1alpha1"


def make(kind: str, spec: dict[str, Any], *, name: str = "x", **more: Any) -> Object:
    resource = find_kind(VERSION, kind)
    assert resource is not None
    document = {"apiVersion": VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}
    return make_object(
        resource,
        VERSION,
        "default" if resource.namespaced else "",
        {**document, **more},
        validation=FieldValidation.STRICT,
        admission=admit,
    ).obj


def model(**changes: Any) -> dict[str, Any]:
    content = {"storageUri": "s3://b/m", "framework": "sklearn", "memory": "1Gi", **changes}
    return {"inferenceService": "mms", "model": content}


def graph(steps: list[dict[str, Any]], router: str = "Sequence", **spec: Any) -> dict[str, Any]:
    return {"nodes": {"root": {"routerType": router, "steps": steps}}, **spec}


STEP = {"serviceName": "a", "name": "one"}


def test_every_field_is_accepted() -> None:
    make("TrainedModel", model())
    steps = [
        {**STEP, "data": "$response", "condition": "[@this]", "dependency": "Hard", "weight": 100},
    ]
    made = make(
        "InferenceGraph",
        graph(
            steps,
            "Splitter",
            timeout=5,
            routerTimeouts={"serverRead": 1, "serverWrite": 2, "serverIdle": 3, "serviceClient": 4},
            resources={"limits": {"cpu": "1"}},
            affinity={"nodeAffinity": {}},
            minReplicas=0,
            maxReplicas=2,
            scaleTarget=1,
            scaleMetric="rps",
            tolerations=[{"key": "a"}],
            nodeSelector={"a": "b"},
            nodeName="n",
            serviceAccountName="s",
        ),
    )
    assert isinstance(made, InferenceGraph)
    make(
        "ClusterStorageContainer",
        {
            "container": {"name": "storage-initializer", "image": "x"},
            "supportedUriFormats": [{"prefix": "custom://"}, {"regex": "https://(.+?)"}],
            "workloadType": "initContainer",
            "supportsMultiModelDownload": True,
        },
        disabled=False,
    )


@pytest.mark.parametrize(
    ("name", "changes", "text"),
    [
        (
            "x",
            {"storageUri": "ftp://x"},
            (
                'the Trained Model "x" storageUri field is invalid. The storage uri must start '
                "with one of the prefixes: s3://, gs://, https://, http://. (the storage uri given "
                'is "ftp://x")'
            ),
        ),
        ("a.b", {}, 'the Trained Model "a.b" is invalid: a Trained Model name must consist of'),
        ("x", {"memory": "much"}, "'much' is not a quantity"),
    ],
)
def test_refused_trained_models(name: str, changes: dict[str, Any], text: str) -> None:
    with pytest.raises(Forbidden) as caught:
        make("TrainedModel", model(**changes), name=name)
    assert text in caught.value.message
    assert 'admission webhook "trainedmodel.kserve-webhook-server.validator"' in (
        caught.value.message
    )


@pytest.mark.parametrize(("memory", "accepted"), [("1024Mi", True), ("2Gi", False)])
def test_the_memory_of_a_trained_model_cannot_change(memory: str, accepted: bool) -> None:
    resource = find_kind(VERSION, "TrainedModel")
    assert resource is not None
    old, new = make("TrainedModel", model()), make("TrainedModel", model(memory=memory))
    assert isinstance(new, TrainedModel)
    if accepted:
        assert admit(resource, new, old) == new
        return
    with pytest.raises(Forbidden, match=r'memory field is immutable\. The memory was "1Gi" but it'):
        admit(resource, new, old)


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (
            {"nodes": {"leaf": {"routerType": "Switch"}}},
            "root node not found, InferenceGraph needs",
        ),
        (
            graph([STEP, STEP]),
            'Node "root" of InferenceGraph "x" contains more than one step with name "one"',
        ),
        (
            graph([{"name": "one"}]),
            'Step 0 ("one") in node "root" of InferenceGraph "x" does not specify an inference',
        ),
        (
            graph([{"serviceName": "a", "nodeName": "b"}]),
            'Step 0 ("") in node "root" of InferenceGraph "x" specifies more than one of nodeName,',
        ),
        (
            graph([{**STEP, "weight": 99}], "Splitter"),
            "InferenceGraph[x] Node[root] splitter node: the sum of traffic weights for all",
        ),
        (
            graph([STEP], "Splitter"),
            "InferenceGraph[x] Node[root] Route[a] missing the 'Weight'",
        ),
        (graph([STEP], "Random"), 'spec.nodes.root.routerType: Unsupported value: "Random"'),
        (graph([{**STEP, "dependency": "Firm"}]), 'dependency: Unsupported value: "Firm"'),
        (graph([STEP], scaleMetric="luck"), 'spec.scaleMetric: Unsupported value: "luck"'),
    ],
)
def test_refused_graphs(spec: dict[str, Any], text: str) -> None:
    with pytest.raises(Forbidden) as caught:
        make("InferenceGraph", spec)
    assert text in caught.value.message


@pytest.mark.parametrize("kind", ["TrainedModel", "InferenceGraph"])
def test_a_spec_without_its_fields_is_refused(kind: str) -> None:
    with pytest.raises(Invalid, match="spec"):
        make(kind, {})


@pytest.mark.parametrize(
    "spec",
    [
        {"container": {"name": "c"}},
        {"container": {"name": "c"}, "supportedUriFormats": [], "workloadType": "cron"},
    ],
)
def test_refused_storage_containers(spec: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        make("ClusterStorageContainer", spec)
