"""The `funcnodes` command: hands each noun to its module."""


def main() -> None:
    """Run the command line."""
    raise SystemExit("the command line is not built yet")
