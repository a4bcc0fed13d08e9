"""All figures, each beside its reference of the same run: `make bench`."""

import subprocess
import sys
from pathlib import Path

_FIGURES = [
    *("gateway", "grpc_proxy", "memory", "tick"),
    *("start_up", "cold_start", "throughput", "thousand_services", "idle_services", "simulation"),
    *("docker_cold_start", "docker_scale_out"),
]


def main() -> int:
    root = Path(__file__).resolve().parent.parent
    failed = []
    for name in sys.argv[1:] or _FIGURES:
        done = subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=root, check=False)
        if done.returncode != 0:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
