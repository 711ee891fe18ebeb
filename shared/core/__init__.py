"""Identifiers, the clock and the error tree: what every other layer stands on."""
