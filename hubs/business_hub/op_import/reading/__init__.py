"""Bytes of unknown origin, read with limits first."""
