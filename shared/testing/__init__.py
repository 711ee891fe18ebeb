"""Tools for tests: real servers on private ports, processes, fresh databases, and the pytest plugin."""
