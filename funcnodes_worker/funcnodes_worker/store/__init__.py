"""What a worker keeps on disk of its graph: each edit in the journal, the whole graph in `nodespace.json`."""
