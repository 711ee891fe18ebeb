"""Parsers: pure functions from an upstream document to contract records (no network, no Scrapy)."""
