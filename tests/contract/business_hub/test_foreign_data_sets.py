"""Everything recorded of foreign data sets is imported into the real record, and again without a write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from hubs.business_hub.importer import hold_canon, open_importer
from hubs.business_hub.op_import.dependencies import build_uploads
from hubs.business_hub.op_import.repository import UploadRepository
from hubs.business_hub.op_import.schemas import ImportOptions
from hubs.business_hub.op_import.tasks import import_upload, undo_upload
from hubs.business_hub.queue.dependencies import build_jobs
from hubs.business_hub.settings import BusinessSettings, UploadSettings
from shared.app import Resources
from shared.clients.data_hub import DataHubClient
from shared.db.session import transaction
from shared.testing.databases import FreshDatabase

pytestmark = pytest.mark.filterwarnings("ignore:You should not use the 'timeout'")
LAST_SEEN = {"sighting", "freshness", "idempotency_key", "source_document"}
"""Tables of when and where records were seen: what a run always writes."""


def migrate_business(database: FreshDatabase) -> None:
    """Bring the schema of business_hub to its newest migration."""
    database.migrate("business")


@pytest.fixture
def importer(embedded_databases, tmp_path, samples, data_hub: DataHubClient) -> Iterator[Resources]:
    """An importer that loads into the real record; the recorded documents are its folder of imports."""
    with embedded_databases.fresh(migrate_business) as database:
        settings = BusinessSettings(
            data_dir=tmp_path / "business",
            database=database.settings().database,
            uploads=UploadSettings(folder=samples),
        )
        resources = open_importer(settings)
        hold_canon(resources, data_hub)
        yield resources
        resources.stop.set()
        resources.stack.close()


@pytest.fixture
def bring(importer: Resources) -> Callable[..., dict[str, Any]]:
    """Import a path below the samples and return what became of its job."""

    def run(path: str, **options: Any) -> dict[str, Any]:
        return import_path(importer, path, ImportOptions(**options))

    return run


def import_path(resources: Resources, path: str, options: ImportOptions) -> dict[str, Any]:
    """Import files in place, as the task would, and return what became of the job."""
    with transaction(resources.sessionmaker) as session:
        job_id = build_uploads(resources, session).take_path(path, "", options, "test", run=True).job_id
    import_upload(resources, str(job_id))
    with transaction(resources.sessionmaker) as session:
        job = build_jobs(resources, session).get(job_id)
        upload = UploadRepository(session).find_by_job(job_id)
        return {
            "upload_id": upload.id,
            "state": job.state,
            "reason": job.reason,
            "report": job.report,
            "summary": job.summary_en,
        }


def row_versions(data_hub: DataHubClient) -> dict[str, list[str]]:
    """The versions of every row of the record (what PostgreSQL calls xmin), table by table."""
    resources: Resources = data_hub._http.app.state.resources
    with resources.engine.connect() as connection:
        tables = connection.execute(
            text(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'data' AND tablename <> 'alembic_version'"
            )
        ).scalars()
        return {
            table: sorted(
                connection.execute(text(f"SELECT xmin::text || ctid::text FROM data.{table}")).scalars()
            )
            for table in tables
            if table not in LAST_SEEN
        }


@pytest.mark.parametrize(
    ("folder", "least"),
    [
        ("represent", {"person": 255, "division": 20}),
        ("openparliament", {"bill": 950, "speech": 15}),
        ("ocd", {"division": 12_428, "person": 6}),
    ],
)
def test_a_recorded_data_set_is_imported_and_again_without_a_write(bring, data_hub, folder, least):
    first = bring(folder)
    assert first["state"] == "succeeded", first
    for kind, count in least.items():
        assert first["report"][kind]["inserted"] >= count, first["report"]
    before = row_versions(data_hub)
    assert sum(map(len, before.values())) > 250
    again = bring(folder)
    assert again["state"] == "succeeded", again
    assert again["summary"].startswith("Nothing changed"), again
    assert row_versions(data_hub) == before


def test_every_recorded_file_is_imported_by_itself(bring, samples):
    refused = {}
    for folder in ("represent", "openparliament"):
        for path in sorted((samples / folder).rglob("*")):
            if path.is_file():
                done = bring(str(path.relative_to(samples)))
                if done["state"] != "succeeded":
                    refused[path.name] = done["reason"]
    assert refused == {}


def test_a_list_of_single_attributes_does_not_undo_what_is_known(bring, data_hub):
    assert bring("ocd/country-ca/ca_provinces_and_territories.csv")["state"] == "succeeded"
    done = bring("ocd/country-ca/ca_provinces_and_territories-name_fr.csv")
    assert done["report"]["division"]["updated"] == 13, done
    found = data_hub.list("divisions", limit=50)["data"]
    quebec = next(row for row in found if row["ocd_id"].endswith("province:qc"))
    assert (quebec["name_en"], quebec["name_fr"]) == ("Quebec", "Québec")


def test_an_import_is_undone_by_its_own_job_and_may_be_done_again(bring, importer, data_hub):
    path = "represent/import_json_2013/ca_on_windsor.json"
    done = bring(path)
    assert done["state"] == "succeeded", done
    assert len(data_hub.list("people", limit=50)["data"]) == 10
    with transaction(importer.sessionmaker) as session:
        job_id = build_uploads(importer, session).undo(done["upload_id"], "ann").job_id
    undo_upload(importer, str(job_id))
    with transaction(importer.sessionmaker) as session:
        job = build_jobs(importer, session).get(job_id)
        assert (job.kind, job.state, job.summary_fr) == ("undo", "succeeded", "Annulé.")
        assert build_uploads(importer, session).get(done["upload_id"]).state == "undone"
    assert data_hub.list("people", limit=50)["data"] == []
    again = bring(path)
    assert again["report"]["person"]["revived"] == 10, again
    assert len(data_hub.list("people", limit=50)["data"]) == 10
