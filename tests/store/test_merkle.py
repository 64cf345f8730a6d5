"""The Merkle tree against the roots that Certificate Transparency's own tests give, and RFC 6962's words."""

from __future__ import annotations

import hashlib

import pytest

from service.audit import merkle

# the leaves and roots of certificate-transparency/cpp/merkletree/merkle_tree_test.cc
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
SIZES = range(1, 24)


def tree_of(leaves):
    """Return a tree that was grown leaf by leaf, by level and position."""
    known = {}
    for size, data in enumerate(leaves):
        for level, position, digest in merkle.grown(
            size, merkle.leaf_hash(data), lambda level, position: known[level, position]
        ):
            assert (level, position) not in known
            known[level, position] = digest
    return lambda level, position: known[level, position]


def mth(leaves):
    """Return the root as RFC 6962, 2.1, defines it."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\1" + mth(leaves[:split]) + mth(leaves[split:])).digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_known_roots(size):
    assert merkle.root(size, tree_of(LEAVES)).hex() == ROOTS[size - 1]


def test_root_is_the_one_of_the_definition():
    leaves = [bytes([n]) for n in range(40)]
    tree = tree_of(leaves)
    for size in range(41):
        assert merkle.root(size, tree) == mth(leaves[:size])


def test_inclusion_is_proved_for_the_right_leaf_at_the_right_place_alone():
    leaves = [bytes([n]) for n in range(max(SIZES) + 1)]
    tree = tree_of(leaves)
    for size in SIZES:
        top = mth(leaves[:size])
        for index in range(size):
            path = merkle.inclusion(index, size, tree)
            leaf = merkle.leaf_hash(leaves[index])
            assert merkle.included(index, size, leaf, path, top)
            assert not merkle.included(index, size, merkle.leaf_hash(b"other"), path, top)
            assert not merkle.included(index, size, leaf, [*path, top], top)
            assert not merkle.included(index, size, leaf, path, mth(leaves[: size + 1]))
            assert not any(
                merkle.included(other, size, leaf, path, top) for other in range(size) if other != index
            )


def test_consistency_is_proved_for_true_beginnings_alone():
    leaves = [bytes([n]) for n in range(max(SIZES))]
    tree = tree_of(leaves)
    for second in SIZES:
        top = mth(leaves[:second])
        for first in range(second + 1):
            path = merkle.consistency(first, second, tree)
            assert merkle.consistent(first, second, mth(leaves[:first]), top, path)
            if first:
                assert not merkle.consistent(first, second, mth([b"x", *leaves[1:first]]), top, path)
                assert not merkle.consistent(
                    first, second, mth(leaves[:first]), mth([*leaves[:second], b"x"]), path
                )


def test_a_proof_is_as_short_as_the_tree_is_high():
    tree = tree_of([bytes([n % 256, n // 256]) for n in range(1000)])
    assert len(merkle.inclusion(0, 1000, tree)) == 10
    assert len(merkle.consistency(500, 1000, tree)) <= 11
