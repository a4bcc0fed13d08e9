"""The `kfsim` command."""


def main() -> int:
    """Run one command; returns its exit code."""
    raise SystemExit("kfsim: no command is wired yet")
