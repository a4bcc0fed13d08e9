"""The Kubernetes-compatible HTTP surface over a store.

`server.ApiServer` listens; `resources` turns requests into reads and writes; paths, queries,
bodies, statuses, discovery, tables and the guard are pure helpers, one idea per module. What it
needs of others (admission, logs, kfsim's own verbs) is injected as callables. It starts nothing
and knows neither controllers nor backends.
"""

from kfsim.kubeapi.ports import Extension, LogRequest, LogSource
from kfsim.kubeapi.server import ApiServer
from kfsim.kubeapi.writing import Admission

__all__ = ["Admission", "ApiServer", "Extension", "LogRequest", "LogSource"]
