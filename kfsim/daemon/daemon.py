"""One project's daemon: store, backend, gateway, controllers and API surface in real time."""

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kfsim import __version__
from kfsim.api.admission import admit
from kfsim.api.compat import profile_of
from kfsim.backends.gpus import make_inventory
from kfsim.backends.process.launch import Launch
from kfsim.backends.process.settings import ProcessSettings
from kfsim.base.clock import RealClock
from kfsim.base.entropy import SystemEntropy
from kfsim.base.tasks import TaskSet
from kfsim.base.types import RevisionKey
from kfsim.cluster import Cluster, make_config
from kfsim.controllers.inferenceservice import explain_wait, find_substitutions
from kfsim.controllers.runtime import ClusterConfig
from kfsim.daemon.cold_metrics import ColdStartMetrics
from kfsim.daemon.compat_mark import mark_compat
from kfsim.daemon.explanations import explain_service
from kfsim.daemon.fidelity import FidelityReporter
from kfsim.daemon.gateway_metrics import GatewayMetrics
from kfsim.daemon.gpus import GpuReport
from kfsim.daemon.host import find_host
from kfsim.daemon.journal import open_journal
from kfsim.daemon.listening import Listener, listen
from kfsim.daemon.local_settings import LocalSettings
from kfsim.daemon.logs import LogReader
from kfsim.daemon.memory import IdleCollector
from kfsim.daemon.metrics import Metrics
from kfsim.daemon.names import DaemonNames
from kfsim.daemon.open_files import describe_fit, fit_connections, raise_open_files
from kfsim.daemon.project import DaemonInfo
from kfsim.daemon.replicas import Replicas
from kfsim.daemon.revision_metrics import RevisionMetrics
from kfsim.daemon.scale_view import ScaleView
from kfsim.daemon.settings import DaemonSettings
from kfsim.dataplane import Gateway
from kfsim.flow import FlowCore
from kfsim.kubeapi import ApiServer
from kfsim.replicas.allocator import Holding
from kfsim.replicas.marks import DOCKER
from kfsim.store import Store
from kfsim.store.sqlite_journal import SqliteJournal

_logger = logging.getLogger(__name__)
# How long requests in flight may take to end when the daemon stops.
_DRAIN_SECONDS = 10.0
_STARTS_PER_CORE = 2


class Daemon:
    """Composes the parts, starts them in order, and stops them in the reverse one."""

    def __init__(
        self,
        settings: DaemonSettings,
        *,
        processes: ProcessSettings,
        launch: Launch,
        on_shutdown: Callable[[], None],
    ) -> None:
        """`on_shutdown` is called when a client asks for the end. Raises Invalid for a kfsim.yaml
        that cannot be used."""
        self._settings = settings
        self._local = LocalSettings(
            settings.project_file, flags=settings.maps, environment=os.environ
        )
        self._on_shutdown = on_shutdown
        self._profile = profile_of(settings.compat)
        self._clock = RealClock()
        self._entropy = SystemEntropy()
        self._names = DaemonNames()
        self._replicas = Replicas(
            settings,
            clock=self._clock,
            entropy=self._entropy,
            processes=processes,
            launch=launch,
            names=self._names,
        )
        self._gpus = make_inventory(self._local.gpu)
        self._gpu_report = GpuReport(inventory=self._gpus, holdings=self._holdings)
        self._metrics = Metrics(self._clock)
        self._metrics.add(self._gpu_report)
        self._journal: SqliteJournal | None = None
        self._gateway: Gateway | None = None
        self._api: ApiServer | None = None
        self._cluster: Cluster | None = None
        self._scale_view: ScaleView | None = None
        self._info: DaemonInfo | None = None
        self._tasks = TaskSet("daemon")
        self.notes: list[str] = []

    async def start(self) -> DaemonInfo:
        """Open everything. Raises KfsimError with the mend; `stop` is due in any case."""
        if note := await self._replicas.open():
            self.notes.append(note)
        store = self._open_store()
        config = make_config(store=store, clock=self._clock, entropy=self._entropy)
        api = await self._serve_api(store, config)
        gateway = await self._serve_gateway(api.address)
        assert self._gateway is not None
        self._names.connect(self._gateway, store)
        self._info = DaemonInfo(
            pid=os.getpid(),
            gateway=gateway.address,
            api=api.address,
            version=__version__,
            project=self._settings.project,
            root=self._settings.root,
            state_dir=str(self._settings.state_dir),
        )
        await self._start_cluster(store, config, gateway.port)
        collector = IdleCollector(busy=self._is_busy)
        self._tasks.spawn(collector.run(), name="collect garbage")
        return self._info

    def _open_store(self) -> Store:
        self._journal, note = open_journal(self._settings.state_dir, fresh=self._settings.fresh)
        # A journal that is new has nothing reserved yet.
        has_objects = self._journal.reserved > 0
        mark_compat(self._settings.state_dir, self._settings.compat, has_objects=has_objects)
        if note is not None:
            _logger.warning("%s", note)
            self.notes.append(note)
        return Store(clock=self._clock, entropy=self._entropy, journal=self._journal)

    async def _serve_api(self, store: Store, config: ClusterConfig) -> Listener:
        self._api = ApiServer(
            store=store,
            clock=self._clock,
            entropy=self._entropy,
            admission=lambda resource, obj, old: admit(
                resource,
                obj,
                old,
                config=config.admission(),
                peers=store.peers,
                profile=self._profile,
            ),
            extensions={
                "GET /status": self._status,
                "GET /transfers": self._transfers,
                "GET /scale": lambda query: self._scale(store),
                "GET /top": self._top,
                "POST /shutdown": self._shutdown,
                "GET /fidelity": self._fidelity(store).report,
                "POST /settings": self._take_settings,
                "GET /waits/{namespace}/{name}": lambda query: explain_wait(
                    store, query["namespace"], query["name"]
                ),
                "GET /why/{namespace}/{name}": lambda query: self._why(store, query),
            },
            metrics=self._metrics.render,
            logs=LogReader(store, self._replicas.backend),
            strict=self._settings.strict,
        )
        return self._note(
            await listen(
                self._api.serve,
                self._settings.api,
                what="the API",
                option="--api",
                may_move=self._settings.api_is_default,
            )
        )

    async def _serve_gateway(self, api: str) -> Listener:
        wanted, open_files = self._local.limits, raise_open_files()
        limits = fit_connections(wanted, open_files)
        if note := describe_fit(wanted, limits, open_files):
            _logger.warning("%s", note)
            self.notes.append(note)
        self._gateway = Gateway(
            clock=self._clock,
            entropy=self._entropy,
            flow=FlowCore(entropy=self._entropy),
            limits=limits,
            api=f"http://{api}",
        )
        return self._note(
            await listen(
                self._gateway.serve,
                self._settings.gateway,
                what="the gateway",
                option="--gateway",
                may_move=self._settings.gateway_is_default,
            )
        )

    def _note(self, listener: Listener) -> Listener:
        if listener.note is not None:
            self.notes.append(listener.note)
        return listener

    async def _start_cluster(self, store: Store, config: ClusterConfig, gateway_port: int) -> None:
        gateway = self._gateway
        assert gateway is not None
        self._cluster = Cluster(
            store=store,
            clock=self._clock,
            entropy=self._entropy,
            backend=self._replicas.backend,
            chooser=self._replicas.chooser,
            route_sink=gateway,
            stat_source=gateway,
            drain_gate=gateway,
            gateway_port=lambda: gateway_port,
            start_limit=_STARTS_PER_CORE * (os.cpu_count() or 1),
            busy=lambda: gateway.busy,
            gpus=self._gpus,
            config=config,
            gpu_settings=self._local.gpu,
            node=find_host() if self._settings.strict else None,
            maps=self._local.maps,
            secrets=self._local.secrets,
            profile=self._profile,
        )
        self._scale_view = ScaleView(
            clock=self._clock,
            scaling=self._cluster.scaling,
            cold_starts=gateway.cold_starts,
            milestones=self._cluster.milestones,
            load=gateway.load,
        )
        cold_metrics = ColdStartMetrics(milestones=self._cluster.milestones)
        gateway.cold_starts.subscribe(cold_metrics.observe)
        self._metrics.add(cold_metrics)
        self._metrics.add(GatewayMetrics(gateway))
        self._metrics.add(
            RevisionMetrics(
                store,
                clock=self._clock,
                scales=self._cluster.scaling.scales,
                durations=gateway.durations,
                load=gateway.load,
                through_activator=gateway.through_activator,
            )
        )
        await self._cluster.start()

    async def stop(self) -> None:
        """Drain requests, then stop controllers, replicas, API and journal."""
        await self._tasks.close()
        if self._gateway is not None:
            await self._gateway.close(drain=_DRAIN_SECONDS)
        await self._names.close()
        if self._cluster is not None:
            await self._cluster.close()
        await self._gpus.close()
        await self._replicas.close()
        if self._api is not None:
            await self._api.close()
        if self._journal is not None:
            await self._journal.close()

    def _is_busy(self) -> bool:
        gateway, cluster = self._gateway, self._cluster
        return (gateway is not None and gateway.busy) or (
            cluster is not None and cluster.dispatcher.busy
        )

    # Verbs of our own

    def _status(self, query: Mapping[str, str]) -> dict[str, Any]:
        info = self._info
        if info is None:
            return {"starting": True}
        return {
            "pid": info.pid,
            "version": info.version,
            "gateway": info.gateway,
            "api": info.api,
            "project": info.project,
            "root": info.root,
            "stateDir": info.state_dir,
            "gpu": str(self._local.gpu),
            "runtime": self._settings.runtime,
            "engineProblem": self._replicas.engine_problem,
            "allowPrivileged": self._settings.allow_privileged,
            "allowHostPath": self._settings.allow_host_path,
            "strict": self._settings.strict,
            "compat": self._settings.compat,
            "maps": dict(self._settings.maps),
        }

    async def _scale(self, store: Store) -> dict[str, Any]:
        view = self._scale_view
        return {"services": await view.services(store) if view is not None else []}

    def _fidelity(self, store: Store) -> FidelityReporter:
        return FidelityReporter(
            store,
            clock=self._clock,
            gpu=self._local.gpu.mode,
            strict=self._settings.strict,
            substitutions=lambda isvc: find_substitutions(
                store,
                isvc,
                self._local.maps(),
                strict=self._settings.strict,
                profile=self._profile,
            ),
        )

    def _take_settings(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Read kfsim.yaml again; what only a start can change is the client's to compare."""
        reread = self._local.reload()
        if reread.changed and self._cluster is not None:
            _logger.info("the maps or secrets of kfsim.yaml have changed")
            self._cluster.take_local_settings()
        return {"changed": reread.changed, "kept": list(reread.kept)}

    async def _top(self, query: Mapping[str, str]) -> dict[str, Any]:
        return await self._gpu_report.top()

    def _holdings(self) -> Iterable[Holding]:
        return () if self._cluster is None else self._cluster.devices.holdings()

    def _transfers(self, query: Mapping[str, str]) -> dict[str, Any]:
        return {"transfers": self._replicas.transfers()}

    def _shutdown(self, query: Mapping[str, str]) -> dict[str, Any]:
        _logger.info("a client asked for the end")
        self._on_shutdown()
        left = self._replicas.left_behind
        return {"stopping": True, "warnings": [left] if left else []}

    def _why(self, store: Store, query: Mapping[str, str]) -> dict[str, Any]:
        namespace = query["namespace"]
        scaling = self._cluster.scaling if self._cluster is not None else None
        answer = explain_service(
            store,
            scaling,
            namespace,
            query["name"],
            self._local.maps(),
            strict=self._settings.strict,
            profile=self._profile,
        )
        for revision in answer["revisions"]:
            if self._scale_view is not None:
                revision |= self._scale_view.revision(RevisionKey(namespace, revision["name"]))
            backend = revision["backend"]
            if backend is not None and backend["name"] == DOCKER:
                backend["problem"] = self._replicas.engine_problem
        return answer
