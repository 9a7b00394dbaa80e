"""Carries out the cluster steps of a plan: level by level, each precondition checked again, nothing twice.

What moved stops its own branch only. A step that a person had to confirm and did not, or that comes after
one that failed, is skipped with that reason. Between steps it may be told to stop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from reconciler.cluster.addresses import Address
from reconciler.cluster.applying import ObjectWriter
from reconciler.cluster.field_owners import may_take
from reconciler.cluster.rim import Rim
from reconciler.cluster.waiting import wait_for_namespace, wait_until_gone
from reconciler.cluster.written import Written
from reconciler.model.errors import GkoError
from reconciler.model.keys import ResourceKey
from reconciler.model.plan import Plan
from reconciler.model.steps import Did, Holds, Outcome, Precondition, Stage, Step, Verb

AT_A_TIME = 8
"""Objects written side by side on all clusters together."""
STOPPED = "it was stopped before this step"
DONE = frozenset({Did.CREATED, Did.CONFIGURED, Did.UNCHANGED, Did.DELETED})


class Places(Protocol):
    """What carrying out needs to know of the places."""

    def writer(self, cluster: str) -> ObjectWriter:
        """The writer of a cluster.

        Raises:
            GkoError: the cluster is not configured or cannot be opened.
        """
        ...

    def address(self, key: ResourceKey) -> Address | None:
        """Where an object stands; None where its cluster does not serve the kind."""
        ...

    async def configuration(self, step: Step) -> Mapping[str, Any]:
        """What a step applies, read again from where its content stands and held against its digest.

        Raises:
            GkoError: it cannot be read, or is not what the plan was made from.
        """
        ...


async def _nothing(step: Step, outcome: Outcome) -> None:
    del step, outcome


@dataclass(frozen=True, slots=True)
class Rules:
    """How a plan is carried out.

    Attributes:
        typed: what a person typed; a step whose phrase is not among it is skipped.
        dry_run: ask the clusters what would happen; nothing is stored.
        take_from_people: whether a field of a people's tool is taken that the plan did not see coming, as the
            loop does in the modes `heal` and `sync`; a person makes a new plan instead.
        rim: clock and sleep.
        wait_s: how long to wait for a namespace, or for an object to be gone, in seconds.
        told: awaited with each step and its outcome, before anything that comes after it begins.
        stopped: whether to stop between steps.
        wrote: told each object as a step left it; None once it is gone.
    """

    typed: Collection[str] = ()
    dry_run: bool = False
    take_from_people: bool = False
    rim: Rim = field(default_factory=Rim)
    wait_s: float = 30.0
    told: Callable[[Step, Outcome], Awaitable[None]] = _nothing
    stopped: Callable[[], bool] = lambda: False
    wrote: Callable[[ResourceKey, dict[str, Any] | None], None] = lambda _key, _body: None


def not_run(step: Step, outcomes: Mapping[str, Outcome], rules: Rules) -> Outcome | None:
    """Why a step is left out; None where it runs.

    Args:
        step: whose turn it is.
        outcomes: of the steps before it.
        rules: what was confirmed, and whether it was told to stop.
    """
    now = rules.rim.clock()
    if step.verb is Verb.NOOP:
        return Outcome(step.id, Did.UNCHANGED, at=now)
    if step.blocked:
        first = step.blocked[0]
        return Outcome(step.id, Did.SKIPPED, first.text, first.next_step, now)
    if not step.runs:
        return Outcome(step.id, Did.SKIPPED, step.reason, at=now)
    why = _held_back(step, outcomes, rules)
    return Outcome(step.id, Did.SKIPPED, *why, at=now) if why is not None else None


def _held_back(step: Step, outcomes: Mapping[str, Outcome], rules: Rules) -> tuple[str, str] | None:
    """What happened, or did not, so that a step may not run now; and what to do about it."""
    if rules.stopped():
        return STOPPED, "make a new plan"
    missing = [one.phrase for one in step.confirmations if one.phrase not in rules.typed]
    if missing and not rules.dry_run:
        return "it was not confirmed", f"type {missing[0]!r}"
    for earlier in step.after:
        outcome = outcomes.get(earlier)
        if outcome is None or outcome.did not in DONE:
            return f"{earlier} did not succeed", "see to that first"
    return None


async def carry_out(plan: Plan, places: Places, rules: Rules) -> tuple[Outcome, ...]:
    """Carry out the cluster steps of a plan.

    Args:
        plan: what to do; steps of other stages are left to others.
        places: clusters and content.
        rules: what was confirmed, and how.

    Returns:
        one outcome for each cluster step, in the plan's order. It raises nothing for what goes wrong at a
        step: that is the step's outcome.
    """
    work = _Work(places, rules)
    for level in plan.levels():
        by_key: dict[ResourceKey, list[Step]] = {}
        for step in level:
            if step.stage is Stage.CLUSTER:
                by_key.setdefault(step.key, []).append(step)
        await asyncio.gather(*(work.chain(steps) for steps in by_key.values()))
    return tuple(work.outcomes[step.id] for step in plan.steps if step.stage is Stage.CLUSTER)


class _Work:
    """One plan being carried out: outcomes by step, and the version in which each object was left."""

    def __init__(self, places: Places, rules: Rules) -> None:
        self._places = places
        self._rules = rules
        self._gate = asyncio.Semaphore(AT_A_TIME)
        self._left: dict[ResourceKey, Precondition] = {}
        self._tried: dict[ResourceKey, Step] = {}
        self._namespaces: set[tuple[str, str]] = set()
        self.outcomes: dict[str, Outcome] = {}

    async def chain(self, steps: list[Step]) -> None:
        """The steps of one object, one after the other."""
        for step in steps:
            async with self._gate:  # asked inside: it may have been stopped while this waited for its turn
                outcome = self._not_run(step) or await self._run(step)
            self.outcomes[step.id] = outcome
            await self._rules.told(step, outcome)

    def _not_run(self, step: Step) -> Outcome | None:
        """Why a step is left out; None where it runs."""
        outcome = not_run(step, self.outcomes, self._rules)
        if outcome is None and self._rules.dry_run and not self._may_be_tried(step):
            return self._outcome(step, Did.SKIPPED, "it can be tried only once its namespace exists")
        return outcome

    def _may_be_tried(self, step: Step) -> bool:
        """Whether a dry run can tell anything: a namespace that was only tried is not there."""
        space = ResourceKey(step.key.cluster, "Namespace", "", step.key.namespace)
        return space not in self._tried

    async def _run(self, step: Step) -> Outcome:
        try:
            address = self._places.address(step.key)
            if address is None:
                what = f"{step.key.cluster} does not serve {step.key.kind}"
                return self._outcome(step, Did.FAILED, what, "install its CRD")
            writer = self._places.writer(step.key.cluster)
            wrong = await self._no_namespace(step, writer)
            if wrong:
                return self._outcome(step, Did.FAILED, wrong, "create the namespace")
            written = await self._write(step, address, writer)
        except GkoError as error:
            return self._outcome(step, Did.FAILED, error.sentence(), error.next_step)
        seen = written.seen
        if self._rules.dry_run:
            self._tried[step.key] = step
        elif written.did in DONE:
            if seen is not None:
                self._left[step.key] = seen
            self._rules.wrote(step.key, written.body)
        return Outcome(
            step.id,
            written.did,
            written.message,
            written.next_step,
            self._rules.rim.clock(),
            seen.resource_version if seen is not None else "",
            seen.generation if seen is not None else 0,
            written.owners,
        )

    async def _no_namespace(self, step: Step, writer: ObjectWriter) -> str:
        """Wait for the namespace that a step writes into, once for all; says what is wrong with it."""
        if self._rules.dry_run or not any(one.holds is Holds.NAMESPACE for one in step.preconditions):
            return ""
        space = (step.key.cluster, step.key.namespace)
        if space not in self._namespaces:
            wrong = await wait_for_namespace(writer, space[1], self._rules.rim, timeout_s=self._rules.wait_s)
            if wrong:
                return wrong
            self._namespaces.add(space)
        return ""

    async def _write(self, step: Step, address: Address, writer: ObjectWriter) -> Written:
        expected = self._left.get(step.key) or _version(step)
        dry_run = self._rules.dry_run
        if step.verb in (Verb.CREATE, Verb.UPDATE):
            return await self._apply(step, address, writer, expected)
        if expected is None:
            return Written(Did.FAILED, message="the plan does not say which object is meant")
        if step.verb is Verb.REMOVE:
            return await writer.remove(address, step.removes, expected, dry_run=dry_run)
        if step.verb is Verb.MIGRATE_OWNERS:
            return await writer.migrate_owners(address, step.migrates, expected, dry_run=dry_run)
        if step.verb is Verb.REPLACE:
            return await self._replace(step, address, writer, expected)
        return await self._delete(address, writer, expected)

    async def _apply(
        self, step: Step, address: Address, writer: ObjectWriter, expected: Precondition | None
    ) -> Written:
        body, dry_run = await self._places.configuration(step), self._rules.dry_run
        managers = {one.manager for one in step.takes} | self._tried_to_migrate(step.key)
        written = await writer.apply(address, body, expected, take_from=managers, dry_run=dry_run)
        if written.cause == "conflict" and self._rules.take_from_people and may_take(written.owners):
            managers |= {one.manager for one in written.owners}
            return await writer.apply(address, body, expected, take_from=managers, dry_run=dry_run)
        return written

    def _tried_to_migrate(self, key: ResourceKey) -> set[str]:
        """Managers that would have been migrated by now, had it not been a dry run."""
        tried = self._tried.get(key)
        return set(tried.migrates) if tried is not None else set()

    async def _replace(
        self, step: Step, address: Address, writer: ObjectWriter, expected: Precondition
    ) -> Written:
        body = await self._places.configuration(step)  # first: what cannot be read must not be deleted
        gone = await self._delete(address, writer, expected)
        if gone.did not in DONE or self._rules.dry_run:
            return gone
        return await writer.apply(address, body, None)

    async def _delete(self, address: Address, writer: ObjectWriter, expected: Precondition) -> Written:
        """Delete and see it gone: until then nothing may take its place, and it stays in the inventory."""
        written = await writer.delete(address, expected, dry_run=self._rules.dry_run)
        if written.did not in DONE or written.body is None or self._rules.dry_run:
            return written
        held = await wait_until_gone(
            writer, address, expected.uid, self._rules.rim, timeout_s=self._rules.wait_s
        )
        if not held:
            return Written(Did.DELETED)
        return Written(Did.UNKNOWN, written.body, "held", held, "see what holds its finalizers")

    def _outcome(self, step: Step, did: Did, message: str = "", next_step: str = "") -> Outcome:
        return Outcome(step.id, did, message, next_step, self._rules.rim.clock())


def _version(step: Step) -> Precondition | None:
    """The version that the plan saw; None where it saw no object."""
    return next((one for one in step.preconditions if one.holds is Holds.VERSION), None)
