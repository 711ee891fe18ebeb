"""The two engines behind one port: a real OPA server, or the embedded interpreter."""
