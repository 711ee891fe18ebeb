"""Alembic environment of data_hub."""

from hubs.data_hub.models import metadata
from shared.db.environment import run_env

run_env(metadata, "data")
