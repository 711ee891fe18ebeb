"""Who vouches for people besides us? Signing in through an external OpenID Connect provider."""
