"""Models that one hub reads from another over HTTP."""
