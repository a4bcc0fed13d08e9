"""A replica's log for the API surface."""

from collections.abc import AsyncIterator

from kfsim.api.core import Pod
from kfsim.base.errors import BadRequest
from kfsim.base.types import ReplicaKey
from kfsim.kubeapi.ports import LogRequest
from kfsim.replicas.backend import LogOptions, ReplicaBackend
from kfsim.store import Store


class LogReader:
    """Answers the API's log requests from the backend's files."""

    def __init__(self, store: Store, backend: ReplicaBackend) -> None:
        self._store = store
        self._backend = backend

    def __call__(self, request: LogRequest) -> AsyncIterator[bytes]:
        """Raises NotFound for an unknown Pod, BadRequest for an unknown container."""
        if request.since_seconds is not None or request.limit_bytes is not None:
            raise BadRequest("sinceSeconds and limitBytes are not supported; use tailLines")
        pod = self._store.get(Pod, request.pod, request.namespace)
        names = [each.name for each in (*pod.spec.containers, *pod.spec.init_containers)]
        container = request.container or names[0]
        if container not in names:
            raise BadRequest(
                f"container {container} is not valid for pod {request.pod}; it has "
                f"{', '.join(names)}"
            )
        return self._backend.logs(
            ReplicaKey(request.namespace, request.pod),
            LogOptions(
                container=container,
                follow=request.follow,
                tail_lines=request.tail_lines,
                previous=request.previous,
                timestamps=request.timestamps,
            ),
        )
