"""Model sources: what the storage-initializer of a Pod does, without copying.

`source.locate_model` maps a storageUri to a folder of this host, or raises `StorageFailure` with
the text for the init container's termination message. Backends call it off the loop.
"""

from kfsim.backends.storage.source import StorageFailure, locate_model

__all__ = ["StorageFailure", "locate_model"]
