"""What is asked of the engine when something is to be done, and what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field

from reconciler.model.keys import ResourceKey
from reconciler.model.plan import Actor, Plan
from reconciler.model.steps import Did, Outcome, Step
from reconciler.model.verdicts import ExitCode, Place

BOTH_HOPS = frozenset({Place.CLUSTER, Place.CONTROL_PLANE})
"""The hops that anybody can write across; gateways fetch for themselves."""
_FAILED = frozenset({Did.FAILED})
_NOT_SEEN = frozenset({Did.UNKNOWN})


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What a plan is asked for.

    Args:
        keys: these resources only; empty for all.
        applications: those of these applications only; empty for all.
        hops: the hops that may be written across.
        purpose: a word that stands in the plan (`sync`, `heal`, `reconcile`, `delete`).
        actor: who would carry it out.
        delete: resources that a person named to be deleted, whatever the inventory says.
        list_unchanged: whether resources in sync get a `noop` step.
        tried: whether the places are asked what the plan would do; a person's plan always is.
        wait: whether the plan ends with waiting until the gateways run what it changed.
    """

    keys: frozenset[ResourceKey] = frozenset()
    applications: frozenset[str] = frozenset()
    hops: frozenset[Place] = BOTH_HOPS
    purpose: str = "sync"
    actor: Actor = Actor.PERSON
    delete: frozenset[ResourceKey] = frozenset()
    list_unchanged: bool = False
    tried: bool = True
    wait: bool = False

    def wants(self, key: ResourceKey, application: str) -> bool:
        """Whether a resource is asked for."""
        if self.keys and key not in self.keys:
            return False
        return not self.applications or application in self.applications


async def _nobody(step: Step, outcome: Outcome) -> None:
    del step, outcome


@dataclass(frozen=True, slots=True)
class Orders:
    """How a plan is carried out.

    Args:
        typed: what a person typed; a step that asks for a phrase which is not among it is skipped.
        told: awaited with each step and its outcome, before anything that comes after it begins.
        stopped: asked between steps whether to stop.
        wait_s: how long to wait for a place to show what was done, in seconds.
    """

    typed: Collection[str] = ()
    told: Callable[[Step, Outcome], Awaitable[None]] = field(default=_nobody, repr=False)
    stopped: Callable[[], bool] = field(default=lambda: False, repr=False)
    wait_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Carried:
    """A plan that was carried out: one outcome for each of its steps, in its order.

    `stopped`: it was told to stop before its end. `notes` say what went wrong beside the steps.
    """

    plan: Plan
    outcomes: tuple[Outcome, ...]
    stopped: bool = False
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """What a write exits with (ENGINE §5): 1 failed, 4 blocked or not confirmed, 2 not seen yet, 0."""
        by_id = {outcome.step: outcome for outcome in self.outcomes}
        dids = {by_id[step.id].did for step in self.plan.steps if step.id in by_id}
        if dids & _FAILED or self.stopped:
            return ExitCode.ERROR
        wanted = [step for step in self.plan.steps if step.runs or step.blocked]
        if any(by_id[step.id].did is Did.SKIPPED for step in wanted if step.id in by_id):
            return ExitCode.BLOCKED
        return ExitCode.CHANGES if dids & _NOT_SEEN else ExitCode.IN_SYNC
