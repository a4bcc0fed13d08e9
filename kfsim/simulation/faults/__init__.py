"""A cluster under random faults for as many virtual hours as asked: `run_faults(seed, hours=…)`.

`world` is a cluster whose daemon can be killed and started again over what survives it: the
`journal`, the `backend`'s replicas, the clients. `clients` send requests and judge how each ended,
`users` edit objects, `mishaps` are the faults as data, `invariants` says what must hold at any
moment and once all is quiet, and `run` draws from all of them by one seed. A failure names the
seed: `python -m kfsim.simulation.faults --seed N --hours H` plays the same run again.

Must not: know a real socket, process, file or clock.
"""

from kfsim.simulation.faults.run import FaultReport, run_faults

__all__ = ["FaultReport", "run_faults"]
