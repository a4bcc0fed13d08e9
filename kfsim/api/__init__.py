"""Resource kinds as frozen pydantic models, and the rules about them.

A manifest enters as JSON, is checked against its model (`decoding`, which knows strict, warning
and ignoring field validation), defaulted and validated as the webhooks do (`admission.admit`),
and stored as bytes; typed views are decoded on demand. `creation` is the way there without the
store. `scheme.KINDS` registers each kind with its names and API versions, `kept_kinds` those that
nothing acts on, `conditions` sets and reads status conditions.

`core`, `apps` and `istio` are Kubernetes' and Istio's; `kserve`, `knative` and `kfserving` hold
their groups with what their webhooks do; `config` reads the cluster's own ConfigMaps.

The models hold exactly the fields that kfsim accepts; `fidelity` says which of them have an
effect. The store decodes with these models, controllers and the API surface pass them around, and
objects change by `replaced(...)`, which makes a new one.

Must not: do I/O (but for its own data files), read time or draw random numbers, or know the
store. Pydantic is imported nowhere else.
"""
