"""Permission bits of files in configMap, secret, downwardAPI and projected volumes.

Pure. Kubernetes' defaults: 0644, `defaultMode` for all files of the volume, `mode` for one.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from kfsim.api.core import Pod, Volume
from kfsim.backends.volumes import FileAccess

_DEFAULT_MODE = 0o644
_FOLDER_MODE = 0o755


def make_file_access(volume: Volume, pod: Pod) -> FileAccess:
    """Who may read the volume's files."""
    given = volume.config_map or volume.secret
    if given is not None:
        default = given.default_mode
        modes = {each.path: each.mode for each in given.items if each.mode is not None}
    else:
        source = volume.projected or volume.downward_api or {}
        default = source.get("defaultMode")
        modes = _item_modes([source, *(source.get("sources") or ())])
    return FileAccess(
        default=_DEFAULT_MODE if default is None else default,
        modes=modes,
        folders=_FOLDER_MODE,
        group=fs_group(pod),
    )


def fs_group(pod: Pod) -> int | None:
    """The group that owns the Pod's volumes."""
    group = (pod.spec.security_context or {}).get("fsGroup")
    return None if group is None else int(group)


def _item_modes(sources: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    parts = [
        part
        for source in sources
        for part in (source, *(source.get(kind) or {} for kind in _PROJECTED))
    ]
    return {
        item["path"]: int(item["mode"])
        for part in parts
        for item in part.get("items") or ()
        if item.get("mode") is not None
    }


_PROJECTED = ("configMap", "secret", "downwardAPI")
