"""PostgreSQL for every hub: models, engine, sessions, paging, migrations and the embedded server."""
