"""The same recordings under other names: what holds for one name only would show here.

Names, HRIDs, paths, the organization and the environment are replaced in requests and answers alike; ids that
are computed from them are computed anew. Names that are part of the product (plugins, fields, roles) stay.
"""

from __future__ import annotations

import itertools
import re
from typing import Any

from reconciler.rules import identity
from tests.fidelity.recordings import UNRECORDED, Exchange

ORGANIZATION, ENVIRONMENT = "BIRDS", "SHORE"
_WAS = "DEFAULT"

# In the same alphabetical order as before, where lists are sorted by name.
_WORDS = {
    "console": "depot",
    "kitchen": "larder",
    "orders": "parcels",
    "petstore": "reptiles",
    "apidoc": "apibook",
    "app": "tool",
    "bad": "odd",
    "dev": "ops",
    "dry": "wet",
    "free": "gratis",
    "full": "whole",
    "home": "front",
    "keyed": "tokened",
    "main": "chief",
    "mem": "crew",
    "memapi": "crewapi",
    "nope": "nada",
    "shop": "mart",
    "spg": "bundle",
    "std": "usual",
    "sub": "abo",
    "vars": "knobs",
}
_WORD = re.compile(
    r"(?<![A-Za-z0-9_])("
    + "|".join(f"{word}|{word.capitalize()}" for word in sorted(_WORDS, key=len, reverse=True))
    + r")(?![A-Za-z])"
)
_PLACES = (
    (re.compile(rf"organizations/{_WAS}\b"), f"organizations/{ORGANIZATION}"),
    (re.compile(rf"environments/{_WAS}\b"), f"environments/{ENVIRONMENT}"),
    (re.compile(rf"organization \[{_WAS}\]"), f"organization [{ORGANIZATION}]"),
    (re.compile(rf"environment \[{_WAS}\]"), f"environment [{ENVIRONMENT}]"),
    (re.compile(rf'"environmentId":"{_WAS}"'), f'"environmentId":"{ENVIRONMENT}"'),
)
_FIELDS = {
    "organizationId": ORGANIZATION,
    "environmentId": ENVIRONMENT,
    "environmentIds": ENVIRONMENT,
    "environments": ENVIRONMENT,
}
_COMPUTED = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-3[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def renamed(text: str) -> str:
    """A text with the names in it replaced."""

    def word(match: re.Match[str]) -> str:
        found = match.group(1)
        new = _WORDS[found.lower()]
        return new.capitalize() if found[0].isupper() else new

    return _WORD.sub(word, text)


def rename(exchanges: list[Exchange]) -> list[Exchange]:
    """The exchanges under other names."""
    ids = computed_ids(exchanges)
    return [
        Exchange(
            name=item.name,
            method=item.method,
            path=_text(item.path, ids),
            user=item.user,
            body=_value(item.body, "", ids),
            status=item.status,
            answer=_value(item.answer, "", ids),
        )
        for item in exchanges
    ]


def computed_ids(exchanges: list[Exchange]) -> dict[str, str]:
    """The ids of everything that the recordings name, as recorded and as they must be under the new names."""
    named = {hrid for item in exchanges for hrid in _hrids(item)} | {UNRECORDED}
    hrids = sorted(named - {_WAS})
    new = {hrid: renamed(hrid) for hrid in hrids}
    found: dict[str, str] = {}
    for hrid in hrids:
        found[identity.cross_id(_WAS, hrid)] = identity.cross_id(ORGANIZATION, new[hrid])
        there = identity.resource_id(_WAS, _WAS, hrid)
        found[there] = identity.resource_id(ORGANIZATION, ENVIRONMENT, new[hrid])
    for parent, part in itertools.product(hrids, hrids):
        crossing = identity.part_cross_id(ORGANIZATION, new[parent], new[part])
        found[identity.part_cross_id(_WAS, parent, part)] = crossing
        for formula in (identity.part_id, identity.portal_part_id, identity.api_documentation_id):
            there = formula(_WAS, _WAS, parent, part)
            found[there] = formula(ORGANIZATION, ENVIRONMENT, new[parent], new[part])
    return found


def computed_in(value: Any) -> set[str]:
    """The computed ids (UUIDs of version 3) in a body."""
    if isinstance(value, dict):
        return set().union(*(computed_in(item) for item in value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*(computed_in(item) for item in value)) if value else set()
    return set(_COMPUTED.findall(value)) if isinstance(value, str) else set()


def _hrids(item: Exchange) -> set[str]:
    segments = item.path.partition("?")[0].split("/")
    named = {segment for segment in segments if identity.is_hrid(segment)}
    return named | _hrids_in(item.body) | _hrids_in(item.answer)


def _hrids_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {
            text for name, text in value.items() if name.lower().endswith("hrid") and isinstance(text, str)
        }
        return own.union(*(_hrids_in(item) for item in value.values()))
    return set().union(*(_hrids_in(item) for item in value)) if isinstance(value, list) and value else set()


def _value(value: Any, field: str, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _value(item, name, ids) for name, item in value.items()}
    if isinstance(value, list):
        return [_value(item, field, ids) for item in value]
    if not isinstance(value, str):
        return value
    if value == _WAS and field in (*_FIELDS, "id"):
        return _FIELDS.get(field, ENVIRONMENT)
    return _text(value, ids)


def _text(text: str, ids: dict[str, str]) -> str:
    for pattern, new in _PLACES:
        text = pattern.sub(new, text)
    text = _COMPUTED.sub(lambda match: ids.get(match.group(), match.group()), text)
    return renamed(text)
