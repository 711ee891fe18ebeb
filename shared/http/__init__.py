"""The HTTP edge: one error shape, request ids, body limits, pages, conditional answers."""
