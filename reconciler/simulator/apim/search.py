"""Finds APIs as Management v2 does: pages, sorting, and what its search index answers (DOMAIN §4.3, §9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reconciler.simulator.apim.organization import Environment
from reconciler.simulator.apim.records import Api


def paths_of(api: Api) -> list[str]:
    """The context paths of an API."""
    listeners = api.raw.get("listeners") or ()
    found_paths = [path["path"] for listener in listeners for path in listener.get("paths", ())]
    proxy = api.raw.get("proxy") or {}
    return found_paths + [host["path"] for host in proxy.get("virtual_hosts", ())]


_KEYS: dict[str, Callable[[Api], Any]] = {
    "name": lambda api: api.name.lower(),
    "api_type": lambda api: str(api.raw.get("type", "")),
    "status": lambda api: api.state,
    "owner": lambda api: api.owner.name,
    "visibility": lambda api: str(api.raw.get("visibility", "")),
    "paths": paths_of,
    "tags": lambda api: sorted(api.raw.get("tags", ())),
    "categories": lambda api: sorted(api.raw.get("categories", ())),
}


def by_name(environment: Environment) -> list[Api]:
    """The APIs as the plain list gives them."""
    return sorted(environment.apis.values(), key=_KEYS["name"])


def found(environment: Environment, wanted: Mapping[str, Any], sort_by: str = "") -> list[Api]:
    """The APIs that a search finds: sorted, or else in the order in which they were indexed.

    Args:
        wanted: the body of the search; what it does not know is ignored, as `origins`.
        sort_by: a field's name, with `-` before it for the other direction.
    """
    apis = [api for api in environment.apis.values() if _fits(api, wanted)]
    name = sort_by.removeprefix("-").removesuffix("_asc").removesuffix("_desc")
    key = _KEYS.get(name)
    return apis if key is None else sorted(apis, key=key, reverse=sort_by.startswith("-"))


def _fits(api: Api, wanted: Mapping[str, Any]) -> bool:
    tests: Sequence[tuple[str, Callable[[Any], bool]]] = (
        ("query", lambda text: _matches(api, str(text))),
        ("ids", lambda ids: api.id in ids),
        ("definitionVersion", lambda version: api.definition_version == version),
        ("definitionVersions", lambda versions: api.definition_version in versions),
        ("apiTypes", lambda types: _index_type(api) in types or str(api.raw.get("type")) in types),
        ("statuses", lambda states: api.state in states),
        ("tags", lambda tags: bool(set(tags) & set(api.raw.get("tags", ())))),
        ("categories", lambda names: bool(set(names) & set(api.raw.get("categories", ())))),
        ("visibilities", lambda values: api.raw.get("visibility") in values),
        ("published", lambda values: _is_published(api, values)),
    )
    return all(test(wanted[name]) for name, test in tests if wanted.get(name))


def _index_type(api: Api) -> str:
    return f"{api.definition_version}_HTTP_{api.raw.get('type')}"


def _is_published(api: Api, values: Any) -> bool:
    state = "PUBLISHED" if api.raw.get("lifecycleState") == "PUBLISHED" else "UNPUBLISHED"
    return state in (values if isinstance(values, list) else [values])


def _matches(api: Api, query: str) -> bool:
    """What the index knows: `origin` and `name` as fields, words elsewhere.

    `origin` is indexed in lower case and not analysed, so that upper case finds nothing; there is no field
    `hrid` and none `path` (DOMAIN §9, trap 8).
    """
    text = query.strip()
    if text in ("", "*"):
        return True
    name, colon, value = text.partition(":")
    if colon and name.isidentifier():
        if name == "origin":
            return value == api.origin.lower()
        if name == "name":
            return value.strip('"').lower() == api.name.lower()
        return False
    words = [api.name, str(api.raw.get("description", "")), *api.raw.get("labels", ()), *paths_of(api)]
    return any(text.strip("*").lower() in word.lower() for word in words)
