"""Reconcilers: one folder per kind, each with pure makers, a reconciler and its watches.

`runtime` drives them. A reconciler reads the store, compares what should be with what is, writes
the difference and returns when it wants to be asked again; it never waits and never calls another
reconciler. They meet in the store, and meet the data plane only through `base.ports`.
"""
