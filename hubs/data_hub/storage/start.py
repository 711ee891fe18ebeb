"""Opening the store with the hub."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hubs.data_hub.settings import DataHubSettings
from hubs.data_hub.storage.backends.local import LocalStore
from hubs.data_hub.storage.backends.s3 import S3Settings, S3Store
from hubs.data_hub.storage.dependencies import StorageParts
from hubs.data_hub.storage.keeper import StorageKeeper
from hubs.data_hub.storage.service import Signer, StorageLimits
from shared.app import Resources
from shared.settings import derive_secret


def start_storage(resources: Resources) -> None:
    """Open the store that the settings name, and start its keeper."""
    settings = resources.settings
    chosen = settings.storage if isinstance(settings, DataHubSettings) else DataHubSettings().storage
    root = Path(chosen.path) if chosen.path else settings.data_dir / "storage"
    store: LocalStore | S3Store = LocalStore(root / "blobs")
    exports: LocalStore | S3Store = LocalStore(settings.data_dir / "exports")
    if chosen.s3_endpoint:
        bucket = S3Settings(
            endpoint=chosen.s3_endpoint,
            bucket=chosen.s3_bucket,
            region=chosen.s3_region,
            access_key=chosen.s3_access_key,
            secret_key=chosen.s3_secret_key.get_secret_value(),
            prefix=chosen.s3_prefix,
        )
        store = S3Store(bucket, resources.http)
        exports = S3Store(replace(bucket, prefix=f"{bucket.prefix}exports/"), resources.http)
    limits = StorageLimits(quota_bytes=chosen.quota_bytes, max_file_bytes=chosen.max_file_bytes)

    def take_limits() -> None:
        limits.quota_bytes, limits.max_file_bytes = chosen.quota_bytes, chosen.max_file_bytes

    resources.live.watch(chosen, take_limits)
    incoming = root / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    for left in incoming.iterdir():
        # What an upload left that a crash cut short.
        left.unlink(missing_ok=True)
    keeper = StorageKeeper(resources.sessionmaker, store, limits, resources.stop)
    keeper.start()
    resources.stack.callback(keeper.close)
    archive = Path(chosen.archive_path) if chosen.archive_path else settings.data_dir / "archive"
    signer = Signer(derive_secret(settings, "storage signing"))
    resources.put(StorageParts(store, exports, limits, incoming, archive, signer, keeper))
