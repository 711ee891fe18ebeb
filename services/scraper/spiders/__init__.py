"""Spiders: one generic engine serves every source; what differs is the source's parser."""
