"""Cards, deltas and what is somebody's own, for phones."""
