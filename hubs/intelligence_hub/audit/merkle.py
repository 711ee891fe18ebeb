"""The Merkle tree of RFC 6962 section 2: hashes, the growing edge, proofs and their verification."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator

HASH_BYTES = 32
TILE_LEVELS = 8
"""A tile of the C2SP tlog-tiles layout covers 2**8 hashes of one level."""

SubtreeHash = tuple[int, int, bytes]
"""(level, index, hash) of a complete subtree."""

NodeReader = Callable[[int, int], bytes]
"""Return the hash of the complete subtree ``(level, index)``: leaves index*2**level to (index+1)*2**level."""


def leaf_hash(data: bytes) -> bytes:
    """Return SHA-256(0x00 || data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def empty_root() -> bytes:
    """Return the root of a tree without leaves."""
    return hashlib.sha256(b"").digest()


class Edge:
    """The right edge of a growing tree: the roots of its complete subtrees, largest first."""

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size = size
        self._hashes = list(hashes)
        if len(self._hashes) != size.bit_count():
            raise ValueError("the edge does not fit the size")

    @classmethod
    def unpack(cls, size: int, packed: bytes) -> Edge:
        """Read an edge from its stored bytes.

        Raises: ValueError when they do not fit the size.
        """
        return cls(size, [packed[i : i + HASH_BYTES] for i in range(0, len(packed), HASH_BYTES)])

    def pack(self) -> bytes:
        """Return the bytes to store."""
        return b"".join(self._hashes)

    def append(self, leaf: bytes) -> list[SubtreeHash]:
        """Add a leaf hash; return the (level, index, hash) of each subtree that it completes."""
        completed, level, index, value = [], 0, self.size, leaf
        while index & 1:
            value = node_hash(self._hashes.pop(), value)
            level, index = level + 1, index >> 1
            completed.append((level, index, value))
        self._hashes.append(value)
        self.size += 1
        return completed

    def root(self) -> bytes:
        """Return the root of the whole tree."""
        if not self._hashes:
            return empty_root()
        value = self._hashes[-1]
        for left in reversed(self._hashes[:-1]):
            value = node_hash(left, value)
        return value


def _split(size: int) -> int:
    """Return the largest power of two smaller than ``size``."""
    return 1 << (size - 1).bit_length() - 1


def range_root(start: int, end: int, read: NodeReader) -> bytes:
    """Return the root over leaves ``start`` to ``end`` (exclusive), where start is aligned as in the tree."""
    size = end - start
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return read(level, start >> level)
    middle = start + _split(size)
    return node_hash(range_root(start, middle, read), range_root(middle, end, read))


def inclusion_proof(index: int, size: int, read: NodeReader) -> list[bytes]:
    """Return PATH(index, D[size]) of RFC 6962 section 2.1.1, nearest sibling first.

    Raises: ValueError when the leaf is not in a tree of this size.
    """
    if not 0 <= index < size:
        raise ValueError("the entry is not in a tree of this size")
    start, end, path = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(range_root(middle, end, read))
            end = middle
        else:
            path.append(range_root(start, middle, read))
            start = middle
    return path[::-1]


def consistency_proof(first: int, second: int, read: NodeReader) -> list[bytes]:
    """Return PROOF(first, D[second]) of RFC 6962 section 2.1.2.

    Raises: ValueError unless 0 < first <= second.
    """
    if not 0 < first <= second:
        raise ValueError("the first size must be from 1 to the second")
    start, end, known, proof = 0, second, True, []
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            proof.append(range_root(middle, end, read))
            end = middle
        else:
            proof.append(range_root(start, middle, read))
            start, known = middle, False
    if not known:
        proof.append(range_root(start, end, read))
    return proof[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> bool:
    """Tell whether a proof ties a leaf hash to a root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, value = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            value = node_hash(sibling, value)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and value == root


def recorded_levels(completed: Iterable[SubtreeHash]) -> Iterator[SubtreeHash]:
    """Return those completed subtrees that are a hash of a higher tile, with the tile's level."""
    for level, index, value in completed:
        if level % TILE_LEVELS == 0:
            yield level // TILE_LEVELS, index, value
