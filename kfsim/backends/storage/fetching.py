"""From a source to an object of the cache; runs in a worker.

lock the source → ask whether it changed → take it whole → unpack → publish → note
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kfsim.backends.storage.archives import gunzip, unpack
from kfsim.backends.storage.cache import Cache, Known, source_key
from kfsim.backends.storage.failures import StorageFailure, cannot_provide, redact_uri
from kfsim.backends.storage.forms import Form, check_media_type, packed_kind, parse_form
from kfsim.backends.storage.http_errors import Patience, SourceDown
from kfsim.backends.storage.http_source import download
from kfsim.backends.storage.local import has_file
from kfsim.backends.storage.settings import ArchiveLimits

Report = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class Fetched:
    """`note` is not empty when the model may be older than its source."""

    digest: str
    note: str = ""


def fetch_remote(
    uri: str, cache: Cache, *, patience: Patience, limits: ArchiveLimits, report: Report
) -> Fetched:
    """Make the model behind a URL an object. Raises StorageFailure and OSError."""
    form = parse_form(uri)
    key = source_key(uri)
    with cache.working_on(key) as work:
        known = cache.recall(key)
        validators = {} if known is None else known.validators
        body = work / "body"
        try:
            fresh = download(
                uri,
                body,
                known=validators,
                patience=patience,
                accept=lambda media_type: check_media_type(uri, form, media_type),
                report=report,
            )
        except SourceDown as down:
            if known is None:
                raise
            note = f"the model {redact_uri(uri)} is what was fetched earlier: {down.problem}"
            return Fetched(known.digest, note)
        if fresh is None:
            assert known is not None
            return Fetched(known.digest)
        tree = _make_tree(body, form, work, limits=limits, what=cannot_provide(uri))
        found = Known(cache.publish(work, tree), fresh)
        cache.remember(key, found, source=redact_uri(uri))
        return Fetched(found.digest)


def unpack_local(path: Path, cache: Cache, *, limits: ArchiveLimits) -> Fetched:
    """Make an archive of this host an object, once for each state of it. Raises StorageFailure and
    OSError."""
    source = path.stat()
    validators = {"size": source.st_size, "modified": source.st_mtime_ns, "inode": source.st_ino}
    key = source_key(f"file://{path}")
    with cache.working_on(key) as work:
        known = cache.recall(key)
        if known is not None and known.validators == validators:
            return Fetched(known.digest)
        form = Form(path.name, packed_kind(path.name) or "file", gzipped=False)
        tree = _unpack(path, form, work, limits=limits, what=f"cannot provide the model {path}")
        found = Known(cache.publish(work, tree), validators)
        cache.remember(key, found, source=f"file://{path}")
        return Fetched(found.digest)


def _make_tree(body: Path, form: Form, work: Path, *, limits: ArchiveLimits, what: str) -> Path:
    if form.kind != "file":
        return _unpack(body, form, work, limits=limits, what=what)
    tree = work / "tree"
    tree.mkdir(mode=0o700)
    if not form.gzipped:
        body.rename(tree / form.name)
        return tree
    try:
        gunzip(body, tree / f"{form.name}.tar", limits=limits)  # the name that KServe gives it
    except StorageFailure as failure:
        raise StorageFailure(f"{what}: {failure}") from failure
    return tree


def _unpack(packed: Path, form: Form, work: Path, *, limits: ArchiveLimits, what: str) -> Path:
    tree = work / "tree"
    tree.mkdir(mode=0o700)
    try:
        unpack(packed, tree, kind=form.kind, limits=limits)
    except StorageFailure as failure:
        raise StorageFailure(f"{what}: {form.name} is not unpacked: {failure}") from failure
    if not has_file(tree):
        raise StorageFailure(f"{what}: {form.name} holds no files")
    return tree
