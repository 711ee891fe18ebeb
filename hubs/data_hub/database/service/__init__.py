"""The verbs of the civic record: load, close, read, follow."""
