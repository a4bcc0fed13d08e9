"""Unix sockets of the `docker` package that are closed when nobody listens.

The package leaves the socket of a failed connect to the garbage collector, which warns of it
(docker/transport/unixconn.py); kfsim tries an engine that is away again and again. Imported only in
threads, for it needs the package.
"""

import socket
from typing import Any

from docker.transport import UnixHTTPAdapter  # type: ignore[import-untyped]  # it has none
from docker.transport.unixconn import (  # type: ignore[import-untyped]
    UnixHTTPConnection,
    UnixHTTPConnectionPool,
)


class _Connection(UnixHTTPConnection):  # type: ignore[misc]  # the package has no types
    def connect(self) -> None:
        tried = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            tried.settimeout(self.timeout)
            tried.connect(self.unix_socket)
        except BaseException:
            tried.close()
            raise
        self.sock = tried


class _Pool(UnixHTTPConnectionPool):  # type: ignore[misc]
    def _new_conn(self) -> _Connection:
        return _Connection(self.base_url, self.socket_path, self.timeout)


class _Adapter(UnixHTTPAdapter):  # type: ignore[misc]
    def get_connection(self, url: str, proxies: Any = None) -> Any:
        with self.pools.lock:
            pool = self.pools.get(url)
            if pool is None:
                pool = self.pools[url] = _Pool(
                    url, self.socket_path, self.timeout, maxsize=self.max_pool_size
                )
        return pool


def close_failed_sockets(client: Any) -> Any:
    """The client, with a transport that closes what it opens; others than unix sockets are left."""
    given = client.get_adapter(client.base_url)
    if isinstance(given, UnixHTTPAdapter):
        client.mount("http+docker://", _Adapter(f"http+unix://{given.socket_path}", given.timeout))
    return client
