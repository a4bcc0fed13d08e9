"""Reconcilers: one package per kind, each with pure makers, a reconciler and its watches.

`<kind>/resources.py` makes children from a parent, `<kind>/reconcile.py` compares what should be
with what is and writes the difference, `<kind>/controller.py` says which writes wake which keys
and offers `make_controller`, which `cluster` calls. `runtime` drives them all: one queue, one
dispatcher, events and back-off.

`reconcile(key)` is synchronous: it reads the store, writes, and returns when it wants to be asked
again. A second run without a change writes nothing. Three packages make no children: `labeler`
tells Revisions of their Routes, `pod` is the kubelet, `routing` publishes the routing table.

Must not: wait, call another reconciler, import the data plane or a backend. Controllers meet in
the store, and meet the data plane only through `base.ports`.
"""
