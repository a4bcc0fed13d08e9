"""`python -m kfsim.daemon`: what `kfsim up` starts as a child."""

from kfsim.daemon.process import main

if __name__ == "__main__":
    raise SystemExit(main())
