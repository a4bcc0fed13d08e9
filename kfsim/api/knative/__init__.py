"""serving.knative.dev and its internal groups: kinds, defaulting, validation, annotations.

What Knative's webhooks do, as pure functions; `keys` has the labels and annotations.
"""
