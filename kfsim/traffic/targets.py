"""TrafficTargets flattened to revisions (knative pkg/reconciler/route/traffic/traffic.go).

Two pictures come out. `assigned` is the list for the Route's status: targets in the order of the
spec, equal ones (tag, revision, latestRevision) added up. `by_tag` is what the Ingress is made
of: under "" all targets, one entry per revision; under each tag that tag's revision at 100 %.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kfsim.api.conditions import is_false, is_true
from kfsim.api.knative import keys
from kfsim.api.knative.serving import Configuration, Revision, TrafficTarget
from kfsim.base.types import AppProtocol
from kfsim.traffic import problems
from kfsim.traffic.problems import TargetProblem

DEFAULT_TARGET = ""
_WHOLE = 100


@dataclass(frozen=True, slots=True)
class RevisionTarget:
    """A share of traffic that a revision gets. `configuration` is empty for a stray revision."""

    revision: str
    percent: int
    latest_revision: bool
    tag: str = DEFAULT_TARGET
    configuration: str = ""
    protocol: AppProtocol = AppProtocol.HTTP1


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the targets mean, or the problem that keeps them from meaning anything.

    `configurations` and `revisions` name all that was looked up, missing ones too: a change to
    one of them may change the answer.
    """

    assigned: tuple[RevisionTarget, ...] = ()
    by_tag: Mapping[str, tuple[RevisionTarget, ...]] = field(default_factory=dict)
    problem: TargetProblem | None = None
    configurations: tuple[str, ...] = ()
    revisions: tuple[str, ...] = ()


FindConfiguration = Callable[[str], Configuration | None]
FindRevision = Callable[[str], Revision | None]


def resolve_traffic(
    traffic: Sequence[TrafficTarget],
    *,
    find_configuration: FindConfiguration,
    find_revision: FindRevision,
    service: str = "",
) -> Resolution:
    """Flatten a Route's targets. `service` is the owning Knative Service, if there is one."""
    resolver = _Resolver(find_configuration, find_revision, service)
    targets: list[RevisionTarget] = []
    problem: TargetProblem | None = None
    for target in traffic:
        found = resolver.resolve(target)
        if isinstance(found, RevisionTarget):
            targets.append(found)
        elif found is not None and (problem is None or found.is_failure):
            problem = found
    return Resolution(
        assigned=() if problem else _merged(targets),
        by_tag={} if problem else _grouped(targets),
        problem=problem,
        configurations=tuple(resolver.configurations),
        revisions=tuple(resolver.revisions),
    )


def is_ready(revision: Revision) -> bool:
    """Ready, and about the generation that is there."""
    status = revision.status
    return status.observed_generation == revision.metadata.generation and is_true(status.conditions)


def protocol_of(revision: Revision) -> AppProtocol:
    """h2c when the serving port is named so, else HTTP/1."""
    for container in revision.spec.containers:
        if container.ports:
            named_h2c = container.ports[0].name == AppProtocol.H2C
            return AppProtocol.H2C if named_h2c else AppProtocol.HTTP1
    return AppProtocol.HTTP1


class _Resolver:
    """Looks targets up and remembers which names were asked for."""

    def __init__(
        self, find_configuration: FindConfiguration, find_revision: FindRevision, service: str
    ) -> None:
        self._find_configuration = find_configuration
        self._find_revision = find_revision
        self._service = service
        self.configurations: dict[str, None] = {}
        self.revisions: dict[str, None] = {}

    def resolve(self, target: TrafficTarget) -> RevisionTarget | TargetProblem | None:
        """None for a target that names nothing (validation refuses it)."""
        if target.revision_name:
            return self._by_revision(target, target.revision_name)
        if target.configuration_name:
            return self._by_configuration(target, target.configuration_name)
        return None

    def _by_configuration(self, target: TrafficTarget, name: str) -> RevisionTarget | TargetProblem:
        self.configurations[name] = None
        configuration = self._find_configuration(name)
        if configuration is None:
            return problems.missing_target("Configuration", name)
        latest = configuration.status.latest_ready_revision_name
        if not latest:
            failed = is_false(configuration.status.conditions)
            return problems.unready_configuration(name, failed=failed)
        revision = self._ready_revision(latest)
        if isinstance(revision, TargetProblem):
            return revision
        return _flattened(target, revision, name)

    def _by_revision(self, target: TrafficTarget, name: str) -> RevisionTarget | TargetProblem:
        revision = self._ready_revision(name)
        if isinstance(revision, TargetProblem):
            return revision
        configuration = revision.metadata.labels.get(keys.CONFIGURATION, "")
        if configuration:
            self.configurations[configuration] = None
            if self._find_configuration(configuration) is None:
                return problems.missing_target("Configuration", configuration)
        return _flattened(target, revision, configuration)

    def _ready_revision(self, name: str) -> Revision | TargetProblem:
        self.revisions[name] = None
        revision = self._find_revision(name)
        if revision is None:
            return problems.missing_target("Revision", name)
        owner = revision.metadata.labels.get(keys.SERVICE, "")
        if self._service and owner != self._service:
            return problems.foreign_revision(name, expected=self._service, actual=owner)
        if not is_ready(revision):
            return problems.unready_revision(name, failed=is_false(revision.status.conditions))
        return revision


def _flattened(target: TrafficTarget, revision: Revision, configuration: str) -> RevisionTarget:
    latest = target.latest_revision
    return RevisionTarget(
        revision=revision.metadata.name,
        percent=target.percent or 0,
        latest_revision=not target.revision_name if latest is None else latest,
        tag=target.tag or DEFAULT_TARGET,
        configuration=configuration,
        protocol=protocol_of(revision),
    )


def _merged(targets: Sequence[RevisionTarget]) -> tuple[RevisionTarget, ...]:
    merged: dict[tuple[str, str, bool], RevisionTarget] = {}
    for target in targets:
        key = (target.tag, target.revision, target.latest_revision)
        known = merged.get(key)
        percent = target.percent + (known.percent if known else 0)
        merged[key] = replace(known or target, percent=percent)
    return tuple(merged.values())


def _grouped(targets: Sequence[RevisionTarget]) -> dict[str, tuple[RevisionTarget, ...]]:
    groups: dict[str, list[RevisionTarget]] = {DEFAULT_TARGET: list(targets)}
    for target in targets:
        if target.tag:
            groups.setdefault(target.tag, []).append(target)
    return {tag: _consolidated(group) for tag, group in groups.items()}


def _consolidated(targets: Sequence[RevisionTarget]) -> tuple[RevisionTarget, ...]:
    """One entry per revision; a lone one gets everything, whatever its share was."""
    by_revision: dict[str, RevisionTarget] = {}
    for target in targets:
        known = by_revision.get(target.revision)
        percent = target.percent + (known.percent if known else 0)
        by_revision[target.revision] = replace(known or target, percent=percent)
    if len(by_revision) == 1:
        return tuple(replace(target, percent=_WHOLE) for target in by_revision.values())
    return tuple(by_revision.values())
