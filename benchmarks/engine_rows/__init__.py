"""The rows of `benchmarks/engine.py`, one room per kind of work."""
