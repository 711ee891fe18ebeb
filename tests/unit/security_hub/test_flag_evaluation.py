"""Flags evaluated: rules in order, shares that stick, comparisons that do not surprise."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hubs.security_hub.flags.evaluation import (
    BUCKETS,
    CompiledFlag,
    TargetingKeyMissing,
    bucket_of,
    evaluate,
    holds,
)
from hubs.security_hub.flags.schemas import Condition, FlagDefinition

ON_OFF = {"variants": {"on": True, "off": False}, "default": "off", "off": "off"}


def flag(definition: dict[str, Any], *, is_killed: bool = False, salt: str = "s") -> CompiledFlag:
    return CompiledFlag("f", FlagDefinition.model_validate(definition), is_killed, True, salt, 1)


def answer(
    definition: dict[str, Any], context: dict[str, Any], environment: str = "x", **more: Any
) -> tuple[Any, str]:
    found = evaluate(flag(definition, **more), context, environment)
    return found.value, found.reason


def test_the_first_rule_that_fits_decides() -> None:
    rules = [
        {"when": {"attribute": "role", "op": "eq", "value": "staff"}, "variant": "on"},
        {"when": {"attribute": "country", "op": "in", "value": ["CA", "FR"]}, "variant": "off"},
        {"variant": "on"},
    ]
    definition = {**ON_OFF, "rules": rules}
    assert answer(definition, {"role": "staff", "country": "CA"}) == (True, "TARGETING_MATCH")
    assert answer(definition, {"country": "CA"}) == (False, "TARGETING_MATCH")
    assert answer(definition, {}) == (True, "STATIC")


def test_the_kill_switch_and_a_disabled_environment_give_the_off_variant() -> None:
    definition = {**ON_OFF, "default": "on", "environments": {"production": {"is_enabled": False}}}
    assert answer(definition, {}) == (True, "STATIC")
    assert answer(definition, {}, is_killed=True) == (False, "DISABLED")
    assert answer(definition, {}, "production") == (False, "DISABLED")


def test_an_environment_has_rules_and_a_default_of_its_own() -> None:
    definition = {
        **ON_OFF,
        "rules": [{"variant": "on"}],
        "environments": {"production": {"rules": [], "default": "off"}},
    }
    assert answer(definition, {}, "embedded")[0] is True
    assert answer(definition, {}, "production")[0] is False


def test_a_share_sticks_and_only_grows() -> None:
    def who_is_in(share: float) -> set[str]:
        definition = {**ON_OFF, "rules": [{"split": {"on": share, "off": 100 - share}}]}
        people = [f"user-{n}" for n in range(4_000)]
        return {who for who in people if answer(definition, {"targetingKey": who})[0]}

    shares = [who_is_in(share) for share in (0, 10, 25, 60, 100)]
    assert all(smaller <= larger for smaller, larger in pairwise(shares))
    assert len(shares[0]) == 0
    assert len(shares[4]) == 4_000
    assert 300 < len(shares[1]) < 500
    assert 2_250 < len(shares[3]) < 2_550
    assert who_is_in(25) == shares[2]


def test_another_flag_divides_people_independently() -> None:
    both = sum(
        bucket_of("a", str(n)) < BUCKETS / 2 and bucket_of("b", str(n)) < BUCKETS / 2 for n in range(4_000)
    )
    assert 850 < both < 1_150


def test_a_share_needs_to_know_for_whom() -> None:
    definition = {**ON_OFF, "rules": [{"split": {"on": 50, "off": 50}}]}
    for context in ({}, {"targetingKey": ""}, {"targetingKey": None}, {"targetingKey": ["x"]}):
        with pytest.raises(TargetingKeyMissing):
            answer(definition, context)
    by_org = {**ON_OFF, "rules": [{"split": {"on": 100}, "by": "org.id"}]}
    assert answer(by_org, {"org": {"id": 7}}) == (True, "SPLIT")


@pytest.mark.parametrize(
    ("op", "value", "actual", "expected"),
    [
        ("eq", 1, True, False),
        ("eq", True, True, True),
        ("ne", "a", "b", True),
        ("in", ["a", "b"], "b", True),
        ("in", [1], True, False),
        ("not_in", ["a"], "b", True),
        ("gt", 3, 4, True),
        ("gt", 3, "4", False),
        ("ge", "b", "b", True),
        ("lt", 1.5, 1, True),
        ("le", 1, 2, False),
        ("starts_with", "a", "abc", True),
        ("ends_with", "c", "abc", True),
        ("contains", "b", "abc", True),
        ("contains", "b", ["a", "b"], True),
        ("contains", "b", 5, False),
        ("semver_ge", "1.10.0", "1.9.9", False),
        ("semver_ge", "1.2.3", "v1.2.3", True),
        ("semver_lt", "2.0.0", "2.0.0-rc.1", True),
        ("semver_lt", "2.0.0-rc.2", "2.0.0-rc.10", False),
        ("semver_ge", "1.0.0", "nonsense", False),
        ("exists", True, "x", True),
        ("exists", False, "x", False),
    ],
)
def test_a_comparison(op: str, value: Any, actual: Any, expected: bool) -> None:
    condition = Condition.model_validate({"attribute": "a", "op": op, "value": value})
    assert holds(condition, {"a": actual}) is expected


def test_of_what_the_context_does_not_say_nothing_is_true() -> None:
    for op, value in [("eq", 1), ("ne", 1), ("in", [1]), ("not_in", [1]), ("gt", 1), ("contains", "a")]:
        assert not holds(Condition.model_validate({"attribute": "a", "op": op, "value": value}), {"b": 1})
    assert holds(Condition.model_validate({"attribute": "a", "op": "exists", "value": False}), {})


def test_conditions_are_joined() -> None:
    a = {"attribute": "a", "op": "eq", "value": 1}
    b = {"attribute": "b", "op": "eq", "value": 2}
    for condition, expected in [({"all": [a, b]}, False), ({"any": [a, b]}, True), ({"not": b}, True)]:
        assert holds(Condition.model_validate(condition), {"a": 1}) is expected


@pytest.mark.parametrize(
    "definition",
    [
        {**ON_OFF, "default": "missing"},
        {**ON_OFF, "rules": [{"variant": "missing"}]},
        {**ON_OFF, "rules": [{"split": {"on": 50, "off": 40}}]},
        {**ON_OFF, "rules": [{"split": {"on": 100}, "variant": "on"}]},
        {**ON_OFF, "rules": [{}]},
        {**ON_OFF, "rules": [{"variant": "on", "when": {"attribute": "a"}}]},
        {**ON_OFF, "rules": [{"variant": "on", "when": {"attribute": "a", "op": "in", "value": "x"}}]},
        {**ON_OFF, "rules": [{"variant": "on", "when": {}}]},
        {**ON_OFF, "variants": {"on": True, "off": "no"}},
        {**ON_OFF, "environments": {"Production!": {}}},
    ],
)
def test_a_flag_that_makes_no_sense_is_refused(definition: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FlagDefinition.model_validate(definition)


@given(
    st.dictionaries(
        st.text(max_size=5),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda x: st.lists(x, max_size=3),
            max_leaves=5,
        ),
        max_size=4,
    ),
    st.text(max_size=5),
)
def test_no_context_makes_an_evaluation_fail(context: dict[str, Any], attribute: str) -> None:
    for op in ("eq", "gt", "contains", "semver_ge", "starts_with", "exists"):
        condition = {"attribute": attribute or "a", "op": op, "value": "1.2.3"}
        definition = {**ON_OFF, "rules": [{"when": condition, "variant": "on"}]}
        assert answer(definition, context)[0] in (True, False)
