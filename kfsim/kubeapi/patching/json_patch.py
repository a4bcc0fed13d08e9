"""JSON patch (RFC 6902): a list of operations, all or none."""

import copy
from typing import Any

from kfsim.base.errors import BadRequest, Invalid


def apply_json_patch(target: dict[str, Any], operations: list[Any]) -> dict[str, Any]:
    """Raises BadRequest for a patch that is none, and Invalid (422, as the API server has it) for
    one that does not fit the object; the message names the operation's path."""
    import jsonpatch  # late: most daemons never see one
    import jsonpointer

    try:
        patch = jsonpatch.JsonPatch(operations)
        patched: Any = patch.apply(copy.deepcopy(target))
    except jsonpatch.InvalidJsonPatch as error:
        raise BadRequest(f"the body of the request is no JSON patch: {error}") from error
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException) as error:
        raise Invalid(f"the JSON patch does not fit the object: {error}") from error
    if not isinstance(patched, dict):
        raise Invalid("the JSON patch leaves no object")
    return patched
