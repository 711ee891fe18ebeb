"""The cache: one behaviour, in memory and in a real Redis, and none of its failures is the caller's."""

import time
from collections.abc import Iterator

import pytest

from shared.cache import Cache, MemoryCache, RedisCache, create_cache
from shared.settings import HubSettings, RedisSettings
from shared.testing.ports import free_port
from shared.testing.processes import wait_until
from shared.testing.servers import RealRedis


def settings(url: str) -> HubSettings:
    return HubSettings(redis=RedisSettings(url=url))


@pytest.fixture(params=["memory", "redis"])
def cache(request: pytest.FixtureRequest) -> Iterator[Cache]:
    url = ""
    if request.param == "redis":
        url = request.getfixturevalue("redis_server").url
    cache = create_cache(settings(url))
    cache.clear()
    yield cache
    cache.close()


@pytest.mark.parametrize("value", [0, "", False, [], {}, None, "né", {"a": [1, 2.5, None]}])
def test_a_value_comes_back_as_it_went(cache: Cache, value: object) -> None:
    assert cache.set("k", value)
    assert cache.get("k", "missing") == value


def test_what_is_not_there_is_the_default(cache: Cache) -> None:
    assert cache.get("k") is None
    assert cache.get("k", 7) == 7
    assert cache.ttl("k") is None
    assert cache.delete("k") is False


def test_a_value_lives_as_long_as_it_was_given(cache: Cache) -> None:
    cache.set("short", 1, ttl=0.2)
    cache.set("long", 2, ttl=60)
    left = cache.ttl("long")
    assert left is not None
    assert 50 < left <= 60
    wait_until(lambda: cache.get("short") is None, timeout=10)
    assert cache.ttl("short") is None
    assert cache.get("long") == 2
    assert cache.set("never", 1, ttl=0) is False
    assert cache.get("never") is None


def test_a_new_value_replaces_the_old_one_and_its_lifetime(cache: Cache) -> None:
    cache.set("k", 1, ttl=5)
    cache.set("k", 2, ttl=500)
    assert cache.get("k") == 2
    assert (cache.ttl("k") or 0) > 100


def test_namespaces_do_not_see_each_other_and_are_cleared_alone(cache: Cache) -> None:
    bills, votes = cache.namespace("bills"), cache.namespace("votes")
    for n in range(1200):
        bills.set(f"k{n}", n)
    votes.set("k1", "a vote")
    bills.namespace("drafts").set("k1", "a draft")
    assert votes.get("k1") == "a vote"
    assert bills.clear() == 1201
    assert bills.get("k1") is None
    assert bills.namespace("drafts").get("k1") is None
    assert votes.get("k1") == "a vote"


@pytest.mark.parametrize("name", ["", "a:b", "a*", "[ab]", "a b"])
def test_a_namespace_that_could_reach_into_another_is_refused(cache: Cache, name: str) -> None:
    with pytest.raises(ValueError, match="namespace"):
        cache.namespace(name)


def test_keys_with_pattern_characters_are_only_themselves(cache: Cache) -> None:
    cache.set("a*", 1)
    cache.set("ab", 2)
    assert cache.delete("a*")
    assert cache.get("ab") == 2


def test_statistics_count_what_happened(cache: Cache) -> None:
    part = cache.namespace("counted")
    part.get("k")
    part.set("k", 1)
    part.get("k")
    part.get("k")
    part.delete("k")
    part.set("j", 1)
    stats = part.stats()
    assert (stats.hits, stats.misses, stats.sets, stats.deletes, stats.errors) == (2, 1, 2, 1, 0)
    assert stats.entries == 1
    assert stats.hit_ratio == pytest.approx(2 / 3)


def test_what_is_not_json_is_refused_in_both(cache: Cache) -> None:
    with pytest.raises(TypeError):
        cache.set("k", object())


def test_memory_is_bounded_and_forgets_what_was_used_longest_ago() -> None:
    cache = MemoryCache(max_entries=3)
    for key in "abc":
        cache.set(key, key)
    cache.get("a")
    cache.set("d", "d")
    assert [cache.get(key) for key in "abcd"] == ["a", None, "c", "d"]
    assert cache.stats().evictions == 1


def test_memory_is_bounded_in_bytes_over_all_namespaces() -> None:
    cache = MemoryCache(max_bytes=1000)
    one, other = cache.namespace("one"), cache.namespace("other")
    assert one.set("k", "x" * 600)
    assert other.set("k", "y" * 600)
    assert one.get("k") is None
    assert one.set("huge", "z" * 2000) is False
    assert other.get("k") == "y" * 600
    for n in range(100):
        one.set("same", "w" * n)
    assert cache.stats().entries is not None


def test_time_in_memory_is_the_clocks() -> None:
    now = [100.0]
    cache = MemoryCache(clock=lambda: now[0])
    cache.set("k", 1, ttl=10)
    now[0] = 109.9
    assert cache.get("k") == 1
    now[0] = 110.0
    assert cache.get("k") is None
    assert cache.stats().entries == 0


def test_a_redis_that_was_never_there_is_an_empty_cache() -> None:
    cache = create_cache(settings(f"redis://127.0.0.1:{free_port()}/0"))
    assert cache.set("k", 1) is False
    assert cache.get("k", "default") == "default"
    assert cache.delete("k") is False
    assert cache.ttl("k") is None
    assert cache.clear() == 0
    stats = cache.stats()
    assert stats.entries is None
    assert stats.errors == 1  # the first; the others did not ask again
    cache.close()


def test_a_redis_that_goes_away_is_a_miss_and_is_used_again_when_it_is_back() -> None:
    server = RealRedis()
    now = [0.0]
    try:
        server.start()
        real = create_cache(settings(server.url))
        assert isinstance(real, RedisCache)
        cache = RedisCache(real._client, cool_down=5, clock=lambda: now[0])
        part = cache.namespace("part")
        assert part.set("k", 1)
        server.kill()
        assert part.get("k") is None
        started = time.monotonic()
        for _ in range(1000):
            assert cache.get("k") is None  # its circuit is the same
        assert time.monotonic() - started < 5
        assert part.stats().errors == 1
        assert cache.stats().errors == 0
        server.start()
        assert part.set("k", 2) is False  # still cooling down
        now[0] = 5.0
        assert part.set("k", 2)
        assert part.get("k") == 2
        real.close()
    finally:
        server.stop()


def test_a_redis_that_answers_nothing_costs_one_timeout_and_not_one_per_call() -> None:
    import socket

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        cache = create_cache(settings(f"redis://127.0.0.1:{silent.getsockname()[1]}/0"))
        started = time.monotonic()
        assert [cache.get(str(n)) for n in range(100)] == [None] * 100
        assert time.monotonic() - started < 5
        assert cache.stats().errors == 1
        cache.close()
