"""The tree against a straight reading of RFC 6962 that shares no code with it."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubs.intelligence_hub.audit.merkle import (
    Edge,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    verify_inclusion,
)


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def mth(leaves: list[bytes]) -> bytes:
    """MTH(D[n]) of section 2.1."""
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return sha(b"\x00" + leaves[0])
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha(b"\x01" + mth(leaves[:k]) + mth(leaves[k:]))


def check_consistency(first: int, second: int, old: bytes, new: bytes, proof: list[bytes]) -> bool:
    """Verification of RFC 9162 section 2.1.4.2, written from its text."""
    if first == second:
        return not proof and old == new
    path = list(proof)
    if first & (first - 1) == 0:
        path = [old, *path]
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = sha(b"\x01" + c + fr), sha(b"\x01" + c + sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = sha(b"\x01" + sr + c)
        fn, sn = fn >> 1, sn >> 1
    return fr == old and sr == new and sn == 0


def reader(leaves: list[bytes]):
    def read(level: int, index: int) -> bytes:
        part = leaves[index << level : (index + 1) << level]
        assert len(part) == 1 << level
        return mth(part)

    return read


LEAVES = [f"entry {n}".encode() for n in range(70)]


@pytest.mark.parametrize("size", range(70))
def test_the_growing_edge_has_the_root_of_the_whole(size: int) -> None:
    edge = Edge()
    for leaf in LEAVES[:size]:
        edge.append(leaf_hash(leaf))
    assert edge.root() == mth(LEAVES[:size])
    assert Edge.unpack(size, edge.pack()).root() == edge.root()


@given(st.integers(1, 70), st.data())
def test_every_entry_of_every_tree_can_be_proven(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, reader(LEAVES[:size]))
    root = mth(LEAVES[:size])
    assert verify_inclusion(leaf_hash(LEAVES[index]), index, size, proof, root)
    assert not verify_inclusion(leaf_hash(b"another"), index, size, proof, root)


@given(st.integers(1, 70), st.data())
def test_every_tree_is_shown_to_contain_every_older_one(second: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, second))
    proof = consistency_proof(first, second, reader(LEAVES[:second]))
    assert check_consistency(first, second, mth(LEAVES[:first]), mth(LEAVES[:second]), proof)


def test_an_edge_that_does_not_fit_its_size_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Edge(3, [b"x"])


def test_a_leaf_outside_the_tree_has_no_proof() -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        inclusion_proof(5, 5, reader(LEAVES))
