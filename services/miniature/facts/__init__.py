"""The fact table that every document of the miniature is rendered from: data only, no rendering."""
