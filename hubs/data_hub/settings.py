"""What data_hub adds to the settings of every process."""

from __future__ import annotations

from pydantic import BaseModel, Field, SecretStr

from shared.settings import HubSettings, live


class SearchSettings(BaseModel):
    """The search index of this process."""

    path: str = Field("", description="folder of the index; empty: data_dir/search")
    writer_heap_bytes: int = Field(15_000_000, ge=15_000_000, description="bytes of the one writer")


class StorageSettings(BaseModel):
    """Where files are kept, and how many."""

    path: str = Field("", description="folder of stored files; empty: data_dir/storage")
    archive_path: str = Field("", description="folder of the scraper's archives; empty: data_dir/archive")
    quota_bytes: int = Field(
        5 * 2**30,
        ge=1,
        description="bytes of all files together",
        json_schema_extra=live("octets de tous les fichiers ensemble"),
    )
    max_file_bytes: int = Field(
        100 * 2**20,
        ge=1,
        description="bytes of one file",
        json_schema_extra=live("octets d’un fichier"),
    )
    s3_endpoint: str = Field("", description="https://s3.example.org; empty: the local folder")
    s3_bucket: str = Field("", description="bucket for stored files")
    s3_region: str = Field("us-east-1", description="region in the signature of requests")
    s3_access_key: str = Field("", description="access key id")
    s3_secret_key: SecretStr = Field(SecretStr(""), description="secret access key")
    s3_prefix: str = Field("", description="prefix of every key in the bucket")


class DataHubSettings(HubSettings):
    """Settings of data_hub."""

    search: SearchSettings = SearchSettings()
    storage: StorageSettings = StorageSettings()
    exports_every_hours: float = Field(24.0, ge=0, description="hours between bulk exports; 0: none")
    exports_policy: str = Field(
        "openpolicy/records",
        description="decision document asked what of each licence may be exported; empty: everything",
    )
