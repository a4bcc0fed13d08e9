"""What tests of kfsim, and of things built on it, are made of.

`clock`, `ports` and `backend` hold the fakes that we own: a clock advanced by hand, the three
live ports and a replica backend that record what they are told. `table` runs reconcilers over
rows of objects, `reconciling` one reconciler through several steps, `playbook` runs the flow core
over scripts of arrivals, `scaling` is a small world of the controllers below a Revision,
`waiting` polls in live tests.

Tests call it, and `kfsim.simulation` where a whole cluster is needed. It may import the packages
below.

Must not: be imported by anything of kfsim, or patch anything of it.
"""
