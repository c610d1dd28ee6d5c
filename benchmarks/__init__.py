"""What measures speed. `python -m benchmarks` runs all of it."""
