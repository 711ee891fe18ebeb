"""Migrations of the security hub."""

from hubs.security_hub.models import metadata
from shared.db.environment import run_env

run_env(metadata, "security")
