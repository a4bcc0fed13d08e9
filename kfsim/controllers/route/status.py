"""What a Route says (knative pkg/apis/serving/v1/route_lifecycle.go)."""

from kfsim.api.conditions import FALSE, TRUE, ConditionManager, ConditionSet, find_condition
from kfsim.api.knative.internal import IngressStatus
from kfsim.traffic import TargetProblem

ALL_TRAFFIC_ASSIGNED = "AllTrafficAssigned"
INGRESS_READY = "IngressReady"
CERTIFICATE_PROVISIONED = "CertificateProvisioned"
CONDITIONS = ConditionSet("Ready", (ALL_TRAFFIC_ASSIGNED, INGRESS_READY, CERTIFICATE_PROVISIONED))


def mark_ingress_not_configured(conditions: ConditionManager) -> None:
    """The Ingress's status is about an older spec, or there is none yet."""
    conditions.mark_unknown(
        INGRESS_READY, "IngressNotConfigured", "Ingress has not yet been reconciled."
    )


def mark_not_owned(conditions: ConditionManager, kind: str, name: str) -> None:
    conditions.mark_false(
        INGRESS_READY,
        "NotOwned",
        f'There is an existing {kind} "{name}" that we do not own.',
    )


def mark_problem(conditions: ConditionManager, problem: TargetProblem) -> None:
    mark = conditions.mark_false if problem.is_failure else conditions.mark_unknown
    mark(ALL_TRAFFIC_ASSIGNED, problem.reason, problem.message)


def mark_tls_not_enabled(conditions: ConditionManager) -> None:
    """There are no certificates to wait for."""
    conditions.mark_true(
        CERTIFICATE_PROVISIONED,
        reason="TLSNotEnabled",
        message="external-domain-tls is not enabled",
    )


def propagate_ingress(conditions: ConditionManager, status: IngressStatus) -> None:
    ready = find_condition(status.conditions, "Ready")
    if ready is None:
        mark_ingress_not_configured(conditions)
    elif ready.status == TRUE:
        conditions.mark_true(INGRESS_READY)
    elif ready.status == FALSE:
        conditions.mark_false(INGRESS_READY, ready.reason, ready.message)
    else:
        conditions.mark_unknown(INGRESS_READY, ready.reason, ready.message)
