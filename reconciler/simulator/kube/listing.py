"""Lists: pages that stay consistent while the objects change, selectors, and bytes that are made once."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from reconciler.simulator.kube import answers
from reconciler.simulator.kube.resources import Resource
from reconciler.simulator.kube.selectors import Matcher, both, field_matcher, label_matcher
from reconciler.simulator.kube.storage import Forgotten, Store, Stored, namespace_range

_EXPIRED_CONTINUE = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new "
    "list without the continue parameter, or use the continue token in this response to retrieve the "
    "remainder of the results. Continuing with the provided token results in an inconsistent list - objects "
    "that were created, modified, or deleted between the time the first chunk was returned and now may show "
    "up in the list."
)
_EXPIRED_LIST = "The resourceVersion for the provided list is too old."


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The query of a list or a watch, checked.

    `revision` is None where none was given; `exact` asks for the list as of that revision.
    """

    limit: int = 0
    continued: str = ""
    revision: int | None = None
    exact: bool = False
    matcher: Matcher | None = None


def list_query(parameters: Mapping[str, str], resource: Resource, *, watch: bool) -> ListQuery:
    """Read the parameters of a list or a watch.

    Raises:
        Refusal: 400 or 422; 500 for a watch with a malformed resourceVersion, as the real server has it.
    """
    limit = parameters.get("limit", "")
    try:
        limit_number = int(limit or 0)
    except ValueError as problem:
        raise answers.bad_request(f'strconv.ParseInt: parsing "{limit}": invalid syntax') from problem
    revision = parameters.get("resourceVersion", "")
    match = parameters.get("resourceVersionMatch", "")
    continued = parameters.get("continue", "")
    fault = _match_fault(parameters, revision, match, continued, watch=watch)
    if fault is not None:
        raise answers.bad_options("ListOptions", fault)
    if revision and not revision.isdecimal():
        why = f'Invalid value: "{revision}": strconv.ParseUint: parsing "{revision}": invalid syntax'
        why = f"resourceVersion: {why}"
        raise answers.server_error(why) if watch else answers.bad_request(f"invalid resource version: {why}")
    if continued and revision not in ("", "0"):
        raise answers.bad_request("specifying resource version is not allowed when using continue")
    labels = label_matcher(parameters.get("labelSelector", ""))
    fields = field_matcher(
        parameters.get("fieldSelector", ""), resource.selectable, built_in=not resource.custom
    )
    exact = match == "Exact" or (not match and limit_number > 0 and revision not in ("", "0"))
    return ListQuery(
        limit=max(limit_number, 0),
        continued=continued,
        revision=int(revision) if revision else None,
        exact=exact,
        matcher=both(labels, fields),
    )


def _match_fault(
    parameters: Mapping[str, str], revision: str, match: str, continued: str, *, watch: bool
) -> answers.FieldError | None:
    field = "resourceVersionMatch"
    if watch:
        if "sendInitialEvents" in parameters and match != "NotOlderThan":
            why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            return answers.forbidden_field(field, why)
    elif match and match not in ("Exact", "NotOlderThan"):
        return answers.unsupported(field, match, ("Exact", "NotOlderThan", ""))
    why = ""
    if continued and (match or watch):
        why = f"{field} is forbidden when continue is provided"
    elif match and not watch and not revision:
        why = f"{field} is forbidden unless resourceVersion is provided"
    elif match == "Exact" and revision == "0":
        why = f'{field} "exact" is forbidden for resourceVersion "0"'
    return answers.forbidden_field(field, why) if why else None


def list_page(store: Store, resource: Resource, version: str, namespace: str, query: ListQuery) -> bytes:
    """Return one page of a list as JSON.

    Args:
        namespace: empty for all of them.

    Raises:
        Refusal: 400 (a bad continue token), 410 (it, or the revision, is too old), 504 (the future).
    """
    table = store.table(resource.name)
    revision, start = store.revision, ""
    if query.revision is not None and query.revision > store.revision:
        raise answers.version_too_large(query.revision, store.revision)
    if query.exact and query.revision:
        revision = query.revision
    prefix = f"{namespace}/" if namespace else ""
    if query.continued:
        token_revision, start = _read_token(query.continued, prefix)
        revision = store.revision if token_revision < 0 else token_revision
    try:
        objects, order = table.as_of(revision)
    except Forgotten as problem:
        if query.continued:
            raise answers.expired(_EXPIRED_CONTINUE, _token(-1, start, prefix)) from problem
        raise answers.expired(_EXPIRED_LIST) from problem
    first, last = namespace_range(order, namespace) if namespace else (0, len(order))
    first = max(first, bisect_left(order, start)) if start else first
    taken, following = _take(objects, order, first, last, query)
    metadata: dict[str, Any] = {"continue": ""} if resource.custom else {}
    metadata["resourceVersion"] = str(revision)
    if following < last:
        metadata["continue"] = _token(revision, f"{order[following - 1]}\0", prefix)
        if query.matcher is None:
            metadata["remainingItemCount"] = last - following
    return _list_bytes(resource, version, taken, metadata)


def _take(
    objects: Mapping[str, Stored], order: list[str], first: int, last: int, query: ListQuery
) -> tuple[list[Stored], int]:
    """Return the objects of a page, and where the next one begins."""
    if query.matcher is None:
        end = min(first + query.limit, last) if query.limit else last
        return [objects[key] for key in order[first:end]], end
    taken: list[Stored] = []
    for index in range(first, last):
        if query.limit and len(taken) == query.limit:
            return taken, index
        stored = objects[order[index]]
        if query.matcher(stored.body):
            taken.append(stored)
    return taken, last


def _list_bytes(resource: Resource, version: str, taken: list[Stored], metadata: Mapping[str, Any]) -> bytes:
    head = orjson.dumps(
        {"apiVersion": resource.api_version(version), "kind": resource.list_kind, "metadata": metadata}
    )
    items = b",".join([item_bytes(resource, version, stored) for stored in taken])
    return head[:-1] + b',"items":[' + items + b"]}\n"


def item_bytes(resource: Resource, version: str, stored: Stored) -> bytes:
    """Return an object as an item of a list: built-in kinds do not repeat their type there."""
    if resource.custom:
        return object_bytes(resource, version, stored)
    return orjson.dumps({k: v for k, v in stored.body.items() if k not in ("apiVersion", "kind")})


def object_bytes(resource: Resource, version: str, stored: Stored) -> bytes:
    """Return an object as JSON in a served version."""
    if version == resource.storage:
        return stored.raw
    return orjson.dumps({**stored.body, "apiVersion": resource.api_version(version)})


def _token(revision: int, start: str, prefix: str) -> str:
    # As on the real server: the key below what is listed, after a slash.
    shown = f"/{start.removeprefix(prefix)}"
    text = orjson.dumps({"v": "meta.k8s.io/v1", "rv": revision, "start": shown})
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def _read_token(token: str, prefix: str) -> tuple[int, str]:
    try:
        read = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        revision, start = read["rv"], read["start"]
        if read["v"] != "meta.k8s.io/v1" or not isinstance(revision, int) or not isinstance(start, str):
            raise ValueError("not a token of this server")
    except (binascii.Error, ValueError, TypeError, KeyError) as problem:
        raise answers.bad_request(
            f"invalid continue token: continue key is not valid: {problem}"
        ) from problem
    return revision, f"{prefix}{start.removeprefix('/')}"
