"""A small name server for the containers of one network.

It stands where a cluster has CoreDNS: a container asks for `iris-predictor.default`, its resolver
completes the name through the search domains, and the name of a known Service is answered with the
one address on which the gateway listens for these containers. All other names are handed to the
host's own name servers.

`answers` decides about one query (pure), `forwarding` asks the host's servers, `server` holds the
sockets. Messages are read and written by dnspython. Importing this package takes a tenth of a
second, so only who serves containers does.
"""

from kfsim.dataplane.resolver.answers import Zone
from kfsim.dataplane.resolver.forwarding import Forwarder, HostNameServers
from kfsim.dataplane.resolver.server import Resolver

__all__ = ["Forwarder", "HostNameServers", "Resolver", "Zone"]
