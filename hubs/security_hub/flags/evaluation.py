"""Evaluating a flag for a context: rules in order, sticky shares, and OFREP's reasons for the answer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hubs.security_hub.flags.schemas import Condition, FlagDefinition, Rule

BUCKETS = 100_000


class TargetingKeyMissing(ValueError):
    """A share must be decided and the context does not say for whom."""


@dataclass(frozen=True)
class CompiledFlag:
    """A flag ready to be evaluated."""

    key: str
    definition: FlagDefinition
    is_killed: bool
    is_public: bool
    salt: str
    version: int


@dataclass(frozen=True)
class Answer:
    """What a flag says to a context, and why (OFREP reasons)."""

    key: str
    value: Any
    variant: str
    reason: str
    version: int
    rule: str = ""


def evaluate(flag: CompiledFlag, context: Mapping[str, Any], environment: str) -> Answer:
    """Return a flag's answer.

    Raises: TargetingKeyMissing.
    """
    definition = flag.definition
    special = definition.environments.get(environment)
    if flag.is_killed or (special is not None and not special.is_enabled):
        return _answer(flag, definition.off, "DISABLED")
    rules = special.rules if special is not None and special.rules is not None else definition.rules
    for rule in rules:
        if rule.when is None or holds(rule.when, context):
            if rule.variant is not None:
                reason = "TARGETING_MATCH" if rule.when is not None else "STATIC"
                return _answer(flag, rule.variant, reason, rule.name)
            return _answer(flag, _share(flag, rule, context), "SPLIT", rule.name)
    default = special.default if special is not None and special.default else definition.default
    return _answer(flag, default, "STATIC")


def bucket_of(salt: str, value: str) -> int:
    """Return which of 100,000 buckets somebody is in; always the same one for a flag."""
    digest = hashlib.sha256(f"{salt}:{value}".encode(errors="replace")).digest()
    return int.from_bytes(digest[:8], "big") % BUCKETS


def holds(condition: Condition, context: Mapping[str, Any]) -> bool:
    """Tell whether a condition is true of a context; of what the context does not say, nothing but
    ``exists`` is.
    """
    if condition.all is not None:
        return all(holds(part, context) for part in condition.all)
    if condition.any is not None:
        return any(holds(part, context) for part in condition.any)
    if condition.not_ is not None:
        return not holds(condition.not_, context)
    assert condition.attribute is not None
    actual = _look_up(context, condition.attribute)
    if condition.op == "exists":
        return (actual is not None) is (condition.value is not False)
    return actual is not None and _compare(condition.op or "", actual, condition.value)


def _answer(flag: CompiledFlag, variant: str, reason: str, rule: str = "") -> Answer:
    return Answer(flag.key, flag.definition.variants[variant], variant, reason, flag.version, rule)


def _share(flag: CompiledFlag, rule: Rule, context: Mapping[str, Any]) -> str:
    who = _look_up(context, rule.by)
    if who is None or not isinstance(who, str | int) or who == "":
        raise TargetingKeyMissing(f"the context has no {rule.by}")
    bucket = bucket_of(flag.salt, str(who))
    assert rule.split is not None
    end = 0.0
    for variant, share in rule.split.items():
        # Shares grow from the start of the line: who had a variant keeps it while its share grows.
        end += share * BUCKETS / 100
        if bucket < round(end):
            return variant
    return next(variant for variant, share in reversed(rule.split.items()) if share > 0)


def _look_up(context: Mapping[str, Any], attribute: str) -> Any:
    if attribute in context:
        return context[attribute]
    found: Any = context
    for part in attribute.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found


def _compare(op: str, actual: Any, wanted: Any) -> bool:
    match op:
        case "eq":
            return _same(actual, wanted)
        case "ne":
            return not _same(actual, wanted)
        case "in":
            return any(_same(actual, item) for item in wanted)
        case "not_in":
            return not any(_same(actual, item) for item in wanted)
        case "starts_with":
            return isinstance(actual, str) and actual.startswith(str(wanted))
        case "ends_with":
            return isinstance(actual, str) and actual.endswith(str(wanted))
        case "contains":
            if isinstance(actual, list):
                return any(_same(item, wanted) for item in actual)
            return isinstance(actual, str) and str(wanted) in actual
        case "semver_ge" | "semver_lt":
            return _semver(op, actual, wanted)
        case _:
            return _order(op, actual, wanted)


def _same(left: Any, right: Any) -> bool:
    # JSON's true is not 1.
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)


def _order(op: str, actual: Any, wanted: Any) -> bool:
    is_number = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (actual, wanted))
    if not is_number and not (isinstance(actual, str) and isinstance(wanted, str)):
        return False
    return bool(
        {"gt": actual > wanted, "ge": actual >= wanted, "lt": actual < wanted, "le": actual <= wanted}[op]
    )


def _semver(op: str, actual: Any, wanted: Any) -> bool:
    try:
        left, right = _semver_key(str(actual)), _semver_key(str(wanted))
    except ValueError:
        return False
    return left >= right if op == "semver_ge" else left < right


def _semver_key(text: str) -> tuple[tuple[int, ...], int, tuple[tuple[int, int | str], ...]]:
    """Return a key that sorts as Semantic Versioning 2.0 orders versions.

    Raises: ValueError when it is none.
    """
    core, _, rest = text.partition("+")[0].removeprefix("v").partition("-")
    numbers = tuple(int(part) for part in core.split("."))
    if len(numbers) != 3 or any(number < 0 for number in numbers):
        raise ValueError(text)
    parts: tuple[tuple[int, int | str], ...] = ()
    for part in rest.split(".") if rest else ():
        parts = (*parts, (0, int(part)) if part.isascii() and part.isdigit() else (1, part))
    return numbers, 0 if rest else 1, parts
