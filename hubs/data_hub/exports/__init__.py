"""exports answers: the whole record at once, as files with a manifest, for whoever wants all of it."""
