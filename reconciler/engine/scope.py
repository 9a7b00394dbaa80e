"""How much of a platform a reading is about: which hops, which resources, and what is left out on purpose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Place


def _every(key: ResourceKey) -> bool:
    del key
    return True


@dataclass(frozen=True, slots=True)
class Scope:
    """What is asked for.

    Attributes:
        hops: the hops to read; the others are not judged (`·`).
        wants: whether a resource is asked for: only those are read whole at a control plane.
        left_out: configured clusters that are not read, so that nothing is called an orphan for their sake.
    """

    hops: frozenset[Place] = frozenset(Place)
    wants: Callable[[ResourceKey], bool] = _every
    left_out: tuple[str, ...] = ()

    @property
    def everything(self) -> bool:
        """Whether every resource is asked for."""
        return self.wants is _every

    @property
    def beyond(self) -> bool:
        """Whether anything beyond the clusters is to be read."""
        return Place.CONTROL_PLANE in self.hops or Place.GATEWAY in self.hops


EVERYTHING = Scope()
