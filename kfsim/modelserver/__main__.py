"""`python -m kfsim.modelserver`."""

import sys

from kfsim.modelserver.server import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
