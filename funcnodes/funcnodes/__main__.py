"""`python -m funcnodes` is the `funcnodes` command."""

from funcnodes.cli.main import main

if __name__ == "__main__":
    main()
