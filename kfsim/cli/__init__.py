"""The `kfsim` command: a client of the API address, and nothing else.

`main` parses and maps errors to exit codes; `commands` has one module per command; `client` speaks
Kubernetes REST over plain `http.client`, because a short command must not pay for heavy imports;
`manifests` reads YAML, `apply` computes patches as kubectl does, `output` prints.
"""
