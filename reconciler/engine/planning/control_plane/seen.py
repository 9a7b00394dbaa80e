"""What is seen of a resource at the moment: read again before a write, after it, and while waiting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from reconciler.engine.planning.control_plane.closing import Count
from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Verdict

if TYPE_CHECKING:
    from reconciler.control_plane.refs import StateRef
    from reconciler.control_plane.writing import ControlPlaneWriter
    from reconciler.rules.apim.bodies import Body


@dataclass(frozen=True, slots=True)
class Seen:
    """One resource, its cluster and its control plane read just now.

    Attributes:
        verdict: of the hop; None where it does not exist.
        causes: the verdict's.
        uid: of the object on its cluster; empty where there is none.
        generation: of its spec.
        accepted: whether the writer of the hop accepted this spec.
        control_plane: which one; empty where it is not known.
        ref: the thing there; None where it is not known.
        held: a digest of what is held, `subjects.ABSENT` for nothing.
        body: what would be sent; None where it cannot be made.
        drops: access plans that are held and that the body leaves out.
    """

    verdict: Verdict | None = None
    causes: tuple[str, ...] = ()
    uid: str = ""
    generation: int = 0
    accepted: bool = False
    control_plane: str = ""
    ref: StateRef | None = None
    held: str = ""
    body: Body | None = None
    drops: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SeenRunning:
    """The gateways of one resource, read just now: their verdict (None: none runs it) and its causes."""

    verdict: Verdict | None
    causes: tuple[str, ...] = ()


class HopPlaces(Protocol):
    """What carrying out needs to know of the places."""

    async def look(self, key: ResourceKey) -> Seen:
        """Read a resource and what its control plane holds of it again.

        Raises:
            GkoError: one of the two cannot be read.
        """
        ...

    async def look_at_gateways(self, key: ResourceKey) -> SeenRunning:
        """Read the gateways of a resource again.

        Raises:
            GkoError: nothing can be read.
        """
        ...

    async def subscribers(self, key: ResourceKey) -> Count:
        """Count the live subscriptions of an API now; what cannot be counted is None."""
        ...

    def writer(self, control_plane: str) -> ControlPlaneWriter:
        """The writer of a control plane.

        Raises:
            GkoError: it is not known any longer.
        """
        ...

    async def missing_plugins(self, control_plane: str, body: Body) -> tuple[str, ...]:
        """What a body needs that is not installed there, as sentences; its dry run does not look at that."""
        ...

    def touched(self, control_plane: str, ref: StateRef) -> None:
        """It was written by us: whoever observes it may read it soon."""
        ...
