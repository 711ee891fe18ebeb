"""Indicators of what is said and of meetings, on recorded documents, against sums that share nothing with SQL."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median_low
from uuid import UUID

import pytest
from sqlalchemy.orm import Session, sessionmaker

from hubs.intelligence_hub.analytics.loading import FactKeeper
from hubs.intelligence_hub.analytics.service import build
from services.scraper.parse_command import ParseReport, parse_files
from shared.contracts.events.importing import ImportFinishedV1, KindReport
from shared.contracts.events.scraping import ScrapeFinishedV1, ScrapeProblem
from shared.db.session import transaction
from tests.integration.intelligence_hub.conftest import DataHub, rows


def parsed(source: str, *paths: Path) -> list:
    return list(parse_files(source, paths, ParseReport()))


@pytest.fixture(scope="module")
def spoken(samples: Path) -> list:
    folder = samples / "ourcommons"
    return [
        *parsed("ca-federal-debates", folder / "hansard" / "44-1-200-en.xml"),
        *parsed("ca-federal-debates", folder / "hansard" / "44-1-196-en.xml"),
        *parsed(
            "ca-federal-debates", folder / "hansard" / "42-1-2-en.xml", folder / "hansard" / "42-1-2-fr.xml"
        ),
        *parsed("ca-federal-evidence", folder / "committee_evidence" / "12324877-en.xml"),
        *parsed("ca-federal-evidence", folder / "committee_evidence" / "5895073-fr.xml"),
    ]


def rebuilt(sessions: sessionmaker[Session], hub: DataHub) -> FactKeeper:
    keeper = FactKeeper(sessions, hub)  # type: ignore[arg-type]
    keeper.rebuild()
    return keeper


def speeches_of(records: list, *, procedural: bool = False) -> list:
    latest = {record.key: record for record in records if record.kind == "speech"}
    return [s for s in latest.values() if procedural or not s.is_procedural]


def member_of(speech) -> str:
    return speech.person_key or f"name:{speech.speaker_name}"


def words(speech, lang: str) -> list[str]:
    """Words by a scan of characters, not by the expression of the code."""
    text = "\n".join(getattr(p, f"text_{lang}") for p in speech.paragraphs)
    found, word = [], ""
    for index, char in enumerate(f"{text} "):
        joins = char in "'\u2019-\u2011" and word and text[index + 1 : index + 2].isalpha()
        if char.isalpha() or joins:
            word += {"\u2019": "'", "\u2011": "-"}.get(char, char)
        elif word:
            found.append(word.lower())
            word = ""
    return found


ELIDED = ("c'", "d'", "j'", "l'", "m'", "n'", "s'", "t'", "qu'", "jusqu'", "lorsqu'", "puisqu'", "quoiqu'")


def counted(speech, lang: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for word in words(speech, lang):
        if lang == "en":
            bare = word[:-2] if word.endswith("'s") else word
        else:
            bare = next((word[len(e) :] for e in ELIDED if word.startswith(e)), word)
        if len(bare) > 1:
            counts[bare] += 1
    return counts


def minutes_by_speech(records: list) -> dict[str, float]:
    by_debate: dict[str, list] = defaultdict(list)
    for speech in speeches_of(records, procedural=True):
        by_debate[speech.debate_key].append(speech)
    found: dict[str, float] = {}
    for speeches in by_debate.values():
        stamps = sorted({s.time for s in speeches if s.time})
        for stamp, following in itertools.pairwise(stamps):
            if following - stamp > timedelta(minutes=30):
                continue
            inside = [s for s in speeches if s.time == stamp]
            total = sum(len(words(s, "en")) for s in inside)
            for s in inside:
                if total:
                    share = len(words(s, "en")) / total
                    found[s.key] = (following - stamp).total_seconds() / 60 * share
    return found


def test_words_and_minutes_of_members_of_recorded_debates(spoken, sessions, data_hub) -> None:
    data_hub.put_records(spoken)
    rebuilt(sessions, data_hub)
    expected: dict[str, list[float]] = defaultdict(lambda: [0, 0, 0, 0])
    minutes = minutes_by_speech(spoken)
    for speech in speeches_of(spoken):
        sums = expected[member_of(speech)]
        sums[0] += 1
        sums[1] += len(words(speech, "en"))
        sums[2] += len(words(speech, "fr"))
        sums[3] += minutes.get(speech.key, 0)
    found = {r["member"]: r for r in rows(sessions, "speaking-time")}
    assert {m: (r["speeches"], r["words_en"], r["words_fr"]) for m, r in found.items()} == {
        m: tuple(sums[:3]) for m, sums in expected.items()
    }
    assert {m: r["minutes"] or 0 for m, r in found.items()} == {
        m: pytest.approx(sums[3], abs=0.051) for m, sums in expected.items()
    }
    # A sitting of most of a day: what is timed adds up to hours, not to minutes or weeks.
    assert 600 < sum(sums[3] for sums in expected.values()) < 3_000


def test_debates_in_numbers(spoken, sessions, data_hub) -> None:
    data_hub.put_records(spoken)
    rebuilt(sessions, data_hub)
    expected: dict[str, list] = defaultdict(lambda: [0, set(), 0, 0])
    for speech in speeches_of(spoken, procedural=True):
        sums = expected[speech.debate_key]
        sums[0] += 1
        sums[1].add(member_of(speech))
        sums[2] += len(words(speech, "en"))
        sums[3] += len(words(speech, "fr"))
    assert {
        r["debate"]: (r["speeches"], r["speakers"], r["words_en"], r["words_fr"])
        for r in rows(sessions, "debate-activity")
    } == {key: (n, len(who), en, fr) for key, (n, who, en, fr) in expected.items()}


def log_odds(ours: Counter[str], everybody: Counter[str]) -> dict[str, tuple[int, float, float]]:
    """Monroe, Colaresi and Quinn (2008), equations 16, 20 and 22."""
    n_all, n_ours = sum(everybody.values()), sum(ours.values())
    n_rest = n_all - n_ours
    found = {}
    for word, y in ours.items():
        if y < 2:
            continue
        z = everybody[word] - y
        a = 1000 * everybody[word] / n_all
        ours_odds = (y + a) / (n_ours + 1000 - y - a)
        rest_odds = (z + a) / (n_rest + 1000 - z - a)
        delta = math.log(ours_odds) - math.log(rest_odds)
        found[word] = (y, delta, delta / math.sqrt(1 / (y + a) + 1 / (z + a)))
    return found


def chamber(records: list, organization: str, lang: str) -> Counter[str]:
    debates = {r.key for r in records if r.kind == "debate" and r.organization_key == organization}
    total: Counter[str] = Counter()
    for speech in speeches_of(records):
        if speech.debate_key in debates:
            total += counted(speech, lang)
    return total


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_words_that_set_a_member_and_a_debate_apart(spoken, sessions, data_hub, lang: str) -> None:
    data_hub.put_records(spoken)
    rebuilt(sessions, data_hub)
    everybody = chamber(spoken, "ca/house", lang)
    by_member: dict[str, Counter[str]] = defaultdict(Counter)
    by_debate: dict[str, Counter[str]] = defaultdict(Counter)
    house = {r.key for r in spoken if r.kind == "debate" and r.organization_key == "ca/house"}
    for speech in speeches_of(spoken):
        if speech.debate_key in house:
            by_member[member_of(speech)] += counted(speech, lang)
            by_debate[speech.debate_key] += counted(speech, lang)
    member = max(by_member, key=lambda m: sum(by_member[m].values()))
    debate = max(by_debate, key=lambda d: sum(by_debate[d].values()) if "42-1" in d else 0)
    for name, key, target in (
        ("member-words", {"member": member}, by_member[member]),
        ("debate-words", {"debate": debate}, by_debate[debate]),
    ):
        found = rows(sessions, name, lang=lang, organization="ca/house", **key) if name == "member-words" else rows(
            sessions, name, lang=lang, **key
        )  # fmt: skip
        expected = log_odds(target, everybody)
        assert len(expected) > 50
        assert {r["word"]: (r["said"], r["log_odds"], r["z_score"]) for r in found} == {
            word: (y, pytest.approx(delta, abs=2e-4), pytest.approx(z, abs=2e-4))
            for word, (y, delta, z) in expected.items()
        }
        assert found == sorted(found, key=lambda r: -r["z_score"]) or len(
            {r["z_score"] for r in found}
        ) < len(found)


def test_french_elisions_and_english_possessives_make_no_words_of_their_own(sessions) -> None:
    from hubs.intelligence_hub.analytics.words import count_words

    assert count_words("L’eau qu’il boit, aujourd’hui; l'État", "fr") == (
        5,
        {"eau": 1, "il": 1, "boit": 1, "aujourd'hui": 1, "état": 1},
    )
    assert count_words("The Speaker's chair, the co-chair's 2 votes", "en")[1] == {
        "the": 2,
        "speaker": 1,
        "chair": 1,
        "co-chair": 1,
        "votes": 1,
    }


def test_activity_of_committees_and_councils(samples: Path, spoken, sessions, data_hub) -> None:
    ottawa = samples / "municipal" / "escribe_ottawa"
    meetings = parsed("ca-on-ottawa-meetings", *sorted(ottawa.iterdir()))
    data_hub.put_records([*spoken, *meetings])
    data_hub.put(
        "event",
        [
            a_meeting(1, "ca/house/committee/x", starts="2024-02-01T15:30:00Z", ends="2024-02-01T17:00:00Z"),
            a_meeting(2, "ca/house/committee/x", starts="2024-02-08T15:30:00Z"),
            a_meeting(3, "ca/house/committee/x", status="cancelled"),
        ],
    )
    data_hub.put(
        "organization",
        [
            {
                "key": "ca/house/committee/x",
                "jurisdiction": "ocd-jurisdiction/country:ca/legislature",
                "name_en": "Committee X",
                "name_fr": "Comité X",
                "classification": "committee",
            }
        ],
    )
    rebuilt(sessions, data_hub)
    committees = {r["organization"]: r for r in rows(sessions, "committee-activity")}
    x = committees["ca/house/committee/x"]
    assert (x["meetings"], x["cancelled"], x["meetings_with_times"], x["hours"]) == (2, 1, 1, 1.5)
    assert x["last_met"] == date(2024, 2, 8)
    evidence = {r.key: r for r in spoken if r.kind == "debate" and r.document_type == "evidence"}
    assert sum(c["evidence"] for c in committees.values()) == len(evidence)
    expected_words: Counter[str] = Counter()
    for speech in speeches_of(spoken, procedural=True):
        if speech.debate_key in evidence:
            expected_words[evidence[speech.debate_key].organization_key] += len(words(speech, "en"))
    assert {key: c["words_en"] for key, c in committees.items() if c["evidence"]} == expected_words

    latest = {r.key: r for r in meetings if r.kind == "event"}
    held: Counter[str] = Counter()
    items = motions = 0
    for event in latest.values():
        held[event.status == "cancelled"] += 1
        items += len(event.agenda)
        motions += sum(len(item.motions) for item in event.agenda)
    found = rows(sessions, "municipal-meetings")
    assert sum(r["meetings"] for r in found) == held[False] > 100
    assert sum(r["cancelled"] for r in found) == held[True]
    assert (sum(r["agenda_items"] for r in found), sum(r["motions"] for r in found)) == (items, motions)
    assert items > 0


def a_meeting(
    number: int, organization: str, starts: str | None = None, ends: str | None = None, **more
) -> dict:
    return {
        "key": f"ca/house/meeting/{number}",
        "jurisdiction": "ocd-jurisdiction/country:ca/legislature",
        "organization_key": organization,
        "body_name": "",
        "name_en": "Meeting",
        "session": "44-1",
        "status": "confirmed",
        "classification": "meeting",
        "start_date": (starts or "2024-02-15")[:10],
        "starts_at": starts,
        "ends_at": ends,
        "agenda": [],
        **more,
    }


def test_bills_of_a_recorded_session(samples: Path, sessions, data_hub) -> None:
    records = parsed(
        "ca-federal-bills",
        samples / "legisinfo" / "bills_list" / "bills_44-1.xml",
        samples / "legisinfo" / "bills_list" / "bills_43-2.xml",
    )
    data_hub.put_records(records)
    rebuilt(sessions, data_hub)
    bills = list({r.key: r for r in records if r.kind == "bill"}.values())
    assert len(bills) > 500

    for kind, is_government in (("government", True), ("other", False)):
        mine = [b for b in bills if b.is_government is is_government]
        days = [
            (b.royal_assent_on - b.introduced_on).days for b in mine if b.royal_assent_on and b.introduced_on
        ]
        found = next(r for r in rows(sessions, "bill-outcome") if r["kind"] == kind)
        assert (found["introduced"], found["became_law"]) == (
            len(mine),
            sum(b.royal_assent_on is not None for b in mine),
        )
        assert found["median_days_to_law"] == (median_low(days) if days else None)

        # Kaplan and Meier by their definition.
        watched = []
        for b in mine:
            end = b.royal_assent_on or b.latest_activity_on
            if b.introduced_on and end:
                watched.append((max(0, (end - b.introduced_on).days), b.royal_assent_on is not None))
        survival, expected = 1.0, {}
        for day in sorted({d for d, is_law in watched if is_law}):
            risk = sum(d >= day for d, _ in watched)
            law = sum(d == day and is_law for d, is_law in watched)
            survival *= 1 - law / risk
            expected[day] = (risk, law, survival)
        curve = {r["days"]: r for r in rows(sessions, "bill-survival") if r["kind"] == kind}
        assert {d: (r["at_risk"], r["became_law"], r["not_yet_law"]) for d, r in curve.items()} == {
            d: (risk, law, pytest.approx(s, abs=1e-4)) for d, (risk, law, s) in expected.items()
        }

    times: dict[tuple[str, str], list[int]] = defaultdict(list)
    for b in bills:
        last = {}
        for stage in b.stages:
            if stage.date and b.introduced_on:
                key = (stage.chamber, stage.code)
                last[key] = max(last.get(key, stage.date), stage.date)
        for key, day in last.items():
            times[key].append((day - b.introduced_on).days)
    assert {
        (r["chamber"], r["stage"]): (r["bills"], r["median_days"]) for r in rows(sessions, "bill-stage-times")
    } == {key: (len(days), median_low(days)) for key, days in times.items()}

    private: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for b in bills:
        if b.is_private_member:
            sums = private[b.session, b.chamber]
            sums[0] += 1
            sums[1] += any(
                s.code == "third-reading" and s.chamber == b.chamber and s.date and s.state == "Completed"
                for s in b.stages
            )
            sums[2] += b.royal_assent_on is not None
    assert private
    assert {
        (r["session"], r["chamber"]): [r["introduced"], r["passed_first_chamber"], r["became_law"]]
        for r in rows(sessions, "private-member-success")
    } == private
    sponsors = Counter((b.sponsors[0].person_key or b.sponsors[0].name) for b in bills if b.sponsors)
    assert sum(r["bills"] for r in rows(sessions, "sponsorship")) == sum(sponsors.values())
    statuses = Counter(b.status_code for b in bills)
    assert {r["status"]: r["bills"] for r in rows(sessions, "bills-by-status")} == statuses


RUN = UUID(int=7)


def a_scrape(run: UUID = RUN, **more) -> ScrapeFinishedV1:
    given = {
        "producer": "scraper",
        "job_id": run,
        "run_id": run,
        "source_id": "ca-federal-bills",
        "outcome": "succeeded",
        "counts": {"bill": 40, "session": 2},
        "pages": 21,
        "problems": (ScrapeProblem(code="x", detail="y"),),
        "started_at": datetime(2026, 1, 1, tzinfo=UTC),
        "finished_at": datetime(2026, 1, 1, 1, tzinfo=UTC),
        **more,
    }
    return ScrapeFinishedV1(**given)


def an_import(run: UUID = RUN, **more) -> ImportFinishedV1:
    given = {
        "producer": "importer",
        "job_id": run,
        "run_id": run,
        "source_id": "ca-federal-bills",
        "outcome": "succeeded",
        "report": {
            "bill": KindReport(inserted=30, updated=10, tombstoned=1),
            "session": KindReport(inserted=2),
        },
        **more,
    }
    return ImportFinishedV1(**given)


@pytest.mark.parametrize("order", [1, -1])
def test_yield_of_sources_whichever_event_comes_first(sessions, order: int) -> None:
    events = [
        a_scrape(),
        an_import(),
        a_scrape(UUID(int=8), outcome="failed", counts={}, pages=1, problems=()),
        a_scrape(UUID(int=9), is_dry_run=True),
    ]
    for _ in range(2):
        with transaction(sessions) as session:
            for event in events[::order]:
                build(session).note(event)
    (found,) = rows(sessions, "scrape-yield")
    assert found == {
        "source": "ca-federal-bills",
        "runs": 2,
        "scraped": 1,
        "imported": 1,
        "records": 42,
        "inserted": 32,
        "updated": 10,
        "tombstoned": 1,
        "problems": 1,
        "pages": 22,
        "records_per_page": 1.91,
        "last_run_at": datetime(2026, 1, 1, 1, tzinfo=UTC),
    }


def test_freshness_is_that_of_the_records_coverage(sessions, data_hub) -> None:
    now = datetime.now(UTC)
    data_hub.coverage = [
        {
            "jurisdiction": "ocd-jurisdiction/country:ca/legislature",
            "type": kind,
            "count": 5,
            "first_date": "2020-01-01",
            "last_date": None,
            "as_of": as_of,
            "promise_hours": 24,
        }
        for kind, as_of in (
            ("bill", (now - timedelta(hours=3)).isoformat()),
            ("person", (now - timedelta(hours=30)).isoformat()),
            ("event", None),
        )
    ]
    rebuilt(sessions, data_hub)
    found = {r["type"]: r for r in rows(sessions, "freshness")}
    assert {kind: r["is_stale"] for kind, r in found.items()} == {
        "bill": False,
        "person": True,
        "event": True,
    }
    assert found["bill"]["hours_since_read"] == pytest.approx(3, abs=0.11)
    assert found["bill"]["first_date"] == date(2020, 1, 1)


def test_facts_kept_from_changes_equal_facts_rebuilt_from_scratch(
    spoken, samples, sessions, data_hub
) -> None:
    import random

    from hubs.intelligence_hub.analytics.definitions import INDICATORS
    from tests.integration.intelligence_hub.test_indicators import as_votes

    chance = random.Random(3)
    keeper = FactKeeper(sessions, data_hub)
    few = [r for r in spoken if r.kind != "speech"] + [r for r in spoken if r.kind == "speech"][::5]
    data_hub.put_records(few)
    data_hub.put("vote_event", as_votes(samples))
    keeper.catch_up()
    keys = sorted(key for key in data_hub.items if key[0] in ("speech", "vote_event", "debate"))
    for kind, key in chance.sample(keys, 120):
        item = dict(data_hub.items[kind, key])
        if kind == "speech" and chance.random() < 0.5:
            item["paragraphs"] = [
                *item["paragraphs"][:1],
                {"text_en": "budget budget deficit", "text_fr": "l’eau"},
            ]
        elif kind == "vote_event":
            item["ballots"] = [*item["ballots"][5:], {**item["ballots"][0], "option": "no"}]
        elif chance.random() < 0.7:
            data_hub.remove(kind, key)
            continue
        data_hub.put(kind, [item])
        if chance.random() < 0.1:
            keeper.catch_up()
    keeper.catch_up()
    speaker = rows(sessions, "speaking-time")[0]["member"]
    debate = rows(sessions, "debate-activity")[0]["debate"]
    needed = {"member": speaker, "debate": debate, "party": "Liberal"}

    def everything() -> dict[str, list[dict]]:
        return {
            name: rows(sessions, name, **{key: needed[key] for key in indicator.required})
            for name, indicator in INDICATORS.items()
        }

    kept = everything()
    assert kept["member-words"]
    keeper.rebuild()
    assert everything() == kept


def test_readers_see_the_facts_of_before_until_a_rebuild_is_done(sessions, data_hub, samples) -> None:
    from shared.core.errors import Unavailable
    from tests.integration.intelligence_hub.test_indicators import as_votes

    data_hub.put("vote_event", as_votes(samples))
    keeper = rebuilt(sessions, data_hub)
    before = rows(sessions, "party-unity")
    assert before
    real = data_hub.list

    def breaks(collection: str, **params):
        if collection == "debates":
            assert rows(sessions, "party-unity") == before
            raise Unavailable("data_hub is away")
        return real(collection, **params)

    data_hub.list = breaks
    with pytest.raises(Unavailable):
        keeper.rebuild()
    assert rows(sessions, "party-unity") == before


def test_the_words_of_a_member_are_bare_of_markup(spoken) -> None:
    assert not any(re.search(r"[<>&]", word) for s in speeches_of(spoken)[:50] for word in words(s, "en"))
