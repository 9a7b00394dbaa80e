"""Reads lists that come in pages, whatever the server says of their number, and never without end.

Management v2 tells `pagination {pageCount, totalCount}`, where totalCount may be -1 (DOMAIN §4.3). What
counts is what comes: an empty page ends a list, and a page that repeats what came before is an error.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.control_plane.client import ControlPlaneClient
from reconciler.control_plane.failures import ControlPlaneError, short, unexpected

PER_PAGE = 100
MOST_PAGES = 2000
AT_ONCE = 3
"""Pages asked for at the same time, once the first has told how many there are."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its items, and what the server says of the whole list (-1 where it says nothing)."""

    number: int
    items: tuple[Any, ...]
    pages: int
    total: int


async def pages_of(
    client: ControlPlaneClient,
    path: str,
    *,
    params: Mapping[str, object] | None = None,
    body: Mapping[str, Any] | None = None,
    per_page: int = PER_PAGE,
    most: int = MOST_PAGES,
) -> AsyncIterator[Page]:
    """Read a list page by page; where their number is known, some at once, handed over as they come.

    Args:
        client: who asks.
        path: of the list.
        params: further parameters.
        body: for a search, which is a POST.
        per_page: items on a page.
        most: more pages than this are taken for a list without end.

    Raises:
        ControlPlaneError: a page did not come; reason `endless`: they repeat or do not end.
    """

    async def page(number: int) -> Page:
        query = {**(params or {}), "page": number, "perPage": per_page}
        told = await (client.get(path, query) if body is None else client.search(path, body, query))
        return _page(client.name, path, number, told)

    first = await page(1)
    yield first
    known = _ids(first)
    if first.total >= 0 and first.items:
        last = -(-first.total // max(1, len(first.items)))
        if last > most:
            raise _endless(client.name, path, f"says that it has {last} pages")
        async for later in _some_at_once(page, range(2, last + 1)):
            ids = _ids(later)
            if ids and ids <= known and len(later.items) == len(first.items):
                raise _endless(client.name, path, f"repeats itself on page {later.number}")
            known |= ids
            yield later
        return
    latest = first
    while not _is_last(latest, per_page):
        if latest.number >= most:
            raise _endless(client.name, path, f"has more than {most} pages")
        latest = await page(latest.number + 1)
        if not latest.items:
            return
        ids = _ids(latest)
        if ids and ids <= known:
            raise _endless(client.name, path, f"repeats itself on page {latest.number}")
        known |= ids
        yield latest


async def _some_at_once(page: Any, numbers: range) -> AsyncIterator[Page]:
    """The pages of these numbers, in their order, a few asked for ahead."""
    ahead: list[asyncio.Task[Page]] = []
    waiting = iter(numbers)
    try:
        while True:
            for number in waiting:
                ahead.append(asyncio.create_task(page(number)))
                if len(ahead) >= AT_ONCE:
                    break
            if not ahead:
                return
            yield await ahead.pop(0)
    finally:
        for task in ahead:
            task.cancel()
        await asyncio.gather(*ahead, return_exceptions=True)


def _is_last(page: Page, per_page: int) -> bool:
    """Whether a list whose total is not told ends with this page."""
    if not page.items:
        return True
    return page.number >= page.pages if page.pages >= 0 else len(page.items) < per_page


def _page(name: str, path: str, number: int, told: Any) -> Page:
    items = told.get("data") if isinstance(told, dict) else None
    if not isinstance(items, list):
        raise unexpected(name, f"answered {short(path)} with something that is no page of a list")
    pagination = told.get("pagination")
    numbers: Mapping[str, Any] = pagination if isinstance(pagination, dict) else {}
    return Page(number, tuple(items), _number(numbers.get("pageCount")), _number(numbers.get("totalCount")))


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else -1


def _ids(page: Page) -> set[str]:
    return {item["id"] for item in page.items if isinstance(item, dict) and isinstance(item.get("id"), str)}


def _endless(name: str, path: str, what: str) -> ControlPlaneError:
    return unexpected(
        name,
        f"the list {short(path)} {what}: it never ends",
        reason="endless",
        next_step="look for a proxy that changes queries; what was read before stays as it was",
    )
