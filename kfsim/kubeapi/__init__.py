"""The Kubernetes-compatible HTTP surface over a store.

`server.ApiServer` listens; `resources` turns requests into reads and writes, `watching` into
streams of events; paths, queries, bodies, statuses, discovery, tables and the guard against
foreign pages are pure helpers, one idea per module. kubectl, the Python clients and the `kfsim`
command are its callers, all by the same paths; kfsim's own verbs are under `/kfsim/v1`.

What it needs of others is injected as callables: admission (`Admission`), logs (`LogSource`,
`LogRequest`) and further verbs (`Extension`). The daemon makes it.

Must not: start anything, or know controllers, data plane or backends. Errors are `KfsimError`s
until here; this is the one place that maps them to HTTP.
"""

from kfsim.api.creation import Admission
from kfsim.kubeapi.ports import Extension, LogRequest, LogSource
from kfsim.kubeapi.server import ApiServer

__all__ = ["Admission", "ApiServer", "Extension", "LogRequest", "LogSource"]
