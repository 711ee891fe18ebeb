"""The migrations of this hub."""

from hubs.ux_hub.models import metadata
from shared.db.environment import run_env

run_env(metadata, "ux")
