"""Paths of other services' interfaces, each under ``/compat/<name>``."""
