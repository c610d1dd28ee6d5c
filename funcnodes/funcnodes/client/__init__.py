"""Driving a worker from Python: `funcnodes.connect(…)`, for scripts, notebooks and tests."""
