"""The graph at run time: the writer of the document, the graph's thread, and what goes between the two."""
