"""Every query on the civic record."""
