"""The operator's command ``openpolicy``: bring the platform up, scrape, look at jobs, parse documents."""
