"""The cheap list, read as a whole: what is there, what moved since the last time, what is gone.

A list is read in pages while the server goes on changing, so that one API may be missed or seen twice; what
seems to be gone is asked for by itself before it is believed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from reconciler.control_plane.client import ControlPlaneClient
from reconciler.control_plane.failures import ControlPlaneError
from reconciler.control_plane.inventory import InventoryEntry, entry_of, moved
from reconciler.control_plane.management import ManagementApi
from reconciler.control_plane.paging import PER_PAGE
from reconciler.control_plane.refs import ANY_API, API, StateRef

_MOST_ASKED = 20
"""If more than this seem to be gone, and the numbers agree, the list is believed."""
_OWNER_AGE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Round:
    """What one reading of the list found.

    Attributes:
        changed: whether anything moved, came or went.
        gone: the ids of those that are there no longer.
        pages: how many pages it took.
        strange: items that are no APIs.
    """

    changed: bool
    gone: frozenset[str]
    pages: int
    strange: int


class Inventory:
    """The APIs of one environment, as the list tells them.

    Args:
        client: the connection.
        on_moved: told at once, while the list is still being read, what moved: (before, now).
    """

    def __init__(
        self,
        client: ControlPlaneClient,
        on_moved: Callable[[InventoryEntry | None, InventoryEntry], None],
    ) -> None:
        self._client = client
        self._management = ManagementApi(client)
        self._on_moved = on_moved
        self.entries: dict[str, InventoryEntry] = {}
        self.known = False
        """Whether it was read whole at least once."""
        self._hrids: dict[str, str] = {}
        self._learnt: dict[str, str] = {}
        self._owners: dict[str, tuple[float, str]] = {}

    def expect(self, refs: frozenset[StateRef]) -> None:
        """Note the HRIDs of what is expected: the list tells none."""
        target = self._client.target
        self._hrids = {
            ref.id_in(target.organization, target.environment): ref.hrid
            for ref in refs
            if ref.kind == API and not ref.uuid
        }
        self._rename()

    def learn(self, api_id: str, hrid: str) -> bool:
        """Note an HRID that a publication gave away; whether it is news."""
        if self._learnt.get(api_id) == hrid:
            return False
        self._learnt[api_id] = hrid
        return self._rename()

    async def read(self) -> Round:
        """Read the list whole.

        Raises:
            ControlPlaneError: it could not be read to its end; what was known stays.
        """
        found, pages, strange, agrees = await self._pages()
        missing = self.entries.keys() - found.keys()
        if missing and not agrees:
            found, more, strange, _ = await self._pages()
            pages += more
            missing = self.entries.keys() - found.keys()
        gone = await self._confirmed(missing, found)
        changed = bool(gone) or any(
            moved(self.entries.get(identifier), entry) for identifier, entry in found.items()
        )
        await self._own(found)
        self.entries = found
        self.known = True
        self._rename()
        for identifier in gone:
            self._owners.pop(identifier, None)
            self._learnt.pop(identifier, None)
        return Round(changed, gone, pages, strange)

    # ---------------------------------------------------------------------------------------

    async def _pages(self) -> tuple[dict[str, InventoryEntry], int, int, bool]:
        """All entries, the number of pages and of strange items, and whether the server's total agrees."""
        found: dict[str, InventoryEntry] = {}
        pages = strange = 0
        total = -1
        told: set[tuple[str, bytes]] = set()
        async for page in self._management.apis(per_page=PER_PAGE):
            pages += 1
            total = page.total
            for item in page.items:
                entry = entry_of(item)
                if entry is None:
                    strange += 1
                    continue
                known = self.entries.get(entry.id)
                twice = found.get(entry.id)
                if twice is not None and twice.updated_at > entry.updated_at:
                    continue
                if not moved(known, entry) and known is not None:
                    entry = known
                elif (entry.id, entry.fingerprint) not in told:
                    told.add((entry.id, entry.fingerprint))
                    self._on_moved(known, entry)
                found[entry.id] = entry
        return found, pages, strange, total < 0 or total == len(found) + strange

    async def _confirmed(self, missing: set[str], found: dict[str, InventoryEntry]) -> frozenset[str]:
        """Those of the missing ones that are truly gone; the others are put back."""
        if len(missing) > _MOST_ASKED:
            return frozenset(missing)
        gone = set()
        for identifier in missing:
            body = await self._management.api(identifier)
            entry = entry_of(body) if body is not None else None
            if entry is None:
                gone.add(identifier)
            else:
                found[identifier] = self.entries[identifier]  # the next list shows what moved
        return frozenset(gone)

    async def _own(self, found: dict[str, InventoryEntry]) -> None:
        """Find out the owners of what is not as code: those people are to be asked about it."""
        now = self._client.rim.clock()
        wanted = [
            entry.id
            for entry in found.values()
            if not entry.as_code and now - self._owners.get(entry.id, (float("-inf"), ""))[0] > _OWNER_AGE_S
        ]
        for begin in range(0, len(wanted), PER_PAGE):
            ids = wanted[begin : begin + PER_PAGE]
            owners: Mapping[str, str] = {}
            try:
                owners = await self._management.owners(ids)
            except ControlPlaneError as error:
                if error.of_whole_place:
                    raise
            for identifier in ids:
                self._owners[identifier] = (now, owners.get(identifier, ""))
        for identifier, (_, owner) in self._owners.items():
            entry = found.get(identifier)
            if entry is not None and owner and entry.owner != owner:
                found[identifier] = replace(entry, owner=owner)

    def _rename(self) -> bool:
        """Give every entry the HRID that is known of it; whether one changed."""
        changed = False
        for identifier, entry in self.entries.items():
            hrid = self._hrids.get(identifier) or self._learnt.get(identifier, "")
            if hrid != entry.hrid:
                self.entries[identifier] = replace(entry, hrid=hrid)
                changed = True
        return changed


def deployment_ref(api_id: str) -> StateRef:
    """Names an API by its id, for its publications."""
    return StateRef(ANY_API, api_id)
