"""The assets of the graph, one file a concept. Wiring only: what is not wiring lies in a layer."""
