"""Who is who and who may do what: identity, configuration and policy (former auth-, config- and policy-
service).
"""
