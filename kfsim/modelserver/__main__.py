"""`python -m kfsim.modelserver`, in a container usually as PID 1."""

import os
import signal
import sys

from kfsim.modelserver.threads import limit_threads, read_cpu_limit


def _run() -> int:
    # A process that is PID 1 gets no signal that it does not handle, so that a stop while the
    # model loads would wait for its whole grace period. The server takes over once it serves.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(128 + signal.SIGTERM))
    limit_threads(os.environ, read_cpu_limit())
    from kfsim.modelserver.server import main  # late: this import takes most of the start

    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(_run())
