"""Models: what the storage-initializer of a Pod does, for every backend.

    Pod ── requests.plan_models ── ModelRequest ── store.ModelStore.provide ── a folder
                                                     ├─ local: used in place
                                                     └─ worker: http_source → archives → cache

`requests` reads from a Pod what is wanted and who may write to it. `store.ModelStore` gives a
folder for it: sources of this host are used where they are, remote ones come from a
content-addressed cache (`cache`) that all projects of a user share, and a replica that may write
gets a copy of its own. `failures.StorageFailure` carries the init container's termination message.

Fetching, hashing, unpacking and copying run in child processes (`jobs` starts them, `worker` is
their program). A worker must start fast: this package therefore re-exports nothing.

Must not: decide when a model is fetched, show a secret of a URI, or trust what it fetched.
"""
