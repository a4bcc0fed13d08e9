"""How many pods each revision should have: Knative's Pod Autoscaler as pure code.

Reports (`Stat`) go into a revision's metric windows, a `Decider` makes a `ScaleResult` of them
every two seconds, and `scale_to_zero.step` turns that wish into what is applied: pods, the mode of
the revision's service, and the Active condition. `MultiScaler` holds all deciders and is what the
PodAutoscaler controller drives; `AutoscalerConfig` and the `resolve_*` functions turn the
config-autoscaler ConfigMap and a revision's annotations into specs.

Everything takes `now` and returns frozen values with their reasons in words, which the dashboard
and `kfsim why` show. Nothing here waits, logs, draws random numbers or knows about objects in the
store.
"""
