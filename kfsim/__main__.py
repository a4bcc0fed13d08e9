"""`python -m kfsim` is the `kfsim` command."""

from kfsim.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
