"""The manager's socket: `/` for browsers and commands, `/control` for workers and UI servers."""
