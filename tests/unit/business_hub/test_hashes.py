"""Importer and record must know a record by the same hash, whoever writes its JSON."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hubs.business_hub.etl.normalise import normalise
from hubs.business_hub.etl.service.uploads import StageWriter
from shared.contracts.civic import Ballot, SourceRef
from shared.contracts.legislation import VoteEventRecord
from shared.contracts.people import CandidacyRecord
from shared.contracts.records import content_hash
from shared.core.clock import utc_now
from shared.core.ids import new_id
from shared.http.json import dumps, loads

SOURCE = SourceRef(url="https://x.ca/ü?a=1&b", retrieved_at=utc_now(), sha256="0" * 64, parser="t/1")


@given(
    st.text(max_size=20),
    st.none() | st.floats(0, 100, allow_nan=False),
    st.none() | st.integers(0, 2**53),
    st.none() | st.booleans(),
)
def test_the_hash_of_a_staged_record_is_that_of_its_parsed_bytes(name, share, votes, is_elected):
    record = CandidacyRecord(
        key="a/b/c",
        election_key="a/b/d",
        name=f"x{name}".replace("\x00", ""),
        division_name_en='D/\\"é',
        votes=votes,
        vote_share=share,
        is_elected=is_elected,
        sources=(SOURCE,),
    )
    row = StageWriter(new_id()).row(record, is_partial=False)
    parsed = loads(row.body)
    sources = parsed.pop("sources")
    assert content_hash(dumps(parsed)) == row.hash
    assert sources == [SOURCE.model_dump(mode="json")]
    assert CandidacyRecord.model_validate(loads(row.body)).key == record.key


TEXTS = st.text(max_size=12) | st.sampled_from(["  two", '"ballots":[]', "e\u0301", "\u00a0", "a\tb", "\\"])
BALLOTS = st.builds(
    Ballot,
    name=TEXTS.map(lambda text: f"x{text}".replace("\x00", "")),
    option=st.sampled_from(["yes", "no"]),
    party=TEXTS.map(lambda text: text.replace("\x00", "")),
)


@given(st.lists(st.lists(BALLOTS, max_size=4), min_size=1, max_size=3), TEXTS)
def test_votes_that_share_ballots_are_written_as_if_each_were_alone(sheets, motion):
    writer = StageWriter(new_id())
    everybody = [ballot for sheet in sheets for ballot in sheet]
    for sheet in (*sheets, everybody, []):
        record = VoteEventRecord(
            key="a/b/c",
            organization_key="a/b/d",
            session="44-1",
            date="2026-01-02",
            result="pass",
            motion_en=motion.replace("\x00", ""),
            ballots=sheet,
            sources=(SOURCE,),
        )
        whole = normalise(record.model_dump_json(exclude={"sources"}).encode())
        row = writer.row(record, is_partial=False)
        parsed = loads(row.body)
        parsed.pop("sources")
        assert dumps(parsed) == dumps(loads(whole))
        assert content_hash(dumps(parsed)) == row.hash
        assert list(parsed) == list(loads(whole))
