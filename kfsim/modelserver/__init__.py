"""The built-in model server: KServe's V1 and V2 REST protocols for scikit-learn models.

It runs inside a replica, either forked from a template process that has the frameworks loaded, or
on its own as `python -m kfsim.modelserver --model_name NAME --model_dir DIR --http_port PORT`.
`server.main` is the entry: `arguments` are read, `loading` finds and unpickles the model,
`repository` holds it, `connection` speaks HTTP/1.1 and hands each request to `routes`, which
calls `v1` or `v2`. Errors are `errors.ServingError`s, answered as KServe's Python server does.

The process backend's recipe names it as text; nobody imports it.

Must not: import anything of kfsim but itself and `base`, so that a replica starts fast and knows
nothing of the daemon.
"""
