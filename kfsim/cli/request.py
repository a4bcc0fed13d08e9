"""A request through the gateway, by path, and the lines that repeat it elsewhere.

Python's resolver knows no `*.localhost` on Debian, so Python snippets use the path form; curl
resolves it itself.
"""

import http.client
import json
import shlex
from dataclasses import dataclass

from kfsim.base.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Answer:
    """Status code, headers in lower case, and body."""

    status: int
    headers: dict[str, str]
    body: bytes

    def header(self, name: str) -> str:
        return self.headers.get(name, "")

    def text(self) -> str:
        return self.body.decode(errors="replace").rstrip("\n")


def prediction_path(name: str, body: bytes) -> str:
    """V2 for a body with `inputs`, else V1."""
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    if isinstance(parsed, dict) and "inputs" in parsed:
        return f"/v2/models/{name}/infer"
    return f"/v1/models/{name}:predict"


def send(gateway: str, path: str, body: bytes, *, timeout: float = 310.0) -> Answer:
    """POST to HOST:PORT. Raises Unavailable when the gateway cannot be reached."""
    connection = http.client.HTTPConnection(gateway, timeout=timeout)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read())
    except OSError as error:
        raise Unavailable(
            f"no answer from the gateway at http://{gateway}{path}: {error}"
        ) from error
    finally:
        connection.close()


def curl_line(url: str, path: str, data: str) -> str:
    """A shell line that repeats the request; `data` is JSON or `@FILE`, empty for a GET."""
    body = f" -d {shlex.quote(data)}" if data else ""
    return f"curl {shlex.quote(url + path)}{body}"


def python_line(gateway: str, namespace: str, name: str, path: str, data: str) -> str:
    """A shell line that repeats the request in Python, with the standard library only."""
    address = json.dumps(f"http://{gateway}/serving/{namespace}/{name}{path}")
    if data.startswith("@"):
        body = f', open({json.dumps(data[1:])}, "rb").read()'
    else:
        body = f", {json.dumps(data)}.encode()" if data else ""
    code = f"import urllib.request as r; print(r.urlopen({address}{body}).read().decode())"
    return f"python3 -c {shlex.quote(code)}"
