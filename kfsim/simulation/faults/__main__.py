"""`python -m kfsim.simulation.faults --seed 1 --hours 1000`: one run, from the command line."""

import argparse
import sys

from kfsim.simulation.faults.run import FaultError, run_faults


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m kfsim.simulation.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hours", type=float, default=1000.0)
    arguments = parser.parse_args()
    try:
        report = run_faults(arguments.seed, hours=arguments.hours)
    except FaultError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{report}\n")
    return 0


sys.exit(main())
