"""A storm over a real fleet: kills, freezes, stops, starts, edits and installs by dice with a known seed."""
