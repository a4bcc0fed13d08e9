import pytest

from kfsim.api.registry import KindRegistry
from kfsim.base.errors import NotFound
from kfsim.kubeapi.paths import parse_path


@pytest.mark.parametrize(
    ("path", "kind", "namespace", "name", "subresource"),
    [
        ("/api/v1/pods", "Pod", None, "", ""),
        ("/api/v1/namespaces/n/pods", "Pod", "n", "", ""),
        ("/api/v1/namespaces/n/pods/p/log", "Pod", "n", "p", "log"),
        ("/api/v1/namespaces", "Namespace", None, "", ""),
        ("/api/v1/namespaces/n", "Namespace", None, "n", ""),
        ("/api/v1/namespaces/n/status", "Namespace", None, "n", "status"),
        ("/apis/apps/v1/namespaces/n/deployments/d", "Deployment", "n", "d", ""),
        ("/apis/serving.knative.dev/v1/services", "Service", None, "", ""),
        ("/apis/serving.kubeflow.org/v1beta1/inferenceservices/", "InferenceService", None, "", ""),
        (
            "/apis/serving.kserve.io/v1alpha1/clusterservingruntimes/r",
            "ClusterServingRuntime",
            None,
            "r",
            "",
        ),
    ],
)
def test_paths(path: str, kind: str, namespace: str | None, name: str, subresource: str) -> None:
    parsed = parse_path(path, KindRegistry())
    assert parsed.resource.kind == kind
    assert (parsed.namespace, parsed.name, parsed.subresource) == (namespace, name, subresource)


@pytest.mark.parametrize(
    "path",
    ["/", "/api", "/api/v1", "/api/v2/pods", "/apis/apps/v1", "/api/v1/namespaces/n/pods/p/log/x"],
)
def test_other_paths(path: str) -> None:
    with pytest.raises(NotFound):
        parse_path(path, KindRegistry())
