"""Keyed digests of documents and of their leaves: equality without values.

The ledger keeps the leaves of the last synced state as digests under this machine's key, so a stolen
ledger tells nothing. Inner nodes have digests too, for a plan that exists on one side only is judged as
one thing. Elements of keyed lists and sets have paths of their own; a list without keys is one leaf,
because its positions mean nothing from one state to the next.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

from reconciler.model.changes import KeyPath, KeyStep
from reconciler.rules.canonical import canonical
from reconciler.rules.lists import NOTHING, RuleNode, element_keys
from reconciler.rules.normalise import not_ours_of, rules_of

LeafDigests = dict[bytes, bytes]
"""8 bytes that stand for a path → 8 bytes that stand for the value there."""

_SIZE = 8
_FORMAT = b"\x01"
_ORDER = "\x00order"
_ROOT = bytes(_SIZE)


def comparable_digest(normalised: dict[str, Any], key: bytes) -> bytes:
    """Digest everything of a normalised document but its metadata: equal digests, equal documents.

    Args:
        normalised: what `normalise` returned.
        key: this machine's digest key, at most 64 bytes.

    Returns:
        16 bytes.
    """
    content = {name: value for name, value in normalised.items() if name != "metadata"}
    return hashlib.blake2b(canonical(content), key=key, digest_size=16).digest()


def leaf_digests(normalised: dict[str, Any], key: bytes) -> LeafDigests:
    """Digest every leaf and inner node by path.

    Labels and annotations are leaves each; metadata has no inner nodes, because not all of it is compared.
    """
    out: LeafDigests = {}
    rules = rules_of(normalised)
    for name, value in normalised.items():
        here = _below(key, _ROOT, _tagged(name))
        if name == "metadata":
            _metadata(value, here, key, out)
        else:
            _node(value, here, rules.below(name), key, out)
    return out


def metadata_digests(normalised: dict[str, Any], key: bytes) -> tuple[LeafDigests, frozenset[bytes]]:
    """Digest labels and annotations: what the cheap equality needs of metadata.

    Returns:
        every label and annotation as in `leaf_digests`, and the paths of those among them that count even
        where the other side does not state them (see `reconciler.rules.ownership`). Two documents agree
        when each side's counting entries are found on the other, and values agree where both have one.
    """
    found: LeafDigests = {}
    metadata = normalised.get("metadata")
    if not metadata:
        return found, frozenset()
    root = _below(key, _ROOT, _tagged("metadata"))
    _metadata(metadata, root, key, found)
    marks = {
        _below(key, _below(key, root, _tagged(group)), _tagged(name))
        for group, name in not_ours_of(normalised)
    }
    return found, frozenset(found.keys() - marks)


def path_hash(path: KeyPath, key: bytes) -> bytes:
    """The 8 bytes that stand for a path in `leaf_digests`.

    A path through a position of a list stands for that whole list, which is one leaf there.
    """
    here = _ROOT
    for step in path:
        if isinstance(step, int):
            break
        here = _below(key, here, _tagged(step))
    return here


def order_hash(path: KeyPath, key: bytes) -> bytes:
    """The 8 bytes that stand for the order of the elements of the keyed list at a path."""
    return _below(key, path_hash(path, key), _ORDER)


def pack_leaves(leaves: LeafDigests) -> bytes:
    """Write leaf digests as bytes for the ledger: a format byte, then sorted pairs of 8 and 8 bytes."""
    return _FORMAT + b"".join(path + value for path, value in sorted(leaves.items()))


def unpack_leaves(packed: bytes) -> LeafDigests | None:
    """Read what `pack_leaves` wrote; None where the bytes are of another format: then nothing is known."""
    width = 2 * _SIZE
    if packed[:1] != _FORMAT or len(packed) % width != 1:
        return None
    return {packed[at : at + _SIZE]: packed[at + _SIZE : at + width] for at in range(1, len(packed), width)}


def _tagged(step: str) -> str:
    return f"[{step}" if isinstance(step, KeyStep) else f".{step}"


@lru_cache(maxsize=65_536)
def _below(key: bytes, parent: bytes, tagged: str) -> bytes:
    """Hash one step further; a fleet has the same few hundred paths again and again."""
    text = tagged.encode(errors="surrogatepass")
    return hashlib.blake2b(parent + text, key=key, digest_size=_SIZE).digest()


def _metadata(value: Any, here: bytes, key: bytes, out: LeafDigests) -> None:
    if not isinstance(value, dict):
        return
    for group, entries in value.items():
        below = _below(key, here, _tagged(group))
        for name, item in entries.items() if isinstance(entries, dict) else ():
            out[_below(key, below, _tagged(name))] = _digest(canonical(item), key)


def _node(value: Any, here: bytes, rules: RuleNode, key: bytes, out: LeafDigests) -> bytes:
    """Digest a value and all below it; returns its digest and leaves all of them in `out`."""
    if value.__class__ is dict and value:
        children, each = rules.children, rules.each or NOTHING
        parts = []
        for name, item in value.items():
            below = _below(key, here, f".{name}")
            parts.append(below + _node(item, below, children.get(name, each), key, out))
        digest = _digest(b"{" + b"".join(sorted(parts)), key)
    elif value.__class__ is list and value:
        digest = _list(value, here, rules, key, out)
    else:
        digest = _digest(canonical(value), key)
    out[here] = digest
    return digest


def _list(value: list[Any], here: bytes, rules: RuleNode, key: bytes, out: LeafDigests) -> bytes:
    names = list_steps(value, rules)
    if names is None:
        return _digest(canonical(value), key)
    each = rules.each or NOTHING
    parts = []
    for name, item in zip(names, value, strict=True):
        below = _below(key, here, f"[{name}")
        parts.append(below + _node(item, below, each, key, out))
    if rules.listed is not None and rules.listed.ordered:
        order = _digest(canonical(list(names)), key)
        out[_below(key, here, _ORDER)] = order
        parts.append(order)
    return _digest(b"[" + b"".join(sorted(parts)), key)


def list_steps(value: list[Any], rules: RuleNode) -> list[KeyStep] | None:
    """The steps of a list's elements, or None where they are known by position only.

    Elements of a set are their own names; a list of scalars that holds one twice is matched by position.
    """
    rule = rules.listed
    if rule is None or rule.hidden:
        return None
    if rule.keys:
        return element_keys(value, rule)
    names = [KeyStep(item) for item in value if type(item) is str]
    return names if len(names) == len(value) == len(set(names)) else None


@lru_cache(maxsize=8)
def _keyed(key: bytes) -> hashlib.blake2b:
    return hashlib.blake2b(key=key, digest_size=_SIZE)


def _digest(data: bytes, key: bytes) -> bytes:
    made = _keyed(key).copy()
    made.update(data)
    return made.digest()
