"""What data_hub adds to the settings of every process."""

from __future__ import annotations

from pydantic import BaseModel, Field

from shared.settings import HubSettings


class SearchSettings(BaseModel):
    """The search index of this process."""

    path: str = Field("", description="folder of the index; empty: data_dir/search")
    writer_heap_bytes: int = Field(15_000_000, ge=15_000_000, description="bytes of the one writer")


class DataHubSettings(HubSettings):
    """Settings of data_hub."""

    search: SearchSettings = SearchSettings()
