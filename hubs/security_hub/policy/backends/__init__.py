"""Engines that check, test and try policies: a real OPA where there is one, else Rego in a process of its
own.
"""
