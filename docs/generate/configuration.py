"""docs/reference/configuration.md: files, ConfigMaps, annotations and variables.

Keys and defaults are read off the classes that parse them. What only a sentence can say (what an
annotation or a variable of kfsim's is for) stands here, and a test compares the names with those in
the code.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any, Final

from docs.generate.markdown import code, page, table
from kfsim.api.config import KNATIVE_NAMESPACE
from kfsim.api.config.defaults import CONFIG_DEFAULTS
from kfsim.api.config.deployment import CONFIG_DEPLOYMENT, DeploymentConfig
from kfsim.api.config.domain import CONFIG_DOMAIN
from kfsim.api.config.gc import CONFIG_GC, GarbageCollectionConfig
from kfsim.api.config.inferenceservice import CONFIG_INFERENCE_SERVICE, KSERVE_NAMESPACE
from kfsim.api.config.network import CONFIG_NETWORK, NetworkConfig
from kfsim.autoscaler import annotations
from kfsim.autoscaler.config import CONFIG_MAP_NAME, AutoscalerConfig
from kfsim.base.quantities import format_duration
from kfsim.cluster.cluster import DEFAULT_DOMAIN
from kfsim.daemon.project_file import ProjectFile

VARIABLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "KFSIM_API": "the daemon to talk to, `HOST:PORT`; `--api`, `--state-dir` and `--project` "
        "come before it",
        "KFSIM_STATE_DIR": "the project's state directory, and with it the daemon that is meant; "
        "`--state-dir` comes before it",
        "KFSIM_CACHE_DIR": "where downloaded models are kept, shared by all projects",
    }
)
"""Read by kfsim's own processes."""

REPLICA_VARIABLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "PORT": "the port of the container's first containerPort",
        "KFSIM_PORT_<containerPort>": "the local port that stands for this containerPort",
        "KFSIM_MOUNT_<volume>": "the folder that stands for this volume's mount",
        "KFSIM_TERMINATION_LOG": "the file whose text becomes the termination message",
    }
)
"""Set for containers that run as processes; `$(NAME)` works in command, args and env."""

ANNOTATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "kfsim.dev/runtime": "`docker`, `process` or `auto`: what runs the service's replicas, "
        "before `--runtime`",
        "kfsim.dev/example": "a request body for `up` to show, relative to the manifest",
        "kfsim.dev/source": "set by `apply` and `up`: the file that the object came from; "
        "relative model paths start there, and `up` prunes by it",
        "kfsim.dev/backend": "set on Deployments: what runs the revision",
        "kfsim.dev/backend-reason": "set on Deployments: why",
    }
)


def render_configuration() -> str:
    """The page."""
    return page(
        "Configuration",
        *_project_file(),
        *_config_maps(),
        *_annotations(),
        *_variables(),
    )


def _project_file() -> Iterator[str]:
    yield "## kfsim.yaml"
    yield (
        "In the folder of the manifests, or beside a folder called `manifests`; read by "
        "`kfsim up`. Every key may be left out."
    )
    rows = _properties(ProjectFile.model_json_schema())
    yield table(["key", "type", "default", "meaning"], rows)
    yield "`kfsim schema` prints its JSON schema, for an editor."


def _properties(
    schema: dict[str, Any], prefix: str = "", root: dict[str, Any] | None = None
) -> Iterator[list[str]]:
    """The leaves of a JSON schema, sections unfolded."""
    root = root or schema
    for name, given in schema.get("properties", {}).items():
        each = _resolve(given, root)
        if "properties" in each:
            yield from _properties(each, f"{prefix}{name}.", root)
        else:
            default = given.get("default", each.get("default"))
            shown = "" if default is None or isinstance(default, dict | list) else str(default)
            meaning = given.get("description", "")
            yield [code(prefix + name), _type(each), code(shown), meaning]


def _resolve(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: dict[str, Any] = root["$defs"][reference.rpartition("/")[2]]
    return found


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    kinds = [each["type"] for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    words = str(schema.get("type") or " or ".join(kinds))
    if "minimum" in schema:
        words += f", at least {schema['minimum']}"
    if "maximum" in schema:
        words += f", at most {schema['maximum']}"
    return words


def _config_maps() -> Iterator[str]:
    yield "## ConfigMaps"
    yield (
        f"Given as manifests, in namespace `{KNATIVE_NAMESPACE}`, with Knative's keys and "
        "defaults. A change acts at once; what cannot be read gets a Warning event, and the "
        "settings before it stay in force."
    )
    for name, config in (
        (CONFIG_MAP_NAME, AutoscalerConfig()),
        (CONFIG_DEPLOYMENT, DeploymentConfig()),
        (CONFIG_NETWORK, NetworkConfig()),
        (CONFIG_GC, GarbageCollectionConfig()),
    ):
        yield f"### {name}"
        yield table(["key", "default"], _defaults(config))
    yield f"### {CONFIG_DEFAULTS}"
    rows = ([code(key), code(text)] for key, text in DEFAULTS_KEYS.items())
    yield table(["key", "default"], rows)
    yield f"### {CONFIG_INFERENCE_SERVICE}"
    yield (
        f"In namespace `{KSERVE_NAMESPACE}`, JSON texts; read are `deploy` "
        "(`defaultDeploymentMode`), `inferenceService` (`resource`: `cpuRequest`, `cpuLimit`, "
        "`memoryRequest`, `memoryLimit` of custom containers) and `security` "
        "(`autoMountServiceAccountToken`)."
    )
    yield f"### {CONFIG_DOMAIN}"
    yield (
        "A key is a domain, its value empty or a `selector:` of labels; the most specific selector "
        f"that matches a service's labels counts. Without a default it is `{DEFAULT_DOMAIN}`."
    )


DEFAULTS_KEYS: Final = {
    "revision-timeout-seconds": "300",
    "max-revision-timeout-seconds": "600",
    "revision-response-start-timeout-seconds": "revision-timeout-seconds",
    "revision-idle-timeout-seconds": "0",
    "container-concurrency": "0",
    "container-concurrency-max-limit": "1000",
    "allow-container-concurrency-zero": "true",
    "enable-service-links": "false",
    "revision-cpu-request": "",
    "revision-cpu-limit": "",
    "revision-memory-request": "",
    "revision-memory-limit": "",
    "revision-ephemeral-storage-request": "",
    "revision-ephemeral-storage-limit": "",
}
_DURATIONS: Final = ("window", "delay", "period", "deadline", "time")


def _defaults(config: Any) -> Iterator[list[str]]:
    for field in fields(config):
        value = getattr(config, field.name)
        if isinstance(value, bool):
            shown = str(value).lower()
        elif field.name.endswith(_DURATIONS):
            shown = format_duration(value)
        else:
            shown = f"{value:g}" if isinstance(value, float) else str(value)
        yield [code(field.name.replace("_", "-")), code(shown)]


def _annotations() -> Iterator[str]:
    yield "## Annotations"
    yield "kfsim's own:"
    yield table(["annotation", "meaning"], ([code(k), text] for k, text in ANNOTATIONS.items()))
    yield "Of Knative's autoscaling, on an InferenceService or a revision template:"
    yield table(
        ["annotation", "older spelling"],
        ([code(each.key), ", ".join(map(code, each.keys[1:]))] for each in annotations.ALL),
    )


def _variables() -> Iterator[str]:
    yield "## Environment"
    yield table(["variable", "meaning"], ([code(k), text] for k, text in VARIABLES.items()))
    yield "For containers that run as processes:"
    yield table(["variable", "meaning"], ([code(k), text] for k, text in REPLICA_VARIABLES.items()))
