"""The registry of jurisdictions: complete, honest about what was checked, and aware of elections."""

from __future__ import annotations

import csv
from datetime import date

import pytest

from services.scraper.catalogue import render
from services.scraper.registry import parser_of
from services.scraper.sources import registry
from services.scraper.terms import csv_stale, latest_election, standing

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def rows(samples):
    path = samples.parent / "jurisdictions.csv"
    if not path.exists():
        pytest.skip("no list of jurisdictions beside the recorded documents")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_jurisdiction_of_the_list_has_an_entry_with_a_source(rows):
    known = registry()
    assert len(rows) == 122
    missing = []
    for row in rows:
        entry = known.jurisdictions.get(row["dir"].replace("_", "-"))
        if entry is None or entry.division_id != row["ocd_division_id"]:
            missing.append(row["dir"])
        elif not any(source.jurisdiction.id == entry.id for source in known.list()):
            missing.append(f"{row['dir']}: no source")
    assert missing == []
    assert len(known.jurisdictions) >= 124


def test_no_blocked_unverified_or_stale_source_keeps_its_reason_to_itself():
    for source in registry().list():
        if source.status != "active" and source.jurisdiction.id != "ca":
            assert source.reason.endswith("."), source.id


def test_what_nobody_checked_is_never_called_active(samples):
    for source in registry().list():
        if source.status == "active":
            assert source.verified_with, source.id
        if source.verified_with:
            assert (samples / source.verified_with).is_file(), source.id


def test_every_entry_has_both_names_ids_and_a_plausible_range(samples):
    with (samples / "ocd/country-ca.csv").open(encoding="utf-8", newline="") as file:
        divisions = {row["id"] for row in csv.DictReader(file)}
    for entry in registry().jurisdictions.values():
        assert entry.name_en
        assert entry.name_fr
        if entry.id != "example-town":
            assert entry.division_id in divisions, entry.id
            assert entry.ocd_id.startswith(entry.division_id.replace("division", "jurisdiction", 1)), entry.id
    for source in registry().list():
        if source.id.endswith(("-council", "-members")) and not source.id.startswith("example-"):
            low, high = source.expect["person"]
            assert 1 <= low < high <= 400, source.id


def test_start_documents_name_steps_and_addresses_without_open_parameters():
    for source in registry().list():
        if not source.parser:
            continue
        for fetch in parser_of(source).start(source):
            assert fetch.url.startswith(("https://", "http://")), source.id
            assert "$" not in fetch.url, source.id


def test_the_page_of_sources_is_current(pytestconfig):
    page = pytestconfig.rootpath / "docs" / "sources.md"
    assert page.read_text(encoding="utf-8") == render(registry()), (
        "python -m services.scraper.catalogue > docs/sources.md"
    )


@pytest.mark.parametrize(
    ("source_id", "day"),
    [
        ("ca-on-toronto-council", date(2026, 10, 26)), ("ca-bc-vancouver-council", date(2026, 10, 17)),
        ("ca-mb-winnipeg-council", date(2026, 10, 28)), ("ca-qc-montreal-council", date(2025, 11, 2)),
        ("ca-ns-halifax-council", date(2024, 10, 19)), ("ca-qc-members", date(2026, 10, 5)),
        ("ca-on-members", date(2025, 2, 27)),
    ],
)  # fmt: skip
def test_the_last_general_election_is_known(source_id, day):
    assert latest_election(registry().get(source_id).jurisdiction, TODAY) == day


def test_a_list_last_read_before_an_election_is_stale_and_before_that_day_it_is_not():
    source = registry().get("ca-on-ottawa-council").model_copy(
        update={"status": "active", "reason": "", "checked_on": date(2026, 9, 1)}
    )  # fmt: skip
    assert standing(source, date(2026, 10, 1)) == ("active", "")
    status, reason = standing(source, TODAY)
    assert status == "stale"
    assert "2026-10-26" in reason
    assert standing(source.model_copy(update={"checked_on": date(2026, 11, 20)}), TODAY) == ("active", "")


def test_an_unverified_source_stays_unverified_but_says_that_an_election_came_after():
    source = registry().get("ca-on-ottawa-council").model_copy(update={"checked_on": date(2026, 9, 1)})
    status, reason = standing(source, TODAY)
    assert status == "unverified"
    assert "general election" in reason


@pytest.mark.parametrize(
    ("url", "modified", "is_stale"),
    [
        ("https://x/2022-2026%20Elected%20Officials.csv", None, True), ("https://x/council2019.csv", None, True),
        ("https://x/2026-2030-council.csv", None, False), ("https://x/council-2026.csv", None, False),
        ("https://x/council.csv", None, False), ("https://x/council.csv", date(2026, 9, 30), True),
        ("https://x/council.csv", date(2026, 11, 20), False), ("https://x/Council_Contact_1489158215873276683.csv", None, False),
    ],
)  # fmt: skip
def test_a_file_of_a_term_that_ended_is_stale(url, modified, is_stale):
    jurisdiction = registry().get("ca-on-toronto-council").jurisdiction
    assert bool(csv_stale(jurisdiction, TODAY, url=url, modified=modified)) is is_stale


def test_a_list_unchanged_for_over_a_year_is_stale_without_an_election():
    jurisdiction = registry().get("ca-ns-halifax-council").jurisdiction
    assert csv_stale(jurisdiction, TODAY, modified=date(2025, 11, 1))
    assert not csv_stale(jurisdiction, TODAY, modified=date(2025, 12, 1))


def test_a_list_whose_name_tells_an_ended_term_raises_an_alarm_when_it_is_read(make_document, parse):
    from datetime import UTC, datetime

    url = "https://x.ca/2022-2026%20Elected%20Officials%20Contact%20Info.csv"
    body = "District name,Primary role,First name,Last name\nWard 1,Councillor,Ana,Li\n"
    for day, codes in (
        (datetime(2026, 11, 23, tzinfo=UTC), ["csv-stale"]),
        (datetime(2026, 9, 1, tzinfo=UTC), []),
    ):
        document = make_document("ca-on-toronto-council", body, url, step="represent_csv", retrieved_at=day)
        assert [problem.code for problem in parse(document).problems] == codes
