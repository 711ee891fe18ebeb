"""Development tools: the import contract of a hub's modules."""
