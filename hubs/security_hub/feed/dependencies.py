"""What endpoints that wait for changes need."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.security_hub.feed.service import Feed
from shared.app import ResourcesDep


def _feed(resources: ResourcesDep) -> Feed:
    return resources.get(Feed)


FeedDep = Annotated[Feed, Depends(_feed)]
