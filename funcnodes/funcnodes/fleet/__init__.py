"""A worker's life as a pure machine: events in, commands out; no clock, no loop, no process."""
