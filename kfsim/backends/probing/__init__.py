"""One probe attempt against a container: httpGet, tcpSocket, grpc or exec.

A backend says where a containerPort can be reached and how a command is run beside a container;
what counts as success, the bound on an attempt and the words of a failure are kubelet's
(pkg/probe). An attempt against a server that does not listen yet costs one refused connection,
because Knative's queue-proxy polls a starting container every few milliseconds.

This package opens sockets and keeps nothing between attempts; when to try and what the outcome
means belongs to `replicas.probes` and the Pod controller.
"""

from kfsim.backends.probing.attempt import ExecRunner, Resolver, run_probe

__all__ = ["ExecRunner", "Resolver", "run_probe"]
