"""Resource kinds as frozen pydantic models, one module per API group, and the rules about them.

A manifest enters as JSON, is checked against its model (`decoding`, which knows strict, warning
and ignoring field validation), defaulted and validated as the webhooks do (`admission.admit`),
and stored as bytes; typed views are decoded on demand. `creation` is the way there without the
store. `scheme.KINDS` registers each kind with its names and API versions, `conditions` sets and
reads status conditions, `runtime_selection` chooses the ServingRuntime of a model,
`builtin_runtimes` reads those that KServe ships with (`data/`).

The models hold exactly the fields that kfsim accepts; which of them have no effect stands in
`docs/fidelity.md`. The store decodes with these models, controllers and the API surface pass them
around, and objects change by `replaced(...)`, which makes a new one.

Must not: do I/O (but for its own data files), read time or draw random numbers, or know the
store. Pydantic is imported nowhere else.
"""
