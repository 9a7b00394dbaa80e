"""What only a control plane has: APIs made in the Console, and those whose resource is gone.

Nothing is called an orphan on a guess: as long as a cluster that may define it has not been read whole, an
API that came from Kubernetes is Unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.control_plane.refs import ANY_API, StateRef
from reconciler.engine.cells import Finding
from reconciler.engine.downstream.meanings import API_KINDS, Meaning, Meanings
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import ControlPlaneTrace
from reconciler.model.verdicts import Verdict
from reconciler.rules.text import printable

if TYPE_CHECKING:
    from reconciler.control_plane.inventory import InventoryEntry
    from reconciler.engine.actual import Actual, ClusterContent
    from reconciler.engine.downstream.held import Held, HeldContent
    from reconciler.settings.model import Cluster

_KINDS = {"V4": "ApiV4Definition", "V2": "ApiDefinition", "V1": "ApiDefinition"}
OTHER_KIND = "FederatedApi"
"""APIs that no custom resource can define: they come from an integration."""


@dataclass(frozen=True, slots=True)
class There:
    """One API that only a control plane has."""

    entry: InventoryEntry
    meaning: Meaning
    finding: Finding
    trace: ControlPlaneTrace


class OnlyThere:
    """Finds what no resource of a cluster means.

    Args:
        clusters: the configured clusters.
        actual: what they hold.
        held: what the control planes hold.
        meanings: what the clusters' resources mean.
        serves: the clusters that a control plane serves, as far as the configuration says so; none: any.
        left_out: configured clusters that are not read this time.
    """

    def __init__(
        self,
        clusters: Sequence[Cluster],
        actual: Actual,
        held: Held,
        meanings: Meanings,
        serves: Callable[[str], frozenset[str]],
        left_out: Sequence[str] = (),
    ) -> None:
        self._restricted = {spec.name for spec in clusters if spec.namespaces}
        self._actual = actual
        self._held = held
        self._meanings = meanings
        self._serves = serves
        self._left_out = tuple(left_out)
        self._found: dict[ResourceKey, There] = {}
        self._of_api: dict[tuple[str, str], ResourceKey] = {}
        self._outdated = True

    def outdated(self) -> None:
        """An inventory changed, or what the clusters mean: look again at the next pass."""
        self._outdated = True

    def get(self, key: ResourceKey) -> There | None:
        """One of them."""
        return self._found.get(key)

    def meaning(self, key: ResourceKey) -> Meaning:
        """What its key means at its control plane; nowhere for what is not there."""
        found = self._found.get(key)
        return found.meaning if found is not None else Meaning()

    def keys_of_api(self, control_plane: str, api_id: str) -> set[ResourceKey]:
        """Its row, by its id."""
        key = self._of_api.get((control_plane, api_id))
        return {key} if key is not None else set()

    def refresh(self) -> set[ResourceKey]:
        """Look again if anything moved (blocking); the keys that came, went or changed."""
        if not self._outdated:
            return set()
        self._outdated = False
        before, after = self._found, {}
        for name in self._held.names():
            content = self._held.of(name)
            if content.listed_at:
                after.update(self._of_plane(name, content, self._unread(name)))
        self._found = after
        self._of_api = {(key.cluster, there.entry.id): key for key, there in after.items()}
        return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}

    # ---------------------------------------------------------------------------------------

    def _of_plane(self, name: str, content: HeldContent, unread: str) -> dict[ResourceKey, There]:
        meant = self._meanings.ids(name)
        lonely = [entry for entry in content.inventory.values() if entry.id not in meant]
        found = {}
        for key, entry in _keyed(name, lonely).items():
            ref = StateRef(ANY_API, entry.id)
            found[key] = There(
                entry, Meaning(name, ref, entry.id), _finding(entry, unread), _trace(name, entry)
            )
        return found

    def _unread(self, control_plane: str) -> str:
        """Why a resource that defines an API may be somewhere unseen; empty where all were read whole."""
        served = self._serves(control_plane)
        for name in self._left_out:
            if not served or name in served:
                return f"{name} is not read this time"
        for content in self._actual.clusters.values():
            if served and content.name not in served:
                continue
            if content.name in self._restricted:
                return f"only some namespaces of {content.name} are read"
            if not content.discovered or not _listed(content):
                return f"{content.name} has not been read whole"
        return ""


def _listed(content: ClusterContent) -> bool:
    return all(state.listed for kind, state in content.kinds.items() if kind in API_KINDS)


def _finding(entry: InventoryEntry, unread: str) -> Finding:
    if not entry.as_code:
        owner = f" by {entry.owner}" if entry.owner else ""
        made = "comes from an integration" if entry.origin == "INTEGRATION" else f"made in the Console{owner}"
        return Finding(Verdict.UNMANAGED, (f"{made}; no resource defines it",), entry.created_at or None)
    if unread:
        what = f"came from Kubernetes; whether its resource still exists is not known: {unread}"
        return Finding(Verdict.UNKNOWN, (what,), entry.updated_at or None)
    hrid = f" {entry.hrid}" if entry.hrid else ""
    return Finding(
        Verdict.ORPHAN,
        (f"came from Kubernetes{hrid}, but no cluster has its resource any longer",),
        entry.updated_at or None,
    )


def _keyed(control_plane: str, entries: Iterable[InventoryEntry]) -> dict[ResourceKey, InventoryEntry]:
    """A key for each: its name, with its version where two share one, with its id where that is the same."""
    keyed: dict[ResourceKey, InventoryEntry] = {}
    for name_of in (_name, _versioned, _with_id):
        groups: dict[ResourceKey, list[InventoryEntry]] = {}
        for entry in entries:
            kind = _KINDS.get(entry.definition_version, OTHER_KIND)
            groups.setdefault(ResourceKey(control_plane, kind, "", name_of(entry)), []).append(entry)
        keyed.update({key: found[0] for key, found in groups.items() if len(found) == 1})
        entries = [entry for found in groups.values() if len(found) > 1 for entry in found]
    return keyed


def _name(entry: InventoryEntry) -> str:
    shown = printable(entry.name).replace("/", "-").replace(":", "-").strip()
    return shown or entry.id


def _versioned(entry: InventoryEntry) -> str:
    return f"{_name(entry)} {printable(entry.version).replace('/', '-').replace(':', '-')}".strip()


def _with_id(entry: InventoryEntry) -> str:
    return f"{_name(entry)} {entry.id}"


def _trace(control_plane: str, entry: InventoryEntry) -> ControlPlaneTrace:
    return ControlPlaneTrace(
        control_plane,
        entry.id,
        entry.hrid,
        entry.origin,
        entry.owner,
        entry.state,
        entry.created_at,
        entry.updated_at,
        entry.deployed_at,
    )
