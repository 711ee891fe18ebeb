"""Is this feature on for whoever asks? Feature flags over the OpenFeature Remote Evaluation Protocol
(OFREP).
"""
