"""A small Kubernetes REST client on http.client; one connection, kept open.

Errors of the server arrive as `Status` objects and are raised as `ApiError`, with the server's
message; a server that cannot be reached raises Unavailable.
"""

import http.client
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from kfsim.base.errors import KfsimError, NotFound, Unavailable
from kfsim.cli.unknown_kinds import make_unknown

JSON = "application/json"
TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1,application/json"
_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
# What is kept without effect, and the controllers whose work kfsim does itself.
_NOTES = (" is kept but not simulated: ", ": kfsim does the work of ")
MERGE_PATCH = "application/merge-patch+json"
Document = dict[str, Any]


class ApiError(KfsimError):
    """The server refused; `status` is its Status object."""

    def __init__(self, status: Document) -> None:
        super().__init__(describe_status(status))
        self.status = status

    @property
    def is_not_found(self) -> bool:
        return self.status.get("code") == 404

    @property
    def is_conflict(self) -> bool:
        return self.status.get("code") == 409


def describe_status(status: Document) -> str:
    """`from server (NotFound): …`, as kubectl writes it, with the server's hints."""
    reason = status.get("reason", "")
    message = status.get("message", "no message")
    if reason == "BadRequest":
        causes = (status.get("details") or {}).get("causes") or ()
        message += "".join(f"; {each['field']}: {each['message']}" for each in causes)
    return f"from server ({reason}): {message}" if reason else f"from server: {message}"


@dataclass(frozen=True, slots=True)
class Resource:
    """One row of the server's discovery."""

    api_version: str
    kind: str
    plural: str
    singular: str
    short_names: tuple[str, ...]
    categories: tuple[str, ...]
    namespaced: bool

    @property
    def group(self) -> str:
        return self.api_version.rpartition("/")[0]

    @property
    def full_name(self) -> str:
        """`inferenceservice.serving.kserve.io`; the bare word for core kinds."""
        return f"{self.singular}.{self.group}" if self.group else self.singular

    def path(self, namespace: str | None, name: str | None = None) -> str:
        """The REST path; namespace None means all namespaces."""
        root = f"/apis/{self.api_version}" if self.group else f"/api/{self.api_version}"
        scope = f"/namespaces/{quote(namespace)}" if self.namespaced and namespace else ""
        return f"{root}{scope}/{self.plural}" + (f"/{quote(name)}" if name else "")


class ApiClient:
    """Talks to one API address."""

    def __init__(self, address: str, *, timeout: float = 60.0) -> None:
        self.address = address.removeprefix("http://").rstrip("/")
        self._timeout = timeout
        self._connection: http.client.HTTPConnection | None = None
        self._resources: list[Resource] | None = None
        self._told: set[str] = set()

    # Discovery

    def all_resources(self) -> list[Resource]:
        if self._resources is None:
            self._resources = list(self._discover())
        return self._resources

    def resource(self, word: str) -> Resource:
        """The one resource that a word names. Raises NotFound."""
        return self.resources(word)[0]

    def resources(self, word: str) -> list[Resource]:
        """What a word names: a resource, or all members of a category. Raises NotFound."""
        found = [resource for resource in self.all_resources() if _is_named(resource, word)]
        if found:
            return found[:1]
        members = [item for item in self.all_resources() if word in item.categories]
        if members:
            return members
        raise NotFound(f'the server doesn\'t have a resource type "{word}"')

    def resource_for(self, api_version: str, kind: str) -> Resource | None:
        """The resource of a manifest's apiVersion and kind; None when it is not served."""
        for resource in self.all_resources():
            if resource.api_version == api_version and resource.kind == kind:
                return resource
        return None

    def refresh(self) -> None:
        """Forget what was discovered: the server may have learnt a kind."""
        self._resources = None

    def missing_kind(self, api_version: str, kind: str) -> NotFound:
        """The error for a kind that is not served; a ForeignKind where it may be skipped."""
        known = self.get("/kfsim/v1/kinds")["kinds"]
        types = [(version, each["kind"]) for each in known for version in each["versions"]]
        groups = {
            version.rpartition("/")[0]
            for each in known
            if each["simulated"]
            for version in each["versions"]
        }
        strict = bool(self.get("/kfsim/v1/status").get("strict"))
        return make_unknown(api_version, kind, served=types, simulated_groups=groups, strict=strict)

    def stored_resources(self) -> Iterator[Resource]:
        """The resources of which there are objects, each under its stored version."""
        listed = {(each.api_version, each.kind): each for each in self.all_resources()}
        for each in self.get("/kfsim/v1/kinds")["kinds"]:
            if each["objects"] and (each["apiVersion"], each["kind"]) in listed:
                yield listed[each["apiVersion"], each["kind"]]

    def _discover(self) -> Iterator[Resource]:
        for path in ("/api", "/apis"):
            for group in self.get(path, accept=_AGGREGATED)["items"]:
                for version in group["versions"]:
                    name = group["metadata"]["name"]
                    api_version = f"{name}/{version['version']}" if name else version["version"]
                    yield from (_resource(api_version, row) for row in version["resources"])

    # Verbs

    def get(self, path: str, *, accept: str = JSON, **query: str) -> Document:
        return self._call("GET", _with_query(path, query), accept=accept)

    def create(self, path: str, body: Document, **query: str) -> Document:
        return self._call("POST", _with_query(path, query), body=body)

    def patch(self, path: str, body: Document, **query: str) -> Document:
        """A JSON merge patch."""
        return self._call("PATCH", _with_query(path, query), body=body, content_type=MERGE_PATCH)

    def delete(self, path: str, **query: str) -> Document:
        return self._call("DELETE", _with_query(path, query))

    def watch(self, path: str, *, accept: str = JSON, **query: str) -> Iterator[Document]:
        """Watch events until the server ends the stream."""
        for line in self.stream(_with_query(path, {"watch": "1", **query}), accept):
            yield json.loads(line)

    def stream(self, path: str, accept: str = "*/*") -> Iterator[bytes]:
        """The lines of a streamed answer, as they come; silence may last."""
        connection = http.client.HTTPConnection(self.address)
        try:
            connection.request("GET", path, headers={"Accept": accept})
            response = connection.getresponse()
            if response.status >= 400:
                raise ApiError(_status_of(response.status, response.read()))
            while line := response.readline():
                yield line
        except ConnectionError as error:
            raise self._unreachable(error) from error
        finally:
            connection.close()

    def _call(
        self,
        method: str,
        path: str,
        *,
        body: Document | None = None,
        accept: str = JSON,
        content_type: str = JSON,
    ) -> Document:
        headers = {"Accept": accept}
        payload = None
        if body is not None:
            payload = json.dumps(body).encode()
            headers["Content-Type"] = content_type
        response, content = self._exchange(method, path, payload, headers)
        for warning in response.headers.get_all("Warning") or ():
            self._tell(_warning_text(warning))
        if response.status >= 400:
            raise ApiError(_status_of(response.status, content))
        answer: Document = json.loads(content) if content else {}
        return answer

    def _tell(self, warning: str) -> None:
        """Once each, as kubectl does; what is kept as given is no reason for concern."""
        if warning in self._told:
            return
        self._told.add(warning)
        word = "note" if any(text in warning for text in _NOTES) else "Warning"
        print(f"{word}: {warning}", file=sys.stderr)

    def _exchange(
        self, method: str, path: str, payload: bytes | None, headers: dict[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        fresh = self._connection is None
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self.address, timeout=self._timeout)
        try:
            self._connection.request(method, path, body=payload, headers=headers)
            response = self._connection.getresponse()
            return response, response.read()
        except (ConnectionError, http.client.HTTPException) as error:
            self._connection.close()
            self._connection = None
            if not fresh and method == "GET":  # the server had closed an idle connection
                return self._exchange(method, path, payload, headers)
            raise self._unreachable(error) from error
        except OSError as error:
            self._connection = None
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> Unavailable:
        return Unavailable(
            f"cannot reach the kfsim API at http://{self.address}: {error}; is the daemon "
            "running? Start it with `kfsim up`"
        )


def _resource(api_version: str, row: Document) -> Resource:
    return Resource(
        api_version=api_version,
        kind=row["responseKind"]["kind"],
        plural=row["resource"],
        singular=row["singularResource"],
        short_names=tuple(row.get("shortNames", ())),
        categories=tuple(row.get("categories", ())),
        namespaced=row["scope"] == "Namespaced",
    )


def _with_query(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _status_of(code: int, content: bytes) -> Document:
    try:
        status = json.loads(content)
    except ValueError:
        status = None
    if isinstance(status, dict) and status.get("kind") == "Status":
        return status
    return {"code": code, "message": content.decode(errors="replace").strip() or f"HTTP {code}"}


def _warning_text(header: str) -> str:
    """The quoted text of an RFC 7234 Warning header."""
    start, end = header.find('"'), header.rfind('"')
    return header[start + 1 : end].replace('\\"', '"') if 0 <= start < end else header


def _is_named(resource: Resource, word: str) -> bool:
    lowered = word.lower()
    base, _, group = lowered.partition(".")
    names = (resource.plural, resource.singular, *resource.short_names)
    if not group:
        return base in names
    version = resource.api_version.rpartition("/")[2]
    return base in names and group in (resource.group, f"{version}.{resource.group}")
