"""When an attempt that failed is made again: after a while, or once something it hangs on has changed.

GKO parks for ever what a corrected Secret would cure, and tries for ever what no trying cures (DOMAIN §2.7,
§10.5-7). Here whatever can change is named, and whoever holds the cluster's objects wakes the resource.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.rules.apim.standing_in.told import Failure, FailureClass, Told

_FIRST, _LONGEST = 1.0, 300.0
"""Seconds before the second attempt, and between late ones."""
_UNWATCHED = ("Secret", "ConfigMap")
"""Kinds whose changes nobody reports, so that one has to look again."""
_RIGHTS = (401, 403)


@dataclass(frozen=True, slots=True)
class Parked:
    """Nothing is tried before an input changes.

    Attributes:
        why: in a few words.
        woken_by: what else than the resource's own spec wakes it: `Kind/namespace/name`.
        look_again_s: seconds after which to try all the same, because the input is one that nobody reports
            (a Secret, rights inside APIM); None where everything that matters is watched.
    """

    why: str
    woken_by: tuple[str, ...] = ()
    look_again_s: float | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """To be tried again after so many seconds; whoever waits adds the jitter."""

    after_s: float


def retry_of(told: Told, attempt: int = 1, asked_s: float = 0.0) -> Parked | Again | None:
    """When to try again.

    Args:
        told: what came of the attempt.
        attempt: how many in a row have failed, this one included.
        asked_s: how long the server asked to wait (Retry-After), in seconds.

    Returns:
        None where there is nothing to try again.
    """
    failure = told.failure
    if failure is None:
        return None
    parked = _parked(failure)
    # A refused deletion is tried again, too: nobody can correct the spec of what is being deleted.
    if parked is None or (told.deleting and failure.cause in (FailureClass.REFUSED, FailureClass.ILLEGAL)):
        return Again(max(asked_s, pause(attempt)))
    return parked


def pause(attempt: int) -> float:
    """Seconds before the next attempt after so many failures in a row: doubling, at most five minutes."""
    return min(_FIRST * 2.0 ** min(max(attempt, 1) - 1, 16), _LONGEST)


def _parked(failure: Failure) -> Parked | None:
    if failure.cause is FailureClass.TRANSPORT:
        return None
    if failure.cause is FailureClass.IN_USE:
        return Parked("it is still used", failure.waits_for)
    if failure.cause in (FailureClass.REFERENCE, FailureClass.TEMPLATE):
        return _waiting(failure)
    if failure.cause is FailureClass.REFUSED and failure.status in _RIGHTS:
        return Parked("APIM does not let us in", failure.waits_for, _LONGEST)
    return Parked("its spec has to change", failure.waits_for)


def _waiting(failure: Failure) -> Parked:
    unreported = not failure.waits_for or any(
        name.partition("/")[0] in _UNWATCHED for name in failure.waits_for
    )
    return Parked(
        "what it refers to is missing" if failure.cause is FailureClass.REFERENCE else "a template fails",
        failure.waits_for,
        60.0 if unreported else None,
    )
