"""Vendor platforms on which councils publish meetings: one module per platform, one shape of records."""
