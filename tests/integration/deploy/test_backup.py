"""The backup's own scripts on a real PostgreSQL: what they keep restores to the same counts and audit root."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import yaml

from services.cluster.table import deploy_dir

if TYPE_CHECKING:
    from shared.testing.servers import RealPostgres

SCRIPTS = deploy_dir() / "k8s" / "components" / "backup"
DATABASE = "backup_drill"


class Drill:
    """A database with two hubs' tables, a folder for backups, and the scripts run as the server's user."""

    def __init__(self, server: "RealPostgres", folder: Path) -> None:
        self.server = server
        self.folder = folder
        # Debian keeps the programs beside the server, not on PATH.
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
        self.path = f"{programs[-1]}:{os.environ['PATH']}" if programs else os.environ["PATH"]
        for name in ("backups", "work", "archive"):
            (folder / name).mkdir(mode=0o777)
            (folder / name).chmod(0o777)
        # The server's user must reach the folder.
        for place in [folder, *folder.parents]:
            if place.stat().st_uid == os.geteuid() and place != Path("/"):
                place.chmod(place.stat().st_mode | 0o055)
        self.scripts = folder / "scripts"
        shutil.copytree(SCRIPTS, self.scripts)

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1", port=self.server.port, user="postgres", dbname=DATABASE, autocommit=True
        )

    def run(self, script: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": self.path, "PGHOST": "127.0.0.1", "PGPORT": str(self.server.port), "PGUSER": "postgres",
            "PGDATABASE": DATABASE, "BACKUP_DIR": str(self.folder / "backups"), "WORK_DIR": str(self.folder / "work"),
            "FILES_DIRS": f"{self.folder / 'archive'} /nowhere", "AUDIT_SQL": str(self.scripts / "audit-root.sql"),
            **more,
        }  # fmt: skip
        command = ["bash", str(self.scripts / script), *words]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
        return subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=self.folder,
        )

    def backups(self) -> list[Path]:
        return sorted(p for p in (self.folder / "backups").iterdir() if p.name.startswith("20"))


@pytest.fixture
def drill(postgres_server: "RealPostgres", tmp_path: Path) -> Iterator[Drill]:
    admin = psycopg.connect(
        host="127.0.0.1", port=postgres_server.port, user="postgres", dbname="postgres", autocommit=True
    )
    admin.execute(f"CREATE DATABASE {DATABASE}")
    ready = Drill(postgres_server, tmp_path)
    with ready.connect() as connection:
        connection.execute("CREATE SCHEMA data; CREATE TABLE data.bill (key text PRIMARY KEY, title text)")
        connection.execute(
            "INSERT INTO data.bill SELECT 'ca/bill/' || n, 'Projet de loi n° ' || n FROM generate_series(1, 500) n"
        )
        connection.execute(
            "CREATE SCHEMA intelligence;"
            "CREATE TABLE intelligence.audit_entry (seq bigint PRIMARY KEY, leaf_hash bytea);"
            "CREATE TABLE intelligence.audit_tree (id smallint PRIMARY KEY, size bigint, edge bytea);"
            "CREATE TABLE intelligence.audit_checkpoint (size bigint PRIMARY KEY, root bytea);"
            "INSERT INTO intelligence.audit_entry SELECT n, sha256(n::text::bytea) FROM generate_series(0, 99) n;"
            "INSERT INTO intelligence.audit_tree VALUES (1, 100, 'edge');"
            "INSERT INTO intelligence.audit_checkpoint VALUES (64, 'root')"
        )
    (tmp_path / "archive" / "2026").mkdir()
    (tmp_path / "archive" / "2026" / "a.warc.gz").write_bytes(b"WARC/1.1")
    yield ready
    admin.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
    admin.close()


def test_a_backup_restores_into_a_throwaway_server_with_equal_counts_and_audit_root(drill: Drill) -> None:
    made = drill.run("backup.sh")
    assert made.returncode == 0, made.stderr
    [backup] = drill.backups()
    assert (backup / "counts.txt").read_text().splitlines()[0] == "data.bill|500"
    root = (backup / "audit-root.txt").read_text()
    assert root.startswith("leaves 100 sha256 ")
    assert "tree 100 edge" in root
    assert "checkpoint 64 root" in root
    assert (drill.folder / "backups/files/archive/2026/a.warc.gz").read_bytes() == b"WARC/1.1"
    assert "no folder /nowhere" in made.stdout
    checked = drill.run("restore.sh", "check")
    assert checked.returncode == 0, checked.stderr
    assert "counts and audit root agree; 1 mirrored files are whole" in checked.stdout
    assert (backup / "restored-ok").exists()
    assert not (drill.folder / "work" / "data").exists()


def test_files_that_grew_are_copied_again_and_others_are_not(drill: Drill) -> None:
    assert drill.run("backup.sh").returncode == 0
    copy = drill.folder / "backups/files/archive/2026/a.warc.gz"
    before = copy.stat().st_mtime_ns
    (drill.folder / "archive/2026/b.warc.gz").write_bytes(b"new")
    assert drill.run("backup.sh").returncode == 0
    assert copy.stat().st_mtime_ns == before
    (drill.folder / "archive/2026/a.warc.gz").write_bytes(b"WARC/1.1 grown")
    assert drill.run("backup.sh").returncode == 0
    assert copy.read_bytes() == b"WARC/1.1 grown"


def test_drafts_are_not_mirrored_and_a_file_that_goes_meanwhile_does_not_end_the_backup(drill: Drill) -> None:
    archive = drill.folder / "archive"
    for name in (".0198-draft", "half.warc.gz.part", "vanishing.warc.gz", "whole.warc.gz"):
        (archive / name).write_bytes(b"bytes")
        (archive / name).chmod(0o666)
    # A `cp` that comes too late for one file.
    programs = drill.folder / "bin"
    programs.mkdir(mode=0o755)
    late = programs / "cp"
    late.write_text('#!/bin/sh\ncase "$2" in *vanishing*) rm -f "$2";; esac\nexec /bin/cp "$@"\n')
    late.chmod(0o755)
    made = drill.run("backup.sh", PATH=f"{programs}:{drill.path}")
    assert made.returncode == 0, made.stderr
    assert "gone meanwhile: vanishing.warc.gz" in made.stdout
    mirrored = {path.name for path in (drill.folder / "backups/files/archive").rglob("*") if path.is_file()}
    assert mirrored == {"a.warc.gz", "whole.warc.gz"}
    assert drill.run("restore.sh", "check").returncode == 0


def test_a_file_that_cannot_be_kept_fails_the_backup(drill: Drill) -> None:
    programs = drill.folder / "bin"
    programs.mkdir(mode=0o755)
    full = programs / "cp"
    full.write_text('#!/bin/sh\necho "No space left on device" >&2\nexit 1\n')
    full.chmod(0o755)
    made = drill.run("backup.sh", PATH=f"{programs}:{drill.path}")
    assert made.returncode == 1
    assert "cannot keep" in made.stderr


def test_a_damaged_dump_is_found_by_its_checksum(drill: Drill) -> None:
    drill.run("backup.sh")
    [backup] = drill.backups()
    dump = backup / "database.dump"
    dump.write_bytes(dump.read_bytes()[:-100] + bytes(100))
    checked = drill.run("restore.sh", "check")
    assert checked.returncode != 0
    assert "database.dump: FAILED" in checked.stdout


@pytest.mark.parametrize(
    ("file", "words"), [("counts.txt", "row counts differ"), ("audit-root.txt", "audit root differs")]
)
def test_rows_or_leaves_that_are_missing_after_the_restore_fail_the_check(
    drill: Drill, file: str, words: str
) -> None:
    drill.run("backup.sh")
    [backup] = drill.backups()
    (backup / file).write_text((backup / file).read_text().replace("1", "7", 1).replace("500", "501"))
    names = ("database.dump", "counts.txt", "audit-root.txt", "contents.txt")
    sums = subprocess.run(
        ["sha256sum", *names], cwd=backup, capture_output=True, text=True, check=True
    ).stdout
    (backup / "SHA256SUMS").write_text(sums)
    checked = drill.run("restore.sh", "check")
    assert checked.returncode != 0
    assert words in checked.stderr


def test_a_live_restore_brings_back_what_was_deleted(drill: Drill) -> None:
    drill.run("backup.sh")
    [backup] = drill.backups()
    with drill.connect() as connection:
        connection.execute("DELETE FROM data.bill WHERE key LIKE '%9'; DROP TABLE intelligence.audit_entry")
    restored = drill.run("restore.sh", "live", backup.name)
    assert restored.returncode == 0, restored.stderr
    with drill.connect() as connection:
        assert connection.execute("SELECT count(*) FROM data.bill").fetchone() == (500,)
        assert connection.execute("SELECT count(*) FROM intelligence.audit_entry").fetchone() == (100,)


def test_a_live_restore_into_a_server_without_the_dump_s_roles_says_what_makes_them(drill: Drill) -> None:
    with drill.connect() as connection:
        connection.execute("CREATE ROLE op_drill; ALTER TABLE data.bill OWNER TO op_drill")
    try:
        assert drill.run("backup.sh").returncode == 0
        [backup] = drill.backups()
        with drill.connect() as connection:
            connection.execute(
                "ALTER TABLE data.bill OWNER TO postgres; DROP ROLE op_drill; TRUNCATE data.bill"
            )
        refused = drill.run("restore.sh", "live", backup.name)
        assert refused.returncode == 3
        assert "lacks the roles op_drill" in refused.stderr
        assert "migrations" in refused.stderr
        with drill.connect() as connection:
            connection.execute("CREATE ROLE op_drill")
        assert drill.run("restore.sh", "live", backup.name).returncode == 0
        with drill.connect() as connection:
            assert connection.execute("SELECT count(*) FROM data.bill").fetchone() == (500,)
    finally:
        with drill.connect() as connection:
            connection.execute("DROP OWNED BY op_drill; DROP ROLE op_drill")


@pytest.mark.parametrize("harm", ["damaged", "gone"])
def test_a_mirrored_file_that_is_not_whole_fails_the_check(drill: Drill, harm: str) -> None:
    # Written twice, so that an older sum of the same file is there as well.
    assert drill.run("backup.sh").returncode == 0
    (drill.folder / "archive/2026/a.warc.gz").write_bytes(b"WARC/1.1 grown")
    assert drill.run("backup.sh").returncode == 0
    assert drill.run("restore.sh", "check").returncode == 0
    proven = drill.backups()[-1] / "restored-ok"
    proven.unlink()
    copy = drill.folder / "backups/files/archive/2026/a.warc.gz"
    if harm == "gone":
        copy.unlink()
    else:
        copy.write_bytes(b"WARC/1.1 grOwn")
    checked = drill.run("restore.sh", "check")
    assert checked.returncode == 1
    assert "mirrored files of archive are damaged or gone" in checked.stderr
    assert not proven.exists()


def test_backups_are_listed_with_whether_they_were_proven(drill: Drill) -> None:
    none = drill.run("restore.sh", "check")
    assert none.returncode == 2
    assert "there is no backup" in none.stderr
    assert drill.run("backup.sh").returncode == 0
    assert drill.run("restore.sh", "check").returncode == 0
    # Of one day only the newest stays: the first is made one of an earlier week.
    [older] = drill.backups()
    older = older.rename(older.with_name("20260101T031700Z"))
    assert drill.run("backup.sh").returncode == 0
    newer = drill.backups()[-1]
    listed = drill.run("restore.sh", "list").stdout.splitlines()
    assert [line.split()[0] for line in listed] == [newer.name, older.name]
    assert listed[0].endswith("4 tables  not proven")
    assert "proven 20" in listed[1]


def test_old_backups_go_and_the_newest_of_each_day_and_week_stay(drill: Drill) -> None:
    from datetime import UTC, datetime, timedelta

    today = datetime.now(UTC)
    for days in range(1, 60):
        for hour in (3, 15):
            stamp = (
                (today - timedelta(days=days))
                .replace(hour=hour, minute=0, second=0)
                .strftime("%Y%m%dT%H%M%SZ")
            )
            place = drill.folder / "backups" / stamp
            place.mkdir()
            place.chmod(0o777)
    (drill.folder / "backups").chmod(0o777)
    abandoned = drill.folder / "backups" / "20260101T000000Z.part"
    abandoned.mkdir()
    abandoned.chmod(0o777)
    made = drill.run("backup.sh")
    assert made.returncode == 0, made.stderr
    kept = [place.name for place in drill.backups()]
    days = {name[:8] for name in kept}
    weeks = {datetime.strptime(name[:8], "%Y%m%d").strftime("%G%V") for name in kept}
    assert len(kept) == len(days)
    assert 7 <= len(kept) <= 11
    assert len(weeks) == 4
    assert all("T15" in name or name == kept[-1] for name in kept)
    assert not abandoned.exists()


def test_a_server_that_does_not_answer_leaves_nothing_behind(drill: Drill) -> None:
    failed = drill.run("backup.sh", PGPORT="1")
    assert failed.returncode != 0
    assert drill.backups() == []


@pytest.mark.parametrize("stamp", ["../../etc", "20260101T000000Z; rm -rf /", "x"])
def test_a_name_that_is_no_backup_s_is_refused(drill: Drill, stamp: str) -> None:
    refused = drill.run("restore.sh", "live", stamp)
    assert refused.returncode == 2
    assert "not a backup's name" in refused.stderr


def test_the_job_mirrors_what_the_data_hub_and_the_scraper_keep_and_cannot_make_again() -> None:
    from services.scraper.settings import ScraperSettings

    documents = yaml.safe_load_all((SCRIPTS / "cronjobs.yaml").read_text())
    job = next(d for d in documents if d["kind"] == "CronJob" and d["metadata"]["name"] == "backup")
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    folders = {e["name"]: e["value"] for e in container["env"]}["FILES_DIRS"].split()
    places = {m["mountPath"]: m["name"] for m in container["volumeMounts"]}
    claims = {v["name"]: v.get("persistentVolumeClaim", {}).get("claimName") for v in pod["volumes"]}
    named = {(claims[places[str(Path(f).parent)]], Path(f).name) for f in folders}
    assert named == {
        ("scraper-archive", ScraperSettings().archive_dir.name),
        ("data-hub-files", "storage"),
    }
