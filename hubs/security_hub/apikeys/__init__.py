"""Which keys let programs act for somebody, how far, and how are they turned into tokens?"""
