"""search answers: which records speak of this, in either language (formerly search-service)."""
