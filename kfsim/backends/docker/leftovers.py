"""Removing what a daemon left in the engine when it was killed, without another daemon."""

from kfsim.backends.docker.adoption import list_containers
from kfsim.backends.docker.connection import connect
from kfsim.backends.docker.errors import EngineUnavailable
from kfsim.backends.docker.making import remove
from kfsim.backends.docker.network import remove_networks


def remove_leftovers(state: str, *, host: str | None = None) -> int:
    """Remove every container and network with the state label; how many containers that were.

    Blocks. Without an engine there is nothing that could be left.
    """
    try:
        client = connect(host).make_client()
    except EngineUnavailable:
        return 0
    try:
        found = list_containers(client, state)
        for each in found:
            remove(client, each.container_id)
        remove_networks(client, state)
        return len(found)
    finally:
        client.close()
