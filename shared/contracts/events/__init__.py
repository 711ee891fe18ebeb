"""Every event of the platform; importing this package registers all topics."""

from shared.contracts.events import auditing, civic, importing, jobs, notices, scraping, usage

__all__ = ["auditing", "civic", "importing", "jobs", "notices", "scraping", "usage"]
