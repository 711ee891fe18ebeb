"""What a promotion keeps of the real record, and what a rollback is compared with."""

from __future__ import annotations

import json

import pytest

from hubs.business_hub.etl.trials import back_up, differs_from, lines_of
from shared.core.errors import Invalid
from tests.contract.business_hub.test_undoing import SOURCE, load, person

pytestmark = pytest.mark.filterwarnings("ignore:You should not use the 'timeout'")
VOTE = {
    "key": "import/x/vote/1", "organization_key": "import/x/body", "date": "2026-05-04", "result": "pass",
    "ballots": [{"name": "Ann", "option": "yes"}, {"name": "Bob", "option": "no"}],
    "sources": [SOURCE.model_dump()],
}  # fmt: skip


def test_only_the_keys_that_no_other_source_names_are_told_page_by_page(data_hub):
    load(data_hub, "import:x", *(person(n, f"P {n}") for n in range(5)))
    load(data_hub, "another", person(1, "P 1"))
    keys = [f"import/x/person/{n}" for n in (0, 2, 3, 4)]
    assert list(data_hub.source_keys("import:x", "person")) == keys
    assert list(data_hub.source_keys("import:x", "person", "import/x/person/3")) == [keys[2]]
    asked = {"source_id": "import:x", "kind": "person", "limit": 3}
    page = data_hub.request("GET", "/api/v1/source-keys", params=asked)
    assert page == {"keys": keys[:3], "after": keys[2]}
    rest = data_hub.request("GET", "/api/v1/source-keys", params={**asked, "after": page["after"]})
    assert rest == {"keys": keys[3:], "after": ""}
    with pytest.raises(Invalid):
        list(data_hub.source_keys("import:x", "unicorn"))


def test_a_backup_holds_what_stands_with_its_ballots_and_knows_what_differs(data_hub):
    from shared.contracts.legislation import VoteEventRecord

    first = VoteEventRecord.model_validate(VOTE)
    load(data_hub, "import:x", person(1, "Ann"), first)
    keys = {"person": ["import/x/person/1", "import/x/person/9"], "vote_event": ["import/x/vote/1"]}
    backup, _, count = back_up(data_hub, "import:x", keys)
    assert count == 2
    kept = {one["key"]: one["facts"] for one in map(json.loads, lines_of(backup))}
    assert kept["import/x/person/1"]["name"] == "Ann"
    assert [one["option"] for one in kept["import/x/vote/1"]["ballots"]] == ["yes", "no"]
    assert differs_from(data_hub, "import:x", backup) == 0
    changed = VoteEventRecord.model_validate(
        {**VOTE, "ballots": [{"name": "Ann", "option": "no"}, {"name": "Bob", "option": "no"}]}
    )
    run = load(data_hub, "import:x", changed)
    assert differs_from(data_hub, "import:x", backup) == 1
    data_hub.revert_run(run, "import:x")
    assert differs_from(data_hub, "import:x", backup) == 0
