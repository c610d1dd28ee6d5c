"""How a graph runs: what runs next (pure), and the runner that does it."""
