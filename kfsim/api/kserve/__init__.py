"""serving.kserve.io: its kinds, and what KServe's webhooks do with them.

`types` (v1beta1 and runtimes) and `alpha` are the models, `v1alpha2` is KFServing's older version
with its conversion. `defaults` fills in, the `*validation` modules refuse in the webhooks' words;
`runtime_selection` finds a model's runtime among the user's and those of `builtin_runtimes`.
"""
