"""What is told and kept of work in GKO's place: what was sent, what was taken away, what failed and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.engine.standing_in.reconciling import Work
from reconciler.engine.standing_in.surroundings import Thing
from reconciler.ledger.deeds import Deed
from reconciler.model.keys import ResourceKey
from reconciler.model.plan import Actor
from reconciler.model.steps import Did, Stage, Verb

PURPOSE = "in GKO's place"
WHO = "gko-reconciler"
BROUGHT, WITHDRAWN, FAILED = "brought", "withdrawn", "not brought"

Told = Callable[[str, Mapping[str, object]], None]
Kept = Callable[[Deed], None]
"""Keeps a deed in this machine's ledger; what cannot be kept is its trouble."""


class Noting:
    """Tells and keeps what is done on one cluster.

    Args:
        cluster: its name.
        told: told an event and its facts.
        kept: given a deed for whatever was sent.
        clock: seconds since the epoch.
    """

    def __init__(self, cluster: str, told: Told, kept: Kept, clock: Callable[[], float]) -> None:
        self._cluster = cluster
        self._told = told
        self._kept = kept
        self._clock = clock
        self._failing: dict[Thing, str] = {}

    def done(self, work: Work, began: float) -> None:
        """Something was reconciled; `began` is when (seconds since the epoch)."""
        told = work.told
        why = work.trouble or (told.failure.message if told is not None and told.failure is not None else "")
        key = ResourceKey(self._cluster, *work.thing)
        if work.put:
            deleting = told is not None and told.deleting
            did = Did.FAILED if why else Did.DELETED if deleting else Did.CONFIGURED
            self._kept(
                Deed(
                    plan="",
                    step=f"{Stage.CONTROL_PLANE.value}/{PURPOSE}/{key}",
                    key=key,
                    stage=Stage.CONTROL_PLANE.value,
                    verb=(Verb.DELETE if deleting else Verb.UPDATE).value,
                    purpose=PURPOSE,
                    actor=Actor.LOOP.value,
                    who=WHO,
                    reason="its spec, or what it refers to, changed",
                    begun=began,
                    ended=self._clock(),
                    did=did.value,
                    message=why,
                )
            )
            if not why:
                self._told(WITHDRAWN if deleting else BROUGHT, {"resource": str(key)})
        if not why:
            self._failing.pop(work.thing, None)
        elif self._failing.get(work.thing) != why:  # what goes on failing is told once
            self._failing[work.thing] = why
            self._told(FAILED, {"resource": str(key), "why": why})


def nowhere(deed: Deed) -> None:
    """Where there is no ledger, nothing is kept."""
    del deed
