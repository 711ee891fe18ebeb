"""Reading the record for pages, saying it in two languages, and drawing it."""
