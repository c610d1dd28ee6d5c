"""Flows without a browser: opened from a file, run to their end, written back."""
