"""Pages of a list, as Management v2 cuts and links them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from reconciler.simulator.apim.refusals import error
from reconciler.simulator.apim.serving.calls import Call

Item = TypeVar("Item")
PER_PAGE = 10


def page_of(call: Call, items: Sequence[Item], show: Callable[[Item], dict[str, Any]]) -> dict[str, Any]:
    """The page that the request asks for.

    Raises:
        Refused: 400 where `page` or `perPage` is no number that can be.
    """
    page, size = _number(call, "page", 1), _number(call, "perPage", PER_PAGE)
    begin = (page - 1) * size
    chosen = items[begin : begin + size]
    count = -(-len(items) // size)
    return {
        "data": [show(item) for item in chosen],
        "pagination": {
            "page": page,
            "perPage": size,
            "pageCount": count,
            "pageItemsCount": len(chosen),
            "totalCount": len(items),
        },
        "links": _links(call, page, count),
    }


def _number(call: Call, name: str, otherwise: int) -> int:
    text = call.query.get(name, "")
    if not text:
        return otherwise
    if not text.isdecimal() or int(text) < 1:
        raise error(400, "Validation error", parameters={})
    return int(text)


def _links(call: Call, page: int, count: int) -> dict[str, str]:
    links = {"self": link(call)}
    if count > 1 and page <= count:
        links |= {"first": link(call, 1), "last": link(call, count)}
        if page > 1:
            links["previous"] = link(call, page - 1)
        if page < count:
            links["next"] = link(call, page + 1)
    return links


def link(call: Call, page: int | None = None) -> str:
    """The URL of this list, at another page."""
    pairs = parse_qsl(call.raw_query, keep_blank_values=True)
    if page is not None:
        names = [name for name, _ in pairs]
        pairs = [(name, str(page) if name == "page" else value) for name, value in pairs]
        if "page" not in names:
            pairs.append(("page", str(page)))
    query = urlencode(pairs)
    return f"{call.base}{call.path}" + (f"?{query}" if query else "")
