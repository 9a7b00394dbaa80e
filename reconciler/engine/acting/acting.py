"""Plans and their carrying out, from top to bottom: gather, plan, try; note, write, note what came of it.

The same two functions stand behind terminal, command line and headless loop (ENGINE §5).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.cluster.addresses import Address, address_of
from reconciler.cluster.rim import Rim
from reconciler.engine.acting.cluster_places import ClusterPlaces
from reconciler.engine.acting.companions import companions_of
from reconciler.engine.acting.gathering import Gathering, Sources
from reconciler.engine.acting.gathering_beyond import GatheringBeyond
from reconciler.engine.acting.hop_places import HopPlaces, Wrote
from reconciler.engine.acting.noting import Noting
from reconciler.engine.acting.subscribing import count_subscriptions
from reconciler.engine.planning.carrying_out import STOPPED, Rules, carry_out
from reconciler.engine.planning.cluster import plan_cluster
from reconciler.engine.planning.control_plane.carrying_out import carry_out_beyond
from reconciler.engine.planning.control_plane.planning import with_control_plane
from reconciler.engine.planning.subjects import Situation
from reconciler.engine.planning.trying import tried
from reconciler.model.acting import Carried, Orders, PlanRequest
from reconciler.model.errors import UsageError
from reconciler.model.keys import ResourceKey
from reconciler.model.plan import Actor, Plan
from reconciler.model.steps import Did, Outcome, Stage, Step
from reconciler.model.verdicts import Place

if TYPE_CHECKING:
    from reconciler.engine.desired import Desired
    from reconciler.ledger.store import Ledger


class Acting:
    """Makes plans and carries them out, one at a time.

    Args:
        sources: what the engine knows.
        clock: seconds since the epoch.
        wrote: told each object as a step left it on its cluster; None once it is gone.
        ledger: this machine's, for what was done; None where it cannot be opened.
        who: the user of this machine, or the name of the service.
        followed: whether places are being followed, so that what they show comes by itself.
    """

    def __init__(
        self,
        sources: Sources,
        clock: Callable[[], float],
        wrote: Wrote,
        *,
        ledger: Ledger | None,
        who: str,
        followed: Callable[[], bool] = lambda: False,
    ) -> None:
        self._sources = sources
        self._clock = clock
        self._wrote = wrote
        self._ledger = ledger
        self._who = who
        self._followed = followed
        self._one_at_a_time = asyncio.Lock()

    async def plan(self, request: PlanRequest) -> Plan:
        """Plan what is asked for, from what was read last.

        Raises:
            UsageError: something that is asked for is not known.
        """
        self._check(request)
        gathered = await Gathering(self._sources, request, clock=self._clock).gathered()
        plan = plan_cluster(gathered.situation)
        plan = replace(plan, notes=(*plan.notes, *gathered.notes))
        if Place.CLUSTER not in request.hops:
            plan = replace(plan, steps=())
        elif gathered.inventory:
            plan = replace(plan, steps=(*plan.steps, *_after_all(plan, gathered.inventory)))
        if Place.CONTROL_PLANE in request.hops:
            plan = await self._with_control_planes(plan, request, gathered.situation)
        if request.tried and plan.writes:
            said = await self._on_clusters(plan, Orders(), dry_run=True)
            plan = tried(plan, said + await self._beyond(plan, Orders(), said, dry_run=True))
        return plan

    async def _with_control_planes(self, plan: Plan, request: PlanRequest, situation: Situation) -> Plan:
        """Add what is to be done beyond the clusters."""
        sources = self._sources
        subjects = await GatheringBeyond(sources, request, self._hop_places()).gathered()
        losing = [one.key for one in subjects if one.drops or one.key in request.delete]
        if losing:
            counted, before = await count_subscriptions(losing, sources.chain), situation.intent.subscriptions

            def subscriptions(key: ResourceKey, access_plan: str) -> int | None:
                return counted.of(key, access_plan) if key in losing else before(key, access_plan)

            intent = replace(situation.intent, subscriptions=subscriptions)
            situation = replace(situation, intent=intent)
        return with_control_plane(plan, subjects, situation, wait=request.wait)

    async def apply(self, plan: Plan, orders: Orders) -> Carried:
        """Carry a plan out.

        Args:
            plan: as it was made, here or elsewhere; each of its preconditions is checked again.
            orders: what was confirmed, who is told, how to stop.

        Raises:
            UsageError: it was made for other clusters than are configured.
        """
        known = {spec.name for spec in self._sources.platform.clusters} | set(
            self._sources.chain.planes.names()
        )
        strange = sorted({step.key.cluster for step in plan.steps} - known)
        if strange:
            raise UsageError(
                f"is for {', '.join(strange)}, which is not configured",
                subject=plan.short_id,
                next_step="make a new plan with this configuration",
            )
        async with self._one_at_a_time:
            intended = _confirmed(plan, orders)
            noting = Noting(self._ledger, plan, self._who, self._digest, self._clock)
            noting.begin(intended)
            unnoted = await self._sources.shared.note_intended(intended)
            uids: dict[ResourceKey, str] = {}

            def wrote(key: ResourceKey, body: dict[str, Any] | None) -> None:
                uids[key] = str(body["metadata"].get("uid", "")) if body is not None else ""
                self._wrote(key, body)

            orders = replace(orders, told=noting.telling(orders.told))
            outcomes = await self._on_clusters(plan, orders, wrote=wrote)
            # Noted before anything is waited for: what is interrupted there has been applied all the same.
            unnoted |= await self._sources.shared.note_done(plan, outcomes, uids)
            outcomes += await self._sources.shared.carry_out(plan, orders, self._clock)
            outcomes += await self._beyond(plan, orders, outcomes)
        notes = tuple(
            f"{application} on {cluster}: what was applied is not noted and will not be pruned: {why}"
            for (application, cluster), why in sorted(unnoted.items())
        )
        if noting.trouble:
            notes += (f"not all of this stands in the ledger: {noting.trouble}",)
        stopped = any(outcome.did is Did.SKIPPED and outcome.message == STOPPED for outcome in outcomes)
        return Carried(plan, in_order(plan, outcomes), stopped=stopped, notes=notes)

    # ---------------------------------------------------------------------------------------

    async def _on_clusters(
        self,
        plan: Plan,
        orders: Orders,
        *,
        dry_run: bool = False,
        wrote: Wrote = lambda _key, _body: None,
    ) -> tuple[Outcome, ...]:
        sources = self._sources
        places = ClusterPlaces(
            sources.knowledge.actual.clusters,
            self._desired(),
            sources.pairs,
            sources.platform.people_managers,
        )
        await places.open(sorted({step.key.cluster for step in plan.runnable}), sources.chain.clients)
        return await carry_out(plan, places, replace(self._rules(plan, orders, dry_run), wrote=wrote))

    async def _beyond(
        self, plan: Plan, orders: Orders, done: Iterable[Outcome], *, dry_run: bool = False
    ) -> tuple[Outcome, ...]:
        said = {outcome.step: outcome for outcome in done}
        rules = self._rules(plan, orders, dry_run)
        return await carry_out_beyond(plan, self._hop_places(), rules, said)

    def _rules(self, plan: Plan, orders: Orders, dry_run: bool) -> Rules:
        return Rules(
            typed=orders.typed,
            dry_run=dry_run,
            take_from_people=plan.actor is Actor.LOOP,
            rim=Rim(clock=self._clock),
            wait_s=orders.wait_s,
            told=orders.told,
            stopped=orders.stopped,
        )

    def _hop_places(self) -> HopPlaces:
        sources = self._sources
        contents = sources.knowledge.actual.clusters

        def address(key: ResourceKey) -> Address | None:
            content = contents.get(key.cluster)
            served = [state.served for state in content.kinds.values()] if content is not None else []
            return address_of(key, served)

        return HopPlaces(
            sources.chain,
            address,
            self._wrote,
            key=sources.fingerprinter.key,
            clock=self._clock,
            followed=self._followed,
        )

    def _digest(self, step: Step) -> str:
        """A keyed digest of what stands where a step writes; empty for nothing."""
        key = step.key
        if step.stage is Stage.CONTROL_PLANE:
            return self._hop_places().digest_of(key)
        content = self._sources.knowledge.actual.clusters.get(key.cluster)
        found = content.objects.get(key) if content is not None else None
        if found is None or content is None:
            return ""
        return self._sources.fingerprinter.of(found.body(), content.schema(key.kind))[:16].hex()

    def _desired(self) -> Callable[[ResourceKey], Desired | None]:
        """What Git wants now, with what stands beside the resources; gathered when it is first asked for."""
        beside: dict[ResourceKey, Desired] = {}
        asked: list[bool] = []

        def desired(key: ResourceKey) -> Desired | None:
            found = self._sources.knowledge.desired.get(key)
            if found is not None:
                return found
            if not asked:
                asked.append(True)
                for one in self._sources.platform.applications:
                    rendered = self._sources.git.rendered(one.name)
                    if rendered is not None:
                        beside.update(companions_of(rendered))
            return beside.get(key)

        return desired

    def _check(self, request: PlanRequest) -> None:
        known = {one.name for one in self._sources.platform.applications}
        strange = sorted(request.applications - known)
        if strange:
            raise UsageError(
                "is no configured application",
                subject=strange[0],
                next_step=f"known: {', '.join(sorted(known))}",
            )


def in_order(plan: Plan, outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """Outcomes in the order of the plan's steps."""
    said = {outcome.step: outcome for outcome in outcomes}
    return tuple(said[step.id] for step in plan.steps if step.id in said)


def _after_all(plan: Plan, steps: Iterable[Step]) -> Iterable[Step]:
    """Steps in a level of their own, behind those of a plan."""
    level = max((step.level for step in plan.steps), default=-1) + 1
    return (replace(step, level=level) for step in steps)


def _confirmed(plan: Plan, orders: Orders) -> Plan:
    """The plan with those steps only that may run: the others are not intended."""
    typed = set(orders.typed)

    def runs(step: Step) -> bool:
        return all(one.phrase in typed for one in step.confirmations)

    kept = {step.id for step in plan.steps if runs(step)}
    steps = tuple(
        replace(step, after=tuple(one for one in step.after if one in kept))
        for step in plan.steps
        if step.id in kept
    )
    return replace(plan, steps=steps)
