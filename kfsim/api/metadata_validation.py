"""Checks of metadata that hold for every kind (apimachinery pkg/api/validation/objectmeta.go)."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from kfsim.api.meta import ObjectMeta
from kfsim.base.errors import Cause

_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_KEY_NAME: Final = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_LABEL_VALUE: Final = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_ANNOTATIONS_LIMIT: Final = 256 * 1024


def validate_metadata(metadata: ObjectMeta, *, has_path_name: bool = False) -> Iterator[Cause]:
    """Names, label and annotation syntax; the name may be left to generateName.

    A name of the kinds with `has_path_name` was checked where it was given (`creation`).
    """
    name = metadata.name or (metadata.generate_name or "").rstrip("-.")
    if not name:
        yield Cause(
            "metadata.name",
            "Required value: name or generateName is required",
            "FieldValueRequired",
        )
    elif not has_path_name and (not _SUBDOMAIN.fullmatch(name) or len(name) > 253):
        yield Cause(
            "metadata.name",
            f'Invalid value: "{name}": a lowercase RFC 1123 subdomain must consist of lower case '
            "alphanumeric characters, '-' or '.', and must start and end with an alphanumeric "
            "character, in at most 253 characters",
        )
    if metadata.namespace and not (
        _LABEL.fullmatch(metadata.namespace) and len(metadata.namespace) <= 63
    ):
        yield Cause(
            "metadata.namespace",
            f'Invalid value: "{metadata.namespace}": must be a lowercase RFC 1123 label of at '
            "most 63 characters",
        )
    yield from _labels(metadata.labels)
    yield from _keys(metadata.annotations, "metadata.annotations")
    size = sum(len(key) + len(value) for key, value in metadata.annotations.items())
    if size > _ANNOTATIONS_LIMIT:
        yield Cause(
            "metadata.annotations",
            f"Too long: must have at most {_ANNOTATIONS_LIMIT} bytes, found {size}",
            "FieldValueTooLong",
        )


def _labels(labels: Mapping[str, str]) -> Iterator[Cause]:
    yield from _keys(labels, "metadata.labels")
    for key, value in labels.items():
        if not _LABEL_VALUE.fullmatch(value) or len(value) > 63:
            yield Cause(
                "metadata.labels",
                f'Invalid value: "{value}": the value of label {key} must be empty or at most 63 '
                "characters, alphanumeric, '-', '_' or '.', starting and ending alphanumeric",
            )


def _keys(pairs: Mapping[str, str], field: str) -> Iterator[Cause]:
    for key in pairs:
        prefix, slash, name = key.rpartition("/")
        good_prefix = not slash or (_SUBDOMAIN.fullmatch(prefix) and len(prefix) <= 253)
        if not good_prefix or not _KEY_NAME.fullmatch(name) or len(name) > 63:
            yield Cause(
                field,
                f'Invalid value: "{key}": a key is a name of at most 63 alphanumeric characters, '
                "'-', '_' or '.', optionally after a DNS prefix and '/'",
            )
