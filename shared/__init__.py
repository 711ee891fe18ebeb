"""The common library of the six hubs and the services: small layers that know no hub."""
