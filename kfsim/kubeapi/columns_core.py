"""Columns of the built-in kinds (kubernetes pkg/printers/internalversion/printers.go)."""

from collections.abc import Mapping
from typing import Any, Final

from kfsim.kubeapi.columns import AGE, NAME, Column, JsonObject, at, dig, items
from kfsim.kubeapi.columns_pod import POD_COLUMNS
from kfsim.kubeapi.durations import format_age

_ACCESS_MODES: Final = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}
_SHOWN_ENDPOINTS: Final = 3


def _format_selector(labels: Any) -> str:
    if not isinstance(labels, Mapping) or not labels:
        return "<none>"
    return ",".join(f"{key}={labels[key]}" for key in sorted(labels))


def _deployment_ready(obj: JsonObject, wall: float) -> str:
    desired = dig(obj, "spec.replicas")
    ready = dig(obj, "status.readyReplicas") or 0
    return f"{ready}/{1 if desired is None else desired}"


def _count(name: str, path: str) -> Column:
    return Column(name, lambda obj, wall: dig(obj, path) or 0, "string")


def _of_containers(name: str, field: str) -> Column:
    def cell(obj: JsonObject, wall: float) -> str:
        return ",".join(str(c.get(field, "")) for c in items(obj, "spec.template.spec.containers"))

    return Column(name, cell, priority=1)


def _external_ip(obj: JsonObject, wall: float) -> str:
    external = dig(obj, "spec.externalIPs") or []
    match dig(obj, "spec.type") or "ClusterIP":
        case "ExternalName":
            return str(dig(obj, "spec.externalName") or "")
        case "LoadBalancer":
            given = [
                str(each.get("ip") or each.get("hostname"))
                for each in items(obj, "status.loadBalancer.ingress")
            ]
            return ",".join((*given, *external)) or "<pending>"
        case _:
            return ",".join(external) or "<none>"


def _service_ports(obj: JsonObject, wall: float) -> str:
    texts = []
    for port in items(obj, "spec.ports"):
        node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
        texts.append(f"{port.get('port')}{node_port}/{port.get('protocol') or 'TCP'}")
    return ",".join(texts) or "<none>"


def _service_selector(obj: JsonObject, wall: float) -> str:
    return _format_selector(dig(obj, "spec.selector"))


def _endpoints(obj: JsonObject, wall: float) -> str:
    texts: list[str] = []
    for subset in items(obj, "subsets"):
        ports = list(items(subset, "ports"))
        for address in items(subset, "addresses"):
            ip = str(address.get("ip"))
            host = f"[{ip}]" if ":" in ip else ip
            texts += [f"{host}:{port.get('port')}" for port in ports] or [host]
    if not texts:
        return "<none>"
    more = len(texts) - _SHOWN_ENDPOINTS
    shown = ",".join(texts[:_SHOWN_ENDPOINTS])
    return f"{shown} + {more} more..." if more > 0 else shown


def _data_count(obj: JsonObject, wall: float) -> int:
    return len(obj.get("data") or {}) + len(obj.get("binaryData") or {})


def _event_last_seen(obj: JsonObject, wall: float) -> str:
    return format_age(wall, obj.get("lastTimestamp") or obj.get("eventTime") or _first_seen_at(obj))


def _first_seen_at(obj: JsonObject) -> str | None:
    found: str | None = obj.get("firstTimestamp") or obj.get("eventTime")
    return found


def _event_object(obj: JsonObject, wall: float) -> str:
    about = obj.get("involvedObject", {})
    kind, name = str(about.get("kind", "")).lower(), about.get("name", "")
    return f"{kind}/{name}" if name else kind


def _event_source(obj: JsonObject, wall: float) -> str:
    source = obj.get("source", {})
    component, host = source.get("component") or obj.get("reportingComponent"), source.get("host")
    return f"{component or ''}, {host}" if host else str(component or "")


def _event_message(obj: JsonObject, wall: float) -> str:
    return str(obj.get("message") or "").strip()


def _access_modes(obj: JsonObject, wall: float) -> str:
    modes = dict.fromkeys(dig(obj, "spec.accessModes") or ())
    return ",".join(_ACCESS_MODES.get(mode, str(mode)) for mode in modes)


def _text(name: str, path: str, *, default: str = "", priority: int = 0) -> Column:
    """A text that is printed even where the field is absent."""
    return Column(name, lambda obj, wall: dig(obj, path) or default, priority=priority)


CORE_COLUMNS: Final[Mapping[str, tuple[Column, ...]]] = {
    "pods": POD_COLUMNS,
    "deployments.apps": (
        NAME,
        Column("Ready", _deployment_ready),
        _count("Up-to-date", "status.updatedReplicas"),
        _count("Available", "status.availableReplicas"),
        AGE,
        _of_containers("Containers", "name"),
        _of_containers("Images", "image"),
        Column(
            "Selector",
            lambda obj, wall: _format_selector(dig(obj, "spec.selector.matchLabels")),
            priority=1,
        ),
    ),
    "services": (
        NAME,
        _text("Type", "spec.type", default="ClusterIP"),
        _text("Cluster-IP", "spec.clusterIP", default="<none>"),
        Column("External-IP", _external_ip),
        Column("Port(s)", _service_ports),
        AGE,
        Column("Selector", _service_selector, priority=1),
    ),
    "endpoints": (NAME, Column("Endpoints", _endpoints), AGE),
    "configmaps": (NAME, Column("Data", _data_count), AGE),
    "secrets": (
        NAME,
        _text("Type", "type", default="Opaque"),
        Column("Data", _data_count, "integer"),
        AGE,
    ),
    "serviceaccounts": (
        NAME,
        Column("Secrets", lambda obj, wall: len(obj.get("secrets") or ()), "integer"),
        AGE,
    ),
    "namespaces": (NAME, _text("Status", "status.phase"), AGE),
    "persistentvolumeclaims": (
        NAME,
        _text("Status", "status.phase"),
        _text("Volume", "spec.volumeName"),
        _text("Capacity", "status.capacity.storage"),
        Column("Access Modes", _access_modes),
        _text("StorageClass", "spec.storageClassName"),
        _text("VolumeAttributesClass", "spec.volumeAttributesClassName", default="<unset>"),
        AGE,
        _text("VolumeMode", "spec.volumeMode", default="<unset>", priority=1),
    ),
    "events": (
        Column("Last Seen", _event_last_seen),
        _text("Type", "type"),
        _text("Reason", "reason"),
        Column("Object", _event_object),
        at("Subobject", "involvedObject.fieldPath", priority=1),
        Column("Source", _event_source, priority=1),
        Column("Message", _event_message),
        Column("First Seen", lambda obj, wall: format_age(wall, _first_seen_at(obj)), priority=1),
        Column("Count", lambda obj, wall: obj.get("count") or 1, priority=1),
        Column("Name", NAME.cell, priority=1),
    ),
}
