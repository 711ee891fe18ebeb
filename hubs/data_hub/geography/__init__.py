"""geography answers: which district is this, and who sits for it (formerly in the Represent front end)."""
