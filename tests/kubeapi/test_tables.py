"""Every kind's columns and cells, over decoded JSON as the store holds it."""

import json
from typing import Any

import pytest

from kfsim.api.core import Pod
from kfsim.api.kserve.types import InferenceService
from kfsim.api.scheme import KINDS, find_kind, kind_of
from kfsim.kubeapi.tables import TableWriter, columns_of
from kfsim.store.entry import make_entry

CREATED = "2023-11-14T22:13:20Z"
WALL = 1_700_000_090.0  # 90 s later


def print_object(api_version: str, kind: str, **content: Any) -> dict[str, Any]:
    """Column name to cell."""
    resource = find_kind(api_version, kind)
    assert resource is not None
    metadata = {"name": "a", "namespace": "n", "creationTimestamp": CREATED}
    metadata |= content.pop("metadata", {})
    obj = resource.model.model_validate({"metadata": metadata, **content})
    writer = TableWriter(resource, api_version, wall=WALL, include="None")
    table = json.loads(b"".join(writer.table([make_entry(resource, obj, 1)], 7)))
    assert table["metadata"]["resourceVersion"] == "7"
    names = [column["name"] for column in table["columnDefinitions"]]
    return dict(zip(names, table["rows"][0]["cells"], strict=True))


TRAFFIC = [
    {"latestRevision": True, "percent": 10, "revisionName": "i-predictor-00002"},
    {"latestRevision": False, "percent": 90, "revisionName": "i-predictor-00001", "tag": "prev"},
]
READY = [{"type": "Ready", "status": "False", "reason": "NotYet"}]


def test_inference_services_in_a_canary() -> None:
    status = {
        "url": "http://iris",
        "conditions": [{"type": "Ready", "status": "True"}],
        "components": {"predictor": {"traffic": TRAFFIC}},
    }
    assert print_object("serving.kserve.io/v1beta1", "InferenceService", status=status) == {
        "Name": "a",
        "URL": "http://iris",
        "Ready": "True",
        "Prev": 90,
        "Latest": 10,
        "PrevRolledoutRevision": "i-predictor-00001",
        "LatestReadyRevision": "i-predictor-00002",
        "Age": "90s",
        "Reason": None,
    }


FAILURE = {"lastFailureInfo": {"reason": "ModelLoadFailed", "message": "no file model.pkl"}}


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ({"conditions": READY}, "NotYet"),
        ({"conditions": READY, "modelStatus": FAILURE}, "ModelLoadFailed: no file model.pkl"),
        ({"conditions": [{"type": "Ready", "status": "True"}], "modelStatus": FAILURE}, None),
    ],
)
def test_wide_says_why_a_service_is_not_ready(status: dict[str, Any], reason: str | None) -> None:
    cells = print_object("serving.kserve.io/v1beta1", "InferenceService", status=status)
    assert cells["Reason"] == reason


def test_absent_fields_are_empty_cells() -> None:
    cells = print_object("serving.kserve.io/v1beta1", "InferenceService")
    assert list(cells.values()) == ["a", None, None, None, None, None, None, "90s", None]


@pytest.mark.parametrize(
    ("api_version", "kind", "content", "cells"),
    [
        (
            "serving.knative.dev/v1",
            "Service",
            {
                "status": {
                    "url": "u",
                    "latestCreatedRevisionName": "r2",
                    "latestReadyRevisionName": "r1",
                    "conditions": READY,
                }
            },
            ["a", "u", "r2", "r1", "False", "NotYet"],
        ),
        (
            "serving.knative.dev/v1",
            "Revision",
            {
                "metadata": {
                    "labels": {
                        "serving.knative.dev/configuration": "c",
                        "serving.knative.dev/configurationGeneration": "3",
                    }
                },
                "status": {"actualReplicas": 0, "desiredReplicas": 2, "conditions": READY},
            },
            ["a", "c", "3", "False", "NotYet", 0, 2],
        ),
        (
            "serving.knative.dev/v1",
            "Route",
            {"status": {"url": "u", "conditions": READY}},
            ["a", "u", "False", "NotYet"],
        ),
        (
            "serving.kserve.io/v1alpha1",
            "ClusterServingRuntime",
            {
                "spec": {
                    "disabled": False,
                    "supportedModelFormats": [{"name": "sklearn"}, {"name": "xgboost"}],
                    "containers": [{"name": "kserve-container"}],
                }
            },
            ["a", False, "sklearn", "kserve-container", "90s"],
        ),
        (
            "autoscaling.internal.knative.dev/v1alpha1",
            "PodAutoscaler",
            {"status": {"desiredScale": -1, "actualScale": 0, "conditions": READY}},
            ["a", -1, 0, "False", "NotYet"],
        ),
        (
            "networking.internal.knative.dev/v1alpha1",
            "ServerlessService",
            {
                "spec": {"mode": "Proxy", "numActivators": 2},
                "status": {"serviceName": "s", "privateServiceName": "p", "conditions": READY},
            },
            ["a", "Proxy", 2, "s", "p", "False", "NotYet"],
        ),
        (
            "networking.istio.io/v1beta1",
            "VirtualService",
            {"spec": {"gateways": ["g/a", "g/b"], "hosts": ["h"]}},
            ["a", '["g/a","g/b"]', '["h"]', "90s"],
        ),
        (
            "apps/v1",
            "Deployment",
            {
                "spec": {
                    "replicas": 2,
                    "selector": {"matchLabels": {"b": "2", "a": "1"}},
                    "template": {"spec": {"containers": [{"name": "c", "image": "i"}]}},
                },
                "status": {"readyReplicas": 1, "updatedReplicas": 2, "availableReplicas": 1},
            },
            ["a", "1/2", 2, 1, "90s", "c", "i", "a=1,b=2"],
        ),
        ("apps/v1", "Deployment", {}, ["a", "0/1", 0, 0, "90s", "", "", "<none>"]),
        (
            "v1",
            "Service",
            {
                "spec": {
                    "clusterIP": "1.2.3.4",
                    "ports": [{"port": 80}, {"port": 9, "nodePort": 7}],
                }
            },
            ["a", "ClusterIP", "1.2.3.4", "<none>", "80/TCP,9:7/TCP", "90s", "<none>"],
        ),
        (
            "v1",
            "Service",
            {"spec": {"type": "ExternalName", "externalName": "x.y", "selector": {"a": "b"}}},
            ["a", "ExternalName", "<none>", "x.y", "<none>", "90s", "a=b"],
        ),
        (
            "v1",
            "Endpoints",
            {
                "subsets": [
                    {"addresses": [{"ip": "127.0.0.1"}], "ports": [{"port": port}]}
                    for port in (1, 2, 3, 4)
                ]
            },
            ["a", "127.0.0.1:1,127.0.0.1:2,127.0.0.1:3 + 1 more...", "90s"],
        ),
        ("v1", "Endpoints", {}, ["a", "<none>", "90s"]),
        ("v1", "ConfigMap", {"data": {"a": "", "b": ""}}, ["a", 2, "90s"]),
        ("v1", "Secret", {"data": {"a": ""}}, ["a", "Opaque", 1, "90s"]),
        ("v1", "ServiceAccount", {}, ["a", 0, "90s"]),
        ("v1", "Namespace", {"status": {"phase": "Active"}}, ["a", "Active", "90s"]),
        (
            "v1",
            "PersistentVolumeClaim",
            {"spec": {"accessModes": ["ReadWriteOnce"]}, "status": {"phase": "Bound"}},
            ["a", "Bound", "", "", "RWO", "", "<unset>", "90s", "<unset>"],
        ),
        (
            "v1",
            "Event",
            {
                "involvedObject": {"kind": "InferenceService", "name": "iris"},
                "type": "Normal",
                "reason": "Created",
                "message": "made it\n",
                "count": 3,
                "firstTimestamp": CREATED,
                "lastTimestamp": "2023-11-14T22:14:20Z",
                "source": {"component": "c"},
            },
            [
                "30s",
                "Normal",
                "Created",
                "inferenceservice/iris",
                None,
                "c",
                "made it",
                "90s",
                3,
                "a",
            ],
        ),
        (
            "caching.internal.knative.dev/v1alpha1",
            "Image",
            {"spec": {"image": "i"}},
            ["a", "i"],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_cells(api_version: str, kind: str, content: dict[str, Any], cells: list[Any]) -> None:
    assert list(print_object(api_version, kind, **content).values()) == cells


def test_every_kind_prints_an_empty_object() -> None:
    for resource in KINDS:
        cells = print_object(resource.api_version, resource.kind)
        assert "a" in cells.values()
        assert len(cells) == len(columns_of(resource))


def container(name: str, *, ready: bool = False, **state: Any) -> dict[str, Any]:
    return {"name": name, "ready": ready, "restartCount": 0, "state": state}


RUNNING = {"startedAt": CREATED}


@pytest.mark.parametrize(
    ("content", "cells"),
    [
        ({"status": {"phase": "Pending"}}, ("0/2", "Pending", "0")),
        (
            {
                "status": {
                    "phase": "Pending",
                    "initContainerStatuses": [container("i", running=RUNNING)],
                }
            },
            ("0/2", "Init:0/1", "0"),
        ),
        (
            {
                "status": {
                    "phase": "Pending",
                    "initContainerStatuses": [container("i", terminated={"exitCode": 3})],
                }
            },
            ("0/2", "Init:ExitCode:3", "0"),
        ),
        (
            {
                "status": {
                    "phase": "Pending",
                    "initContainerStatuses": [
                        container("i", waiting={"reason": "CrashLoopBackOff"})
                    ],
                }
            },
            ("0/2", "Init:CrashLoopBackOff", "0"),
        ),
        (
            {
                "status": {
                    "phase": "Pending",
                    "initContainerStatuses": [container("i", terminated={"exitCode": 0})],
                    "containerStatuses": [
                        container("c", waiting={"reason": "PodInitializing"}),
                        container("q", waiting={"reason": "PodInitializing"}),
                    ],
                }
            },
            ("0/2", "PodInitializing", "0"),
        ),
        (
            {
                "status": {
                    "phase": "Running",
                    "containerStatuses": [
                        container("c", running=RUNNING),
                        container("q", ready=True, running=RUNNING),
                    ],
                }
            },
            ("1/2", "Running", "0"),
        ),
        (
            {
                "status": {
                    "phase": "Running",
                    "containerStatuses": [
                        {
                            **container("c", waiting={"reason": "CrashLoopBackOff"}),
                            "restartCount": 2,
                            "lastState": {"terminated": {"exitCode": 1, "finishedAt": CREATED}},
                        },
                        container("q", ready=True, running=RUNNING),
                    ],
                }
            },
            ("1/2", "CrashLoopBackOff", "2 (90s ago)"),
        ),
        (
            {
                "status": {
                    "phase": "Failed",
                    "containerStatuses": [
                        container("c", terminated={"exitCode": 137, "reason": "OOMKilled"})
                    ],
                }
            },
            ("0/2", "OOMKilled", "0"),
        ),
        (
            {"metadata": {"deletionTimestamp": CREATED}, "status": {"phase": "Running"}},
            ("0/2", "Terminating", "0"),
        ),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
def test_pods(content: dict[str, Any], cells: tuple[str, ...]) -> None:
    spec = {"containers": [{"name": "c"}, {"name": "q"}], "initContainers": [{"name": "i"}]}
    printed = print_object("v1", "Pod", spec=spec, **content)
    assert (printed["Ready"], printed["Status"], printed["Restarts"]) == cells


def test_rows_carry_what_was_asked_for() -> None:
    resource = kind_of(InferenceService)
    obj = InferenceService.model_validate({"metadata": {"name": "a"}})
    entry = make_entry(resource, obj, 1)
    for include, kind in (("Metadata", "PartialObjectMetadata"), ("Object", "InferenceService")):
        writer = TableWriter(resource, "serving.kubeflow.org/v1beta1", wall=WALL, include=include)
        row = json.loads(b"".join(writer.table([entry], 1)))["rows"][0]
        assert row["object"]["kind"] == kind
        assert row["object"]["metadata"] == {"name": "a"}


def test_wide_columns_have_a_priority() -> None:
    priorities = {column.name: column.priority for column in columns_of(kind_of(Pod))}
    assert [name for name, priority in priorities.items() if priority] == [
        "IP",
        "Node",
        "Nominated Node",
        "Readiness Gates",
    ]
