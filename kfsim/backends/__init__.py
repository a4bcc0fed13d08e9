"""The only code that starts things: implementations of `replicas.backend.ReplicaBackend`.

`process` runs containers as local processes (a recipe says how an image's server is run), `storage`
finds what a storageUri names. A Docker backend joins them later; one contract suite
(`tests/backends/contract.py`) runs on every backend.
"""
