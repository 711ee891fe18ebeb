"""Indicators of what is said and of meetings, on recorded documents, against sums that share nothing with SQL."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.integration.intelligence_hub.conftest import parsed, rebuilt, rows


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


def test_the_words_of_a_member_are_bare_of_markup(spoken) -> None:
    assert not any(re.search(r"[<>&]", word) for s in speeches_of(spoken)[:50] for word in words(s, "en"))
