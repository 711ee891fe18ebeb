"""The miniature Parliament: a small country served locally in exactly the formats of the real sites."""

from services.miniature.control import Control
from services.miniature.server import MiniatureServer
from services.miniature.world import World

__all__ = ["Control", "MiniatureServer", "World"]
