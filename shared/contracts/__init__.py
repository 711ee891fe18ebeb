"""What processes say to one another: frozen, versioned models that depend on pydantic alone."""
