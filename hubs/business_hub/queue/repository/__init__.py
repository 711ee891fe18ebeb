"""Every query of the queue."""
