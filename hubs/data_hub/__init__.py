"""data_hub keeps the canonical record of public life and finds things in it.

Formerly database-service, storage-service, search-service and cache-service.
"""
