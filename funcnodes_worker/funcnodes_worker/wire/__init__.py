"""Typed records of what crosses a process boundary; shared by worker, manager and UI server."""
