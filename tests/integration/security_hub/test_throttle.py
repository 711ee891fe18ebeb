"""Counts of attempts that many sign-ins share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hubs.security_hub.throttle.service import Limit, Throttle


def test_sign_ins_that_share_counts_never_wait_for_each_other_crosswise(hub) -> None:
    throttle = hub.resources.get(Throttle)
    # The count of an address lies between those of two accounts: some lock it first, some last.
    shared = Limit("m" * 32, 100_000)
    own = [Limit(letter * 32, 100_000, is_own=True) for letter in "az"]

    def sign_in(number: int) -> None:
        limits = [own[number % 2], shared]
        throttle.attempt(limits)
        throttle.forgive(limits)

    with ThreadPoolExecutor(5) as pool:
        assert list(pool.map(sign_in, range(300))) == [None] * 300
