"""Environments of workers: what stands in them, how they change, where our own build comes from."""
