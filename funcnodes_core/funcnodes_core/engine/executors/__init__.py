"""Where a node's function runs when it does not run inline."""
