"""The `kfsim` command: a client of the API address; `images` alone talks to Docker.

`main` parses arguments and maps errors to exit codes (0 done, 1 failed, 2 wrong usage);
`commands` has one module per command; `client` speaks Kubernetes REST over plain `http.client`,
because a short command must not pay for heavy imports; `discovery` finds the daemon that is
meant, `startup` starts one; `manifests` reads YAML, `apply` computes patches as kubectl does,
`rollout` applies a whole folder, prunes, and follows the services until they are ready; `output`
prints, `showcase` and `foreground` are what `kfsim up` shows.

Called by users and scripts through `main.main`; of kfsim it uses `base`, the daemon's project and
settings, and for `kfsim images` the image building of `backends.docker`.

Must not: import controllers, store or data plane, or reach the daemon in any way but HTTP.
"""
