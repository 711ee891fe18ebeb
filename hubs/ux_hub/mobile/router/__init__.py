"""Addresses of the mobile API."""
