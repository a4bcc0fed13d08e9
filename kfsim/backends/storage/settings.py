"""Where the cache is, how long a transfer may stall, and how large an archive may grow."""

import os
from dataclasses import dataclass
from pathlib import Path

CACHE_DIR_VARIABLE = "KFSIM_CACHE_DIR"


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What an archive may unpack to. `ratio` is unpacked to packed bytes and counts only beyond
    `ratio_from` unpacked bytes: small files compress well."""

    files: int = 200_000
    unpacked_bytes: int = 2**40
    ratio: int = 200
    ratio_from: int = 256 * 2**20


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """Seconds: `connect_seconds` to reach a server, `stall_seconds` without a byte from it."""

    connect_seconds: float = 10.0
    stall_seconds: float = 60.0
    parallel: int = 8
    """Child processes at a time; more wait."""
    limits: ArchiveLimits = ArchiveLimits()


def default_cache_dir() -> Path:
    """The models' folder in the user's cache directory, shared by all projects of the user."""
    if chosen := os.environ.get(CACHE_DIR_VARIABLE):
        return Path(chosen).absolute() / "models"
    from platformdirs import user_cache_path  # imported late: most commands never need it

    return user_cache_path("kfsim") / "models"
