"""The document: all that a user may change in a graph, as plain records and pure functions.

Knows no living node, no clock, no file. `model` holds the records, `edits` the closed set of changes, `rules`
says yes or no, `apply` gives the document after, `invert` the way back, `serialize` the shape of
`nodespace.json`.
"""
