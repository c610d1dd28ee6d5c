"""Servers: the manager's socket (`manager`), the browser's server (`ui`), and a client of the first."""
