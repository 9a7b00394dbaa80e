"""The shared states of applications, read before a plan and written around its steps (ENGINE §2, §6).

What is about to be applied is noted before the first step, so that nothing that was applied can be missing
from an inventory, whatever ends the process in between. An entry leaves only when its object was not found.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from reconciler.cluster.shared_document import Entry, SharedState
from reconciler.cluster.shared_state import SharedStates
from reconciler.engine.desired import DEFAULT_NAMESPACE
from reconciler.engine.downstream.clients import Clients
from reconciler.engine.planning.carrying_out import STOPPED
from reconciler.model.acting import Orders
from reconciler.model.errors import GkoError
from reconciler.model.keys import ResourceKey
from reconciler.model.plan import Plan
from reconciler.model.steps import Did, Holds, Outcome, Stage, Step, Verb

if TYPE_CHECKING:
    from reconciler.settings.model import Application, Platform

_APPLIES = frozenset({Verb.CREATE, Verb.UPDATE, Verb.REPLACE, Verb.REMOVE, Verb.MIGRATE_OWNERS})
_APPLIED = frozenset({Did.CREATED, Did.CONFIGURED, Did.UNCHANGED})
NEVER_PRUNED = frozenset({"Namespace", "CustomResourceDefinition"})
"""Others live in them: what we made of these is nobody's to take away."""
Where = tuple[str, str]
"""An application and a cluster."""


class Shared:
    """Reads and writes the shared states of a platform.

    Args:
        platform: its applications and clusters.
        clients: the clusters.
    """

    def __init__(self, platform: Platform, clients: Clients) -> None:
        self._applications = {one.name: one for one in platform.applications}
        self._namespaces = {one.name: one.state_namespace for one in platform.clusters}
        self._clients = clients

    async def read(self, wanted: Iterable[Where]) -> tuple[dict[Where, SharedState], dict[Where, str]]:
        """Read states.

        Args:
            wanted: applications with the clusters they go to.

        Returns:
            the states, and why the others cannot be read.
        """
        states: dict[Where, SharedState] = {}
        failures: dict[Where, str] = {}

        async def one(where: Where) -> None:
            try:
                found = await (await self._at(where)).read(where[0])
                states[where] = found.state
            except GkoError as error:
                failures[where] = error.sentence()

        await asyncio.gather(*(one(where) for where in dict.fromkeys(wanted)))
        return states, failures

    async def update(self, where: Where, change: Callable[[SharedState], SharedState]) -> SharedState:
        """Change one state under its resourceVersion.

        Raises:
            GkoError: it cannot be written.
        """
        return await (await self._at(where)).update(where[0], change)

    async def note_intended(self, plan: Plan) -> dict[Where, str]:
        """Note what a plan is about to apply; returns why it could not be noted, where it could not.

        A state in a namespace that the plan makes first is written afterwards alone: there is nothing there
        yet that could be lost from it.
        """
        entries: dict[Where, dict[ResourceKey, Entry]] = defaultdict(dict)
        made = {(step.key.cluster, step.key.name) for step in plan.runnable if step.key.kind == "Namespace"}
        for step in plan.runnable:
            where = (step.application, step.key.cluster)
            if not _is_noted(step) or step.verb not in _APPLIES:
                continue
            if (step.key.cluster, self._namespace(where)) not in made:
                entries[where][step.key] = _intended(step)
        return await self._add(entries)

    async def note_done(
        self, plan: Plan, outcomes: Iterable[Outcome], uids: Mapping[ResourceKey, str]
    ) -> dict[Where, str]:
        """Note what came of the cluster steps of a plan; returns why that could not be noted.

        Args:
            plan: what was carried out.
            outcomes: what came of its steps.
            uids: the uids of the objects as they were left; objects seen to be gone have an empty one.
        """
        said = {outcome.step: outcome for outcome in outcomes}
        entries: dict[Where, dict[ResourceKey, Entry]] = defaultdict(dict)
        gone: dict[Where, set[ResourceKey]] = defaultdict(set)
        for step in plan.steps:
            outcome, where = said.get(step.id), (step.application, step.key.cluster)
            if outcome is None or not _is_noted(step):
                continue
            if step.verb is Verb.DELETE:
                if outcome.did is Did.DELETED:
                    gone[where].add(step.key)
            elif step.verb in _APPLIES and outcome.did in _APPLIED and uids.get(step.key):
                blob = step.content.blob if step.content is not None else ""
                entries[where][step.key] = Entry(uids[step.key], blob)
        return await self._add(entries, gone)

    async def carry_out(self, plan: Plan, orders: Orders, at: Callable[[], float]) -> tuple[Outcome, ...]:
        """Carry out the steps of a plan that only note something; one write for each application."""
        steps = [step for step in plan.steps if step.stage is Stage.SHARED_STATE]
        runs = [step for step in steps if step.runs and not orders.stopped()]
        entries: dict[Where, dict[ResourceKey, Entry]] = defaultdict(dict)
        gone: dict[Where, set[ResourceKey]] = defaultdict(set)
        for step in runs:
            where = (step.application, step.key.cluster)
            if step.verb is Verb.REMOVE:
                gone[where].add(step.key)
            else:
                entries[where][step.key] = _intended(step)
        failures = await self._add(entries, gone)
        outcomes = []
        for step in steps:
            why = failures.get((step.application, step.key.cluster), "")
            did = Did.SKIPPED if step not in runs else Did.FAILED if why else Did.CONFIGURED
            outcome = Outcome(step.id, did, why or (STOPPED if did is Did.SKIPPED else ""), at=at())
            outcomes.append(outcome)
            await orders.told(step, outcome)
        return tuple(outcomes)

    # ---------------------------------------------------------------------------------------

    async def _add(
        self,
        entries: Mapping[Where, Mapping[ResourceKey, Entry]],
        gone: Mapping[Where, set[ResourceKey]] | None = None,
    ) -> dict[Where, str]:
        failures: dict[Where, str] = {}
        away = gone or {}

        async def one(where: Where) -> None:
            def change(state: SharedState) -> SharedState:
                mine = {
                    key: entry if entry.uid or key not in state.inventory else state.inventory[key]
                    for key, entry in entries.get(where, {}).items()
                }
                return state.applied(mine).without_gone(away.get(where, ()))

            try:
                await self.update(where, change)
            except GkoError as error:
                failures[where] = error.sentence()

        await asyncio.gather(*(one(where) for where in {*entries, *away}))
        return failures

    async def _at(self, where: Where) -> SharedStates:
        return SharedStates(await self._clients.of(where[1]), self._namespace(where))

    def _namespace(self, where: Where) -> str:
        application: Application | None = self._applications.get(where[0])
        own = application.namespace if application is not None else None
        return self._namespaces.get(where[1]) or own or DEFAULT_NAMESPACE


def _is_noted(step: Step) -> bool:
    """Whether the inventory knows of what a step writes."""
    return step.stage is Stage.CLUSTER and bool(step.application) and step.key.kind not in NEVER_PRUNED


def _intended(step: Step) -> Entry:
    """What is about to be applied: with the uid that the plan saw, none for what is about to be made."""
    seen = next((one.uid for one in step.preconditions if one.holds is Holds.VERSION), "")
    return Entry(seen if step.verb is not Verb.REPLACE else "", step.content.blob if step.content else "")
