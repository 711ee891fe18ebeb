"""What may not be exported is in no part of an export."""

from __future__ import annotations

from hubs.data_hub.exports.licensing import Admission


def test_a_vote_that_may_not_be_exported_takes_its_ballots_with_it() -> None:
    terms = {"closed": {"reason": "not for export", "hidden": []}, "open": {"reason": "", "hidden": []}}
    for licence, ballots in (("closed", []), ("open", [{"name": "A"}])):
        record = {"key": "v", "licence": licence, "sources": [{"licence": licence}]}
        change = {"type": "vote_event", "key": "v", "record": record, "ballots": [{"name": "A"}]}
        admitted = Admission(terms).admit_change(change)
        assert admitted["ballots"] == ballots
        assert (admitted["record"] is None) == (licence == "closed")
