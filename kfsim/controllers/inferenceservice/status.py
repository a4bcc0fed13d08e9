"""Reading a component's Knative Service back into the InferenceService's status.

Ready depends on PredictorReady and IngressReady alone; the other conditions are informative and
carry severity Info, as knative.dev/pkg marks what a living set does not depend on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kfsim.api.compat import CURRENT, Profile
from kfsim.api.conditions import (
    FALSE,
    TRUE,
    UNKNOWN,
    ConditionManager,
    ConditionSet,
    find_condition,
    is_true,
)
from kfsim.api.knative.serving import Configuration, Service
from kfsim.api.kserve.types import ComponentStatus, InferenceServiceStatus
from kfsim.api.meta import Condition
from kfsim.controllers.inferenceservice.canary import Rollout, advance_rollout
from kfsim.controllers.inferenceservice.plan import EXPLAINER, PREDICTOR, TRANSFORMER

PREDICTOR_READY: Final = "PredictorReady"
INGRESS_READY: Final = "IngressReady"
ROUTES_READY: Final = "RoutesReady"
LATEST_DEPLOYMENT_READY: Final = "LatestDeploymentReady"
STOPPED: Final = "Stopped"
INFO: Final = "Info"

CONDITIONS: Final = ConditionSet("Ready", (PREDICTOR_READY, INGRESS_READY))


@dataclass(frozen=True, slots=True)
class ComponentConditions:
    """The condition types of one component, and the ksvc conditions two of them copy."""

    ready: str
    route: str
    configuration: str

    @property
    def all(self) -> tuple[str, str, str]:
        return (self.ready, self.route, self.configuration)


COMPONENT_CONDITIONS: Final = {
    PREDICTOR: ComponentConditions(
        PREDICTOR_READY, "PredictorRouteReady", "PredictorConfigurationReady"
    ),
    TRANSFORMER: ComponentConditions(
        "TransformerReady", "TransformerRouteReady", "TransformerConfigurationReady"
    ),
    # The plural is KServe's.
    EXPLAINER: ComponentConditions(
        "ExplainerReady", "ExplainerRoutesReady", "ExplainerConfigurationReady"
    ),
}


def conditions_of(component: str, profile: Profile) -> ComponentConditions:
    """A component's conditions as a mode names them."""
    renamed = dict(profile.renamed_conditions)
    names = (renamed.get(name, name) for name in COMPONENT_CONDITIONS[component].all)
    return ComponentConditions(*names)


def severity_of(condition: str) -> str | None:
    """Empty (an error) for what Ready depends on."""
    return None if condition in CONDITIONS.dependents else INFO


def is_stale(service: Service) -> bool:
    """Whether the status speaks about an older spec than the one in force."""
    return service.status.observed_generation != service.metadata.generation


def is_settled(service: Service, configuration: Configuration | None) -> bool:
    """Whether traffic and revision names in the status answer the spec in force.

    After a write of template and percent together, the Route may resolve "latest" before the
    Configuration has created the new revision; acting then would look like a rollback.
    """
    return (
        not is_stale(service)
        and configuration is not None
        and configuration.status.observed_generation == configuration.metadata.generation
        and configuration.status.latest_created_revision_name
        == service.status.latest_created_revision_name
    )


def rollout_of(status: ComponentStatus) -> Rollout:
    return Rollout(status.latest_rolledout_revision or "", status.previous_rolledout_revision or "")


def propagate_component(
    old: ComponentStatus, service: Service, *, settled: bool, profile: Profile = CURRENT
) -> ComponentStatus:
    """Revisions, traffic and URLs; a URL is taken over once ready and kept when it is not."""
    observed = service.status
    rollout = rollout_of(old)
    if settled:
        rollout = advance_rollout(
            rollout,
            latest_ready=observed.latest_ready_revision_name or "",
            latest_created=observed.latest_created_revision_name or "",
            traffic=observed.traffic,
            profile=profile,
        )
    ready = is_true(observed.conditions)
    return old.replaced(
        latest_ready_revision=observed.latest_ready_revision_name,
        latest_created_revision=observed.latest_created_revision_name,
        latest_rolledout_revision=rollout.latest_rolled_out or None,
        previous_rolledout_revision=rollout.previous_rolled_out or None,
        traffic=observed.traffic,
        url=(observed.url if ready else None) or old.url,
        address=(observed.address if ready else None) or old.address,
    )


def mark_failed(manager: ConditionManager, component: str, *, reason: str, message: str) -> None:
    """The component cannot be made as the spec wants it."""
    type_ = COMPONENT_CONDITIONS[component].ready
    manager.mark_false(type_, reason, message, severity=severity_of(type_))


def propagate_conditions(
    manager: ConditionManager, component: str, service: Service, *, profile: Profile = CURRENT
) -> None:
    """Copy Ready, RoutesReady and ConfigurationsReady under the component's own names."""
    types = conditions_of(component, profile)
    for type_, source in zip(types.all, ("Ready", *profile.condition_sources), strict=True):
        if is_stale(service):
            manager.mark_unknown(
                type_,
                "OutOfDate",
                f'Knative Service "{service.metadata.name}" does not reflect its latest '
                "specification yet",
                severity=severity_of(type_),
            )
        else:
            found = find_condition(service.status.conditions, source)
            manager.propagate(type_, found, severity=severity_of(type_))


def mark_cross_component(manager: ConditionManager, components: Sequence[str]) -> None:
    """RoutesReady and LatestDeploymentReady sum up all components; the last one not ready names
    the reason (PropagateCrossComponentStatus)."""
    kinds = [COMPONENT_CONDITIONS[component] for component in components]
    _mark_sum(manager, ROUTES_READY, [kind.route for kind in kinds])
    _mark_sum(manager, LATEST_DEPLOYMENT_READY, [kind.configuration for kind in kinds])


def _mark_sum(manager: ConditionManager, type_: str, parts: Sequence[str]) -> None:
    status, reason = TRUE, ""
    for part in parts:
        found = manager.get(part)
        if found is None or found.status != TRUE:
            status = FALSE if found is not None and found.status == FALSE else UNKNOWN
            reason = f"{part} not ready"
    if status == TRUE:
        manager.mark_true(type_, severity=INFO)
    elif status == FALSE:
        manager.mark_false(type_, reason, "", severity=INFO)
    else:
        manager.mark_unknown(type_, reason, "", severity=INFO)


def forget_component(
    manager: ConditionManager, component: str, *, profile: Profile = CURRENT
) -> None:
    """A component that is no longer in the spec has no conditions."""
    for type_ in conditions_of(component, profile).all:
        if manager.get(type_) is not None:
            manager.remove(type_)


def stopped_status(old: InferenceServiceStatus, *, wall: str) -> InferenceServiceStatus:
    """`serving.kserve.io/stop`: everything is forgotten but the deployment mode."""
    kept: Sequence[Condition] = old.conditions if is_true(old.conditions, STOPPED) else ()
    manager = CONDITIONS.manager(kept, wall=wall)
    manager.mark_true(STOPPED, severity=INFO)
    for type_ in CONDITIONS.dependents:
        manager.mark_false(type_, STOPPED, "")
    return InferenceServiceStatus(conditions=manager.result(), deployment_mode=old.deployment_mode)
