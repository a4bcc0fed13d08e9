"""What drives reconcilers (controller-runtime's role): queue, dispatcher, events.

A write in the store is mapped by each controller's watches to keys; a key waits at most once in
the queue; the dispatcher takes keys in order, wake-ups first, and calls the synchronous
`reconcile(key)`. It yields to the loop after each millisecond of work. Failures back off per key
as client-go's default limiter does.
"""

from kfsim.controllers.runtime.config import ClusterConfig, ConfigReader, watch_config
from kfsim.controllers.runtime.controller import (
    Controller,
    Key,
    Reconciler,
    Result,
    Watch,
    watch_mapped,
    watch_owned,
    watch_self,
)
from kfsim.controllers.runtime.dispatcher import Dispatcher
from kfsim.controllers.runtime.recorder import Recorder
from kfsim.controllers.runtime.settled import Settled, version_of
from kfsim.controllers.runtime.tracker import Tracker

__all__ = [
    "ClusterConfig",
    "ConfigReader",
    "Controller",
    "Dispatcher",
    "Key",
    "Reconciler",
    "Recorder",
    "Result",
    "Settled",
    "Tracker",
    "Watch",
    "version_of",
    "watch_config",
    "watch_mapped",
    "watch_owned",
    "watch_self",
]
