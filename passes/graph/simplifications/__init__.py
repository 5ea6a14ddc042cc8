"""Local identities of graph ops, one file a family, for graph-canonicalize."""
