"""Paths of the civic record."""
