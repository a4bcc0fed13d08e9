"""Request bodies: which content types are taken, and their text as decoded JSON."""

from typing import Any, Final

import orjson
import yaml

from kfsim.api.decoding import json_type
from kfsim.base.errors import BadRequest
from kfsim.kubeapi import protobuf
from kfsim.kubeapi.status import UnsupportedMediaType

JSON_TYPES: Final = ("application/json",)
YAML_TYPES: Final = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
LARGEST_BODY: Final = 3 * 1024 * 1024
"""The API server's own limit on a request's body."""


def parse_body(body: bytes, content_type: str) -> dict[str, Any]:
    """The body as decoded JSON. Raises UnsupportedMediaType, BadRequest."""
    if content_type == protobuf.MEDIA_TYPE:
        return protobuf.parse_protobuf(body)
    try:
        if content_type in YAML_TYPES:
            data = yaml.load(body, Loader=yaml.CSafeLoader)
            data = orjson.loads(orjson.dumps(data))  # dates become texts
        elif content_type in JSON_TYPES:
            data = orjson.loads(body)
        else:
            raise UnsupportedMediaType(
                "the body of the request was in an unknown format - accepted media types include: "
                + ", ".join((*JSON_TYPES, YAML_TYPES[0]))
            )
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise BadRequest(
            f"the body of the request cannot be read as {content_type}: {error}"
        ) from error
    if not isinstance(data, dict):
        raise BadRequest(f"the body of the request must be an object; found {json_type(data)}")
    return data
