"""Which plugins an APIM has, and their schemas: what its dry run does not look at (DOMAIN §9, trap 2).

Lists are kept for a while, for plugins change with a restart of APIM. What cannot be read is not known, and
about that nothing is said. Source: public OpenAPI file of Management v2, tag "Plugins".
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from reconciler.control_plane.client import ControlPlaneClient
from reconciler.control_plane.failures import ControlPlaneError
from reconciler.rules.apim.standing_in.plugins import Installed, Plugins

KEPT_S = 600.0
SORTS = ("policies", "endpoints", "entrypoints")
"""The sorts that a PUT fails on; `resources` it takes unseen."""


class PluginCatalogue:
    """The plugins of one APIM.

    Args:
        client: the connection.
        clock: seconds of any clock that goes on.
    """

    def __init__(self, client: ControlPlaneClient, clock: Callable[[], float]) -> None:
        target = client.target
        self._client = client
        self._clock = clock
        self._root = f"{target.paths.management_v2}/organizations/{target.organization}/plugins"
        self._lists: dict[str, tuple[float, frozenset[str] | None]] = {}
        self._reading = asyncio.Lock()
        """Many ask at the same moment; one reads for all."""
        self._schemas: dict[tuple[str, str], Mapping[str, Any] | None] = {}

    async def installed(self) -> Installed:
        """What is installed; a sort that cannot be read is None."""
        found = {sort: await self._list(sort) for sort in SORTS}
        return Installed(**{sort: _without_schemas(names) for sort, names in found.items()})

    async def with_schemas(self, used: Iterable[tuple[str, str]]) -> Installed:
        """What is installed, with the schemas of some plugins.

        Args:
            used: sort and id of each plugin whose schema is wanted.
        """
        known: dict[str, dict[str, Mapping[str, Any] | None] | None] = {}
        for sort in SORTS:
            names = await self._list(sort)
            known[sort] = None if names is None else dict.fromkeys(names)
        for sort, plugin in sorted(used):
            plugins = known.get(sort)
            if plugins is not None and plugin in plugins:
                plugins[plugin] = await self._schema(sort, plugin)
        return Installed(**known)

    async def _list(self, sort: str) -> frozenset[str] | None:
        async with self._reading:
            return await self._listed(sort)

    async def _listed(self, sort: str) -> frozenset[str] | None:
        kept = self._lists.get(sort)
        now = self._clock()
        if kept is not None and now - kept[0] < KEPT_S:
            return kept[1]
        try:
            told = await self._client.get(f"{self._root}/{sort}")
        except ControlPlaneError:
            told = None
        names = None
        if isinstance(told, list):
            names = frozenset(str(one["id"]) for one in told if isinstance(one, dict) and one.get("id"))
        self._lists[sort] = (now, names or None)  # an APIM without a single plugin is none
        self._schemas.clear()
        return names or None

    async def _schema(self, sort: str, plugin: str) -> Mapping[str, Any] | None:
        if (sort, plugin) not in self._schemas:
            try:
                told = await self._client.get(f"{self._root}/{sort}/{quote(plugin, safe='')}/schema")
                told = json.loads(told) if isinstance(told, str) else told
            except (ControlPlaneError, ValueError):
                told = None
            self._schemas[sort, plugin] = told if isinstance(told, dict) else None
        return self._schemas[sort, plugin]


def _without_schemas(names: frozenset[str] | None) -> Plugins | None:
    return None if names is None else dict.fromkeys(names)
