"""Generated requests against every route of the running hubs."""
