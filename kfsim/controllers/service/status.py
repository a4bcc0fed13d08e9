"""What a Service says of its children (knative pkg/apis/serving/v1/service_lifecycle.go)."""

from kfsim.api.conditions import (
    FALSE,
    TRUE,
    ConditionManager,
    ConditionSet,
    find_condition,
)
from kfsim.api.knative.serving import (
    Configuration,
    ConfigurationStatus,
    Route,
    RouteStatus,
    TrafficTarget,
)

CONFIGURATIONS_READY = "ConfigurationsReady"
ROUTES_READY = "RoutesReady"
CONDITIONS = ConditionSet("Ready", (CONFIGURATIONS_READY, ROUTES_READY))
_OUT_OF_DATE = "OutOfDate"


def mark_not_owned(conditions: ConditionManager, type_: str, kind: str, name: str) -> None:
    conditions.mark_false(
        type_, "NotOwned", f'There is an existing {kind} "{name}" that we do not own.'
    )


def mark_not_reconciled(conditions: ConditionManager, type_: str, kind: str) -> None:
    """The child has not caught up with its spec, so what it says is about an older one."""
    conditions.mark_unknown(
        type_,
        _OUT_OF_DATE,
        f"The {kind} is still working to reflect the latest desired specification.",
    )


def mark_revision_name_taken(conditions: ConditionManager, name: str) -> None:
    conditions.mark_false(
        ROUTES_READY,
        "RevisionNameTaken",
        f'The revision name "{name}" is taken by a conflicting Revision, '
        "so traffic will not be migrated",
    )


def mark_route_not_yet_ready(conditions: ConditionManager) -> None:
    conditions.mark_unknown(
        ROUTES_READY,
        "TrafficNotMigrated",
        "Traffic is not yet migrated to the latest revision.",
    )


def propagate_readiness(
    conditions: ConditionManager, type_: str, child: ConfigurationStatus | RouteStatus
) -> None:
    """Copy the child's Ready; without one nothing changes."""
    ready = find_condition(child.conditions, "Ready")
    if ready is None:
        return
    if ready.status == TRUE:
        conditions.mark_true(type_)
    elif ready.status == FALSE:
        conditions.mark_false(type_, ready.reason, ready.message)
    else:
        conditions.mark_unknown(type_, ready.reason, ready.message)


def is_traffic_migrated(configuration: Configuration, route: Route) -> bool:
    """Whether the route's status shows what its spec wants, latest meaning latest ready."""
    latest = configuration.status.latest_ready_revision_name or None
    name = configuration.metadata.name
    wanted = [
        _comparable(
            target.replaced(revision_name=latest, configuration_name=None)
            if target.configuration_name == name
            else target
        )
        for target in route.spec.traffic
    ]
    return wanted == [_comparable(target) for target in route.status.traffic]


def _comparable(target: TrafficTarget) -> tuple[str, str, str, int]:
    return (
        target.tag or "",
        target.revision_name or "",
        target.configuration_name or "",
        target.percent or 0,
    )
