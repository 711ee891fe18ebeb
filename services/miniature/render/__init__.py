"""One module per family of upstream documents: facts in, the bytes that the real site would send out."""
