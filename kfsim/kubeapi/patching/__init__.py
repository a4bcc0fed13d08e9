"""The four ways to PATCH an object, each as a function of the object as it is.

`merge` (RFC 7396) is the store's own; `json_patch` is RFC 6902; `strategic` merges lists of the
built-in kinds by the keys in `list_keys`; `server_side` is `kubectl apply --server-side`, which
keeps who set which field (`fields`). `parse_patch` chooses by the content type.

The write path calls the result with decoded JSON and writes what it returns. Must not: know the
store, or change what it is given.
"""

from kfsim.kubeapi.patching.choosing import Change, parse_patch
from kfsim.kubeapi.patching.server_side import APPLY_TYPE, ApplyOptions, apply

__all__ = ["APPLY_TYPE", "ApplyOptions", "Change", "apply", "parse_patch"]
