"""Kubernetes quantities, written the way an operator would write them."""

from __future__ import annotations

from shared.core.quantity import BadQuantity, cpu, exact, memory

__all__ = [
    "BadQuantity",
    "cpu",
    "exact",
    "memory",
    "mib",
    "percent",
    "show_memory",
    "write_memory",
]
MIB = 2**20


def mib(size: int) -> int:
    """Return bytes as whole MiB, rounded up."""
    return -(-size // MIB)


def percent(part: int | None, whole: int) -> str:
    """Return part of whole as `98%`, cut off like kubectl does it, or `?` where either is unknown."""
    return "?" if part is None or whole <= 0 else f"{100 * part // whole}%"


def show_memory(size: int | None) -> str:
    """Return bytes as `1.0Gi`, `512Mi` or `0`, and `?` for an unknown amount."""
    if size is None:
        return "?"
    if size == 0:
        return "0"
    if (abs(size) >= 1024 * MIB and size % (1024 * MIB // 10) == 0) or abs(size) >= 10 * 1024 * MIB:
        return f"{size / (1024 * MIB):.1f}Gi"
    if abs(size) < MIB:
        return f"{-(-size // 1024)}Ki"
    return f"{mib(size):,}Mi"


def write_memory(size: int) -> str:
    """Return bytes as a quantity for a manifest: whole Gi where it is one, else Mi, rounded up."""
    whole = mib(size)
    return f"{whole // 1024}Gi" if whole % 1024 == 0 and whole else f"{whole}Mi"
