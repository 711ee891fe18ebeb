"""The migrations of this hub."""

from hubs.intelligence_hub.models import metadata
from shared.db.environment import run_env

run_env(metadata, "intelligence")
