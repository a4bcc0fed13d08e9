"""Garbage collection that a latency budget can bear.

Objects live as bytes and decoded views are acyclic, so reference counting frees almost all; a full
collection finds little and stops the loop for long.
"""

import gc


def calm_garbage_collection() -> None:
    """Leave what was made so far out of every later collection, and collect less often."""
    gc.collect()
    gc.freeze()
    gc.disable()
