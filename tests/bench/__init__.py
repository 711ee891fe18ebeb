"""Benchmarks: each prints numbers beside a peer or a limit measured in the same run; none asserts a time."""
