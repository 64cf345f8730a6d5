"""The Merkle tree of RFC 6962: growing it, its root, and proofs of inclusion and of consistency.

The tree is kept as its complete subtrees: node ``(level, position)`` is the root of the ``2**level``
leaves from ``position << level`` on, and never changes once it is there. Growing by one leaf needs
the nodes at the right edge alone, a proof some ``log2(size)**2`` of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

Node = Callable[[int, int], bytes]
"""Gives the root of a complete subtree by level and position."""

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf.

    Examples
    --------
    >>> leaf_hash(b"").hex()[:16]
    '6e340b9cffb37a98'
    """
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return hashlib.sha256(b"\1" + left + right).digest()


def grown(size: int, leaf: bytes, node: Node) -> list[tuple[int, int, bytes]]:
    """Return the nodes (level, position, hash) that a leaf adds to a tree of ``size`` leaves."""
    level, position, digest = 0, size, leaf
    made = [(level, position, digest)]
    while position % 2:
        digest = node_hash(node(level, position - 1), digest)
        level, position = level + 1, position // 2
        made.append((level, position, digest))
    return made


def right_edge(size: int) -> list[tuple[int, int]]:
    """Return level and position of the complete subtrees that make up a tree, the smallest first.

    Examples
    --------
    >>> right_edge(6)
    [(1, 2), (2, 0)]
    """
    return [(level, (size >> level) - 1) for level in range(size.bit_length()) if size >> level & 1]


def root(size: int, node: Node) -> bytes:
    """Return the root of the first ``size`` leaves."""
    return _subtree(0, size, node) if size else EMPTY_ROOT


def inclusion(index: int, size: int, node: Node) -> list[bytes]:
    """Return the proof that leaf ``index`` (from 0) is among the first ``size`` (RFC 6962, 2.1.1)."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not among {size}")
    path: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(_subtree(middle, end, node))
            end = middle
        else:
            path.append(_subtree(begin, middle, node))
            begin = middle
    return path[::-1]


def consistency(first: int, second: int, node: Node) -> list[bytes]:
    """Return the proof that the first ``first`` of ``second`` leaves were those before (RFC 6962, 2.1.2)."""
    if not 0 <= first <= second:
        raise ValueError(f"a tree of {first} leaves is no beginning of one of {second}")
    if first in (0, second):
        return []
    path: list[bytes] = []
    begin, end, whole = 0, second, True
    while first != end:
        middle = begin + _split(end - begin)
        if first <= middle:
            path.append(_subtree(middle, end, node))
            end = middle
        else:
            path.append(_subtree(begin, middle, node))
            begin, whole = middle, False
    if not whole:
        path.append(_subtree(begin, end, node))
    return path[::-1]


def included(index: int, size: int, leaf: bytes, path: Sequence[bytes], top: bytes) -> bool:
    """Say whether a proof of inclusion leads from a leaf's hash to a root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, digest = index, size - 1, leaf
    for each in path:
        if last == 0:
            return False
        if at % 2 or at == last:
            digest = node_hash(each, digest)
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            digest = node_hash(digest, each)
        at, last = at >> 1, last >> 1
    return last == 0 and digest == top


def consistent(first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]) -> bool:
    """Say whether a proof of consistency leads from one root to a later one (RFC 9162, 2.1.4.2)."""
    if first == second:
        return not path and first_root == second_root
    if first == 0:
        return not path and first_root == EMPTY_ROOT
    if first > second or not path:
        return False
    steps = list(path) if first & (first - 1) else [first_root, *path]
    at, last = first - 1, second - 1
    while at % 2:
        at, last = at >> 1, last >> 1
    old = new = steps[0]
    for each in steps[1:]:
        if last == 0:
            return False
        if at % 2 or at == last:
            old, new = node_hash(each, old), node_hash(each, new)
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, each)
        at, last = at >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _subtree(begin: int, end: int, node: Node) -> bytes:
    """Return the root of the leaves from ``begin`` to before ``end``; ``begin`` fits the splits."""
    count = end - begin
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return node(level, begin >> level)
    middle = begin + _split(count)
    return node_hash(_subtree(begin, middle, node), _subtree(middle, end, node))


def _split(count: int) -> int:
    """Return the largest power of two that is smaller than ``count``."""
    return 1 << (count - 1).bit_length() - 1
