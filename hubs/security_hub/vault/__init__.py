"""How does a secret rest in the database? Sealed with AES-GCM under keys that only the root secret opens."""
