"""Importer and record must know a record by the same hash, whoever writes its JSON."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hubs.business_hub.etl.service.uploads import stage_row
from shared.contracts.civic import SourceRef
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
    row = stage_row(new_id(), record, False)
    parsed = loads(row.body)
    sources = parsed.pop("sources")
    assert content_hash(dumps(parsed)) == row.hash
    assert sources == [SOURCE.model_dump(mode="json")]
    assert CandidacyRecord.model_validate(loads(row.body)).key == record.key
