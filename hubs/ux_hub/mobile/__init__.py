"""What does a phone need to show the record and stay in step with it, in few and small answers?

Holds the former mobile-api service (Express, port 3002): ``/api/mobile/v1``.
"""
