"""business_hub answers: what is to be done, what is being done, and what came of it?

It holds the former services etl, op-import and queue-service, and steers the scraper.
"""
