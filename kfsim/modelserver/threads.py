"""As many numeric threads as the container may use CPUs.

Math libraries start a thread per CPU of the host. Under a CPU limit these use up the quota of a
period together and then all stand still until the next one, a tenth of a second later, which costs
a start and every prediction dearly. What the user sets stays.
"""

from collections.abc import MutableMapping
from pathlib import Path

_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_CGROUP = Path("/sys/fs/cgroup")


def read_cpu_limit(cgroup: Path = _CGROUP) -> float | None:
    """CPUs that the control group may use (cgroup v2's cpu.max, v1's cpu.cfs_*); None without a
    limit, or where there is nothing to read it from."""
    try:
        if (unified := cgroup / "cpu.max").exists():
            quota, period = unified.read_text().split()
        else:
            quota = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text()
        limit = float(quota) / float(period)
    except (OSError, ValueError, ZeroDivisionError):  # "max", no such file, not Linux
        return None
    return limit if limit > 0 else None


def limit_threads(environment: MutableMapping[str, str], cpu_limit: float | None) -> None:
    """Tell the math libraries, before they are imported."""
    if cpu_limit is not None:
        for name in _VARIABLES:
            environment.setdefault(name, str(max(1, int(cpu_limit))))
