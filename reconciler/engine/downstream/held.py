"""What the control planes hold, as their observers told it: inventories, states, publications, failures.

Nothing is judged here. What moved is handed on as names of things, for the engine to find whose rows it
concerns. Written on the event loop; a pass reads it from a worker thread, one entry at a time.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from reconciler.gateways.expecting import expectation_of_events
from reconciler.gateways.folding import Expectation
from reconciler.model.verdicts import Place

if TYPE_CHECKING:
    from reconciler.control_plane.failures import ControlPlaneError
    from reconciler.control_plane.history import Event
    from reconciler.control_plane.inventory import InventoryEntry
    from reconciler.control_plane.management import SubscriptionStatus
    from reconciler.control_plane.management_v1 import Instance
    from reconciler.control_plane.packing import PackedState
    from reconciler.control_plane.refs import StateRef
    from reconciler.model.rows import PlaceState


class Reading(NamedTuple):
    """One thing as it was last read: its state (None: it does not exist), and when, in epoch seconds."""

    state: PackedState | None
    at: float


@dataclass(frozen=True, slots=True)
class Published:
    """The newest publication or stop of an API.

    `expectation` is what it asks of gateways, without the definition, which stays packed until it is needed;
    `packed` is None where the API was never deployed, or its definition cannot be read. `listed`: only a list
    told of it so far, without the definition; it is read when it would be compared.
    """

    event: str
    expectation: Expectation
    packed: bytes | None = field(default=None, repr=False)
    listed: bool = False

    def definition(self) -> Mapping[str, Any] | None:
        """The definition as it was published; None where it cannot be read."""
        if self.packed is None:
            return None
        raw: dict[str, Any] = orjson.loads(zlib.decompress(self.packed))
        found = expectation_of_events(self.expectation.api_id, (raw,), read_at=0.0)
        return found.definition if found is not None else None


def published_by(api_id: str, event: Event | None, read_at: float) -> Published:
    """Keep an event; None for an API that was never deployed."""
    found = expectation_of_events(api_id, (event.raw,), read_at=read_at) if event is not None else None
    if event is None or found is None:
        return Published("", Expectation(api_id, read_at=read_at, started=False))
    packed = zlib.compress(orjson.dumps(dict(event.raw)), 1) if found.definition is not None else None
    return Published(event.id, replace(found, definition=None), packed, listed=not event.whole)


@dataclass(slots=True)
class HeldContent:
    """Everything read from one control plane. `listed_at` is 0 until its inventory was read whole once."""

    environment: str = ""
    listed_at: float = 0.0
    inventory: dict[str, InventoryEntry] = field(default_factory=dict)
    states: dict[StateRef, Reading] = field(default_factory=dict)
    failures: dict[StateRef, str] = field(default_factory=dict)
    subscriptions: dict[str, tuple[SubscriptionStatus, ...]] = field(default_factory=dict)
    published: dict[str, Published] = field(default_factory=dict)
    instances: Mapping[str, Instance] = field(default_factory=dict)
    """The gateways' nodes that announced themselves, by their ids."""
    instances_at: float = 0.0
    """When they were read; 0 for never: then nothing follows from a node that is not among them."""
    trouble: str = ""
    """Why the place as a whole cannot be read now; empty while it can."""


@dataclass(slots=True)
class Moved:
    """What moved since it was last asked: things, API ids, and control planes whose inventory changed."""

    states: set[tuple[str, StateRef]] = field(default_factory=set)
    apis: set[tuple[str, str]] = field(default_factory=set)
    inventories: set[str] = field(default_factory=set)
    wholly: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.states or self.apis or self.inventories or self.wholly)


class Held:
    """The sink of every control plane's observer.

    Args:
        moved: called when something was noted that a pass should look at.
        place_changed: told the state of a control plane.
        published: told an API (control plane, id) of which something new was published.
        sign_of_life: told a control plane that answered, and when (seconds since the epoch).
    """

    def __init__(
        self,
        *,
        moved: Callable[[], None],
        place_changed: Callable[[PlaceState], None],
        published: Callable[[str, str], None],
        sign_of_life: Callable[[Place, str, float], None] = lambda _place, _name, _at: None,
    ) -> None:
        self._contents: dict[str, HeldContent] = {}
        self._told = moved
        self._place_changed = place_changed
        self._published = published
        self._sign_of_life = sign_of_life
        self._moved = Moved()
        self.gateways_told: Callable[[], None] = lambda: None
        """Called when other gateways than before announced themselves somewhere."""
        self.would_compare: Callable[[str, str], None] = lambda _control_plane, _api_id: None
        """Told an API (control plane, id) whose published definition was not read but would be compared; from
        a worker thread."""

    def of(self, control_plane: str) -> HeldContent:
        """What is known of a control plane; empty at first."""
        return self._contents.setdefault(control_plane, HeldContent())

    def names(self) -> Iterator[str]:
        """The control planes of which anything is known."""
        return iter(tuple(self._contents))

    def forget(self, control_plane: str) -> None:
        """It is not observed any longer."""
        if self._contents.pop(control_plane, None) is not None:
            self._note(inventories={control_plane}, wholly={control_plane})
            self.gateways_told()

    def gateways_moved(self, *others: str) -> None:
        """What gateways say must be judged anew for every API.

        Args:
            others: names beside the control planes' for which that holds.
        """
        names = {*self._contents, *others}
        every = {(name, api_id) for name, content in self._contents.items() for api_id in content.inventory}
        self._note(wholly=names, apis=every)

    def take(self) -> Moved:
        """Take what moved."""
        taken, self._moved = self._moved, Moved()
        return taken

    # --- what ControlPlaneSink asks for ----------------------------------------------------

    def inventory(
        self, control_plane: str, environment: str, entries: Sequence[InventoryEntry], at: float
    ) -> None:
        """The environment has exactly these APIs."""
        content = self.of(control_plane)
        before, after = content.inventory, {entry.id: entry for entry in entries}
        first = not content.listed_at
        self._heard(control_plane, at)
        content.environment, content.listed_at, content.inventory = environment, at, after
        changed = {
            identifier
            for identifier in before.keys() | after.keys()
            if before.get(identifier) is not after.get(identifier)
        }
        for gone in before.keys() - after.keys():
            content.published.pop(gone, None)
        if changed or first:
            self._note(apis={(control_plane, name) for name in changed}, inventories={control_plane})

    def entry(self, control_plane: str, api_id: str, entry: InventoryEntry | None) -> None:
        """One API of the environment, read by itself; None: it is gone."""
        content = self.of(control_plane)
        if content.inventory.get(api_id) == entry:
            return
        others = {name: one for name, one in content.inventory.items() if name != api_id}
        content.inventory = others if entry is None else {**others, api_id: entry}
        self._note(apis={(control_plane, api_id)}, inventories={control_plane})

    def state(self, control_plane: str, ref: StateRef, state: PackedState | None, at: float) -> None:
        """What it holds of one thing."""
        content = self.of(control_plane)
        before = content.states.get(ref)
        content.states[ref] = Reading(state, at)
        self._heard(control_plane, at)
        failed = content.failures.pop(ref, None)
        if before is None or failed is not None or _digest(before.state) != _digest(state):
            self._note(states={(control_plane, ref)})

    def unreadable(self, control_plane: str, ref: StateRef, error: ControlPlaneError, at: float) -> None:
        """One thing could not be read."""
        del at
        content = self.of(control_plane)
        sentence = error.sentence()
        if content.failures.get(ref) != sentence:
            content.failures[ref] = sentence
            self._note(states={(control_plane, ref)})

    def subscriptions(
        self, control_plane: str, api_id: str, subscriptions: Sequence[SubscriptionStatus], at: float
    ) -> None:
        """The API has exactly these subscriptions."""
        del at
        content = self.of(control_plane)
        found = tuple(subscriptions)
        if content.subscriptions.get(api_id) != found:
            content.subscriptions[api_id] = found
            self._note(apis={(control_plane, api_id)})

    def deployment(self, control_plane: str, api_id: str, event: Event | None, at: float) -> None:
        """The newest publication, start or stop of an API."""
        content = self.of(control_plane)
        before = content.published.get(api_id)
        same = event is not None and before is not None and before.event == event.id
        if same and before is not None and event is not None and not (before.listed and event.whole):
            asked = replace(before.expectation, read_at=at)
            content.published[api_id] = replace(before, expectation=asked)
            return
        content.published[api_id] = published_by(api_id, event, at)
        self._note(apis={(control_plane, api_id)})
        if before is not None and not same:
            self._published(control_plane, api_id)

    def instances(self, control_plane: str, entries: Sequence[Instance], at: float) -> None:
        """The gateways' nodes that announced themselves to the environment."""
        content = self.of(control_plane)
        self._heard(control_plane, at)
        before, first = content.instances, not content.instances_at
        content.instances, content.instances_at = {one.id: one for one in entries}, at
        self.gateways_told()
        if first or _tags(before) != _tags(content.instances):
            self.gateways_moved()

    def place(self, state: PlaceState) -> None:
        """How well the control plane can be read."""
        content = self.of(state.name)
        trouble = state.message if state.phase == "failed" else ""
        if bool(trouble) != bool(content.trouble) or (trouble and not content.listed_at):
            self._note(wholly={state.name})
        content.trouble = trouble
        self._place_changed(state)

    # ---------------------------------------------------------------------------------------

    def _heard(self, control_plane: str, at: float) -> None:
        self._sign_of_life(Place.CONTROL_PLANE, control_plane, at)

    def _note(self, **moved: set[Any]) -> None:
        for name, found in moved.items():
            getattr(self._moved, name).update(found)
        self._told()


def _tags(instances: Mapping[str, Instance]) -> dict[str, tuple[str, ...]]:
    return {identifier: one.tags for identifier, one in instances.items()}


def _digest(state: PackedState | None) -> bytes | None:
    return state.digest if state is not None else None
