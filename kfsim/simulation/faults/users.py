"""Users who edit, canary, promote, stop, delete and recreate services, and apply nonsense."""

from collections.abc import Sequence
from typing import Any

from kfsim.api.admission import admit
from kfsim.api.core import Namespace
from kfsim.api.kserve.types import InferenceService
from kfsim.api.meta import Object, ObjectMeta
from kfsim.api.scheme import kind_of
from kfsim.base.entropy import Entropy
from kfsim.base.errors import KfsimError
from kfsim.base.types import ServiceName
from kfsim.simulation.faults.world import World

SERVICES: Sequence[ServiceName] = (
    ServiceName("default", "iris"),
    ServiceName("default", "wine"),
    ServiceName("team", "digits"),
)
_STOP = "serving.kserve.io/stop"


def _one_of(dice: Entropy, *choices: Any) -> Any:
    return choices[dice.below(len(choices))]


class Users:
    """`wanted` is what they asked for last, and what was acknowledged, by service."""

    def __init__(self, world: World, dice: Entropy) -> None:
        self._world = world
        self._dice = dice
        self._edits = 0
        self.acknowledged: dict[ServiceName, str] = {}
        """The uid of every service whose creation was durable when it was answered."""
        self.unsure: dict[ServiceName, None] = {}
        """Services whose last creation or removal was not acknowledged."""

    async def settle(self) -> None:
        """Take all nonsense back and roll out a sane spec of every service."""
        for service in SERVICES:
            await self.edit(service, sane=True)

    async def edit(self, service: ServiceName, *, sane: bool = False) -> None:
        """Create the service, or change its spec."""
        namespace, name = service
        if self._world.store.find(Namespace, namespace) is None:
            await self.apply(Namespace(metadata=ObjectMeta(name=namespace)))
        self._edits += 1
        await self.apply(InferenceService.model_validate(self._manifest(namespace, name, sane)))

    async def delete(self, service: ServiceName) -> None:
        namespace, name = service
        if self._world.store.find(InferenceService, name, namespace) is not None:
            self._world.store.delete(InferenceService, name, namespace)
            self.acknowledged.pop(service, None)
            self.unsure[service] = None
            await self._commit(service)

    async def delete_namespace(self, name: str) -> None:
        if self._world.store.find(Namespace, name) is not None:
            self._world.store.delete(Namespace, name)
            for service in SERVICES:
                if service[0] == name:
                    self.acknowledged.pop(service, None)
                    self.unsure[service] = None
                    await self._commit(service)

    async def apply(self, obj: Object) -> None:
        """As kubectl does; what is refused is refused."""
        metadata = obj.metadata
        store = self._world.store
        stored = store.find(type(obj), metadata.name, metadata.namespace)
        try:
            admitted = admit(kind_of(type(obj)), obj, stored)
            kept = store.create(admitted) if stored is None else store.update(admitted)
        except KfsimError as error:
            self._world.trace.note("user", f"{metadata.name}: {error.message}")
            return
        if isinstance(obj, InferenceService):
            service = ServiceName(metadata.namespace, metadata.name)
            if stored is None:
                self.unsure[service] = None
            if await self._commit(service):
                self.acknowledged[service] = kept.metadata.uid

    async def _commit(self, service: ServiceName) -> bool:
        try:
            await self._world.store.committed()
        except KfsimError:
            return False
        self.unsure.pop(service, None)
        return True

    def _manifest(self, namespace: str, name: str, sane: bool) -> dict[str, Any]:
        dice = self._dice
        gpu = name == "digits"
        least = 0 if gpu else _one_of(dice, 0, 0, 0, 1)
        predictor: dict[str, Any] = {
            "minReplicas": least,
            "maxReplicas": 1 if gpu else least + 1 + dice.below(3),
            "scaleMetric": "concurrency",
            "scaleTarget": _one_of(dice, 1, 2, 10),
            "model": {
                "modelFormat": {"name": "sklearn"},
                "storageUri": f"file:///models/{name}-{_one_of(dice, 1, 2, 3)}",
                "env": [{"name": "EDIT", "value": str(self._edits)}],
            },
        }
        annotations: dict[str, str] = {}
        if gpu:
            predictor["model"]["resources"] = {"limits": {"nvidia.com/gpu": "1"}}
        if dice.uniform() < 0.4:
            predictor["containerConcurrency"] = 1 + dice.below(4)
        if not sane:
            self._spoil(predictor, annotations)
        return {
            "apiVersion": "serving.kserve.io/v1beta1",
            "kind": "InferenceService",
            "metadata": {"name": name, "namespace": namespace, "annotations": annotations},
            "spec": {"predictor": predictor},
        }

    def _spoil(self, predictor: dict[str, Any], annotations: dict[str, str]) -> None:
        """Sometimes a canary, sometimes a stop, sometimes nonsense."""
        choice = self._dice.below(9)
        if choice <= 2:
            predictor["canaryTrafficPercent"] = self._dice.below(101)
        elif choice == 3:
            annotations[_STOP] = "true"
        elif choice == 4:
            predictor["model"]["modelFormat"] = {"name": "no-such-format"}
        elif choice == 5:
            predictor["minReplicas"] = 9
        elif choice == 6:
            predictor["model"]["env"].append(
                {"name": "X", "valueFrom": {"configMapKeyRef": {"name": "missing", "key": "x"}}}
            )
        elif choice == 7:
            predictor["timeout"] = 5
