"""Replicas as local processes.

    daemon ── Channel ── supervisor ─┬─ Channel ── template ── (fork) ── built-in model servers
      ProcessBackend                 └─ (spawn) ── custom commands

`backend.ProcessBackend` is the port's implementation and runs on the daemon's loop. It turns a Pod
into process plans (`recipes`, `environment`, `mounts`, `ports`) and sends them to the `supervisor`,
a small process of its own that owns every replica: it forks built-in servers from a `template` with
the frameworks loaded, spawns custom commands, pumps and rotates their logs (`logs`), stops their
process groups, and kills all of them when its channel to the daemon breaks.

`supervisor` and `template` run in fresh interpreters and must start fast: this package therefore
re-exports nothing.
"""
