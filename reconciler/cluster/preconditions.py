"""What the plan saw against what is there now: whether a step may still be carried out.

Controllers write status and metadata all the time, so a newer resourceVersion alone says nothing. The
generation counts changes of the spec; where an object has none, the resourceVersion has to be the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reconciler.model.steps import Holds, Precondition

if TYPE_CHECKING:
    from reconciler.cluster.addresses import Address


def version_of(body: Mapping[str, Any]) -> Precondition:
    """The precondition that an object is as it is now."""
    metadata = body["metadata"]
    generation = metadata.get("generation")
    return Precondition(
        Holds.VERSION,
        uid=str(metadata.get("uid", "")),
        resource_version=str(metadata.get("resourceVersion", "")),
        generation=generation if isinstance(generation, int) else 0,
    )


def moved(address: Address, expected: Precondition | None, found: Mapping[str, Any] | None) -> str:
    """Say what moved since the plan, in a sentence; nothing where the step may go on.

    Args:
        address: the object.
        expected: the version that the plan saw; None: there was none.
        found: the object as it is now; None: there is none.
    """
    if expected is None:
        return f"{address} exists by now" if found is not None else ""
    if found is None:
        return f"{address} is gone"
    return _changed(address, expected, version_of(found))


def _changed(address: Address, expected: Precondition, now: Precondition) -> str:
    if expected.uid and now.uid != expected.uid:
        return f"{address} was deleted and made anew"
    counted = bool(expected.generation and now.generation)
    if now.resource_version == expected.resource_version:
        return ""
    if not counted:
        return f"{address} was changed: version {expected.resource_version} became {now.resource_version}"
    if now.generation == expected.generation:
        return ""
    return f"{address} was changed: generation {expected.generation} became {now.generation}"
