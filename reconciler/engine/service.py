"""The engine as its three faces use it: observe once, run live, plan, apply; `answering` has its answers.

It owns the effects (sources, clusters, ledger) and hands everything else to the modules named for a verb.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from reconciler.cluster.objects import QUICK, SMALL
from reconciler.engine.actual import Actual
from reconciler.engine.actual_prints import ActualPrints
from reconciler.engine.answering import Answering
from reconciler.engine.desired_prints import DesiredPrints
from reconciler.engine.downstream.beyond import NothingBeyond
from reconciler.engine.fingerprint import Fingerprinter
from reconciler.engine.fleet import Fleet
from reconciler.engine.following import Following
from reconciler.engine.git_state import GitState
from reconciler.engine.judging import Judge, Knowledge
from reconciler.engine.loop import Pass
from reconciler.engine.marks import Marks
from reconciler.engine.pairs import Pairs
from reconciler.engine.record import Recorder
from reconciler.engine.rule_packs import OF_USER, RulePacks
from reconciler.engine.scope import EVERYTHING, Scope
from reconciler.engine.since import SinceWhen
from reconciler.engine.synced_leaves import SyncedLeaves
from reconciler.git.cache import ParseCache
from reconciler.git.source import GitSource
from reconciler.ledger.digest_cache import DigestCache
from reconciler.ledger.store import Ledger, Since
from reconciler.model.errors import GkoError, LedgerError
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import PlaceState, Problem
from reconciler.model.verdicts import Place
from reconciler.rules.ignoring import IgnoreRule, Subject
from reconciler.settings.paths import digest_key, user_config_file

if TYPE_CHECKING:
    from reconciler.engine.acting.acting import Acting
    from reconciler.engine.downstream.chain import Chain
    from reconciler.ledger.deeds import Deed
    from reconciler.model.acting import Carried, Orders, PlanRequest
    from reconciler.model.plan import Plan
    from reconciler.settings.model import Platform
    from reconciler.settings.paths import StatePaths

log = logging.getLogger(__name__)

FRESH_EVERY_S = 5.0
"""Signs of life of a cluster are published at most this often."""


class Engine(Answering):
    """Reads the places of a platform and judges what it finds.

    Args:
        platform: sources, clusters, applications.
        paths: where this machine keeps its ledger and caches.
        environ: the environment, for credentials and tools.
        clock: seconds since the epoch.
        fleet: where to publish; a new one by default.
        scope: how much of it is asked for.
    """

    def __init__(
        self,
        platform: Platform,
        paths: StatePaths,
        *,
        environ: Mapping[str, str],
        clock: Callable[[], float],
        fleet: Fleet | None = None,
        scope: Scope = EVERYTHING,
    ) -> None:
        self.platform = platform
        self._scope = scope
        self.fleet = fleet if fleet is not None else Fleet()
        self._environ = environ
        self._clock = clock
        self._warnings: list[LedgerError] = []
        self._ledger = self._open_ledger(paths)
        self._digests = DigestCache(paths.cache / "digests.db", warn=self._warnings.append)
        self._parses = ParseCache(paths.cache / "parses.db")
        sources = {
            spec.name: GitSource(spec, paths, cache=self._parses, environ=environ, clock=clock)
            for spec in platform.sources
        }
        self._packs = RulePacks(sources, user_config_file(environ).with_name(OF_USER), self.fleet)
        self._fingerprinter = Fingerprinter(digest_key(paths), self._packs.base)
        self._git = GitState(platform, sources, self.fleet, clock)
        self._marks = Marks()
        self._heard: dict[tuple[Place, str], float] = {}
        self._actual_prints = ActualPrints(self._fingerprinter, self._digests)
        self._actual = Actual(
            {cluster.name: cluster.namespaces for cluster in platform.clusters},
            changed=self._marks.changed,
            scope_changed=self._marks.scope_changed,
            place_changed=self._place_changed,
            sign_of_life=self._sign_of_life,
            arrived=self._actual_prints.arrived,
            clock=clock,
        )
        self._knowledge = Knowledge(self._actual)
        self._sources = sources
        self._beyond = self._chain if scope.beyond else NothingBeyond()
        self._leaves = SyncedLeaves(self._ledger, sources, self._fingerprinter)
        self._pairs = Pairs(
            self._fingerprinter, sources, self._synced_leaves, platform.people_managers, self._packs.of
        )
        self._following = Following(
            self._git, self._packs, self._actual, self._marks, self.fleet, environ=environ, clock=clock
        )
        self._pass = self._make_pass(sources)
        self._acting: Acting | None = None
        self._running = False
        self._publish_warnings()

    @cached_property
    def _chain(self) -> Chain:
        """Control planes and gateways; made when they are first asked about."""
        from reconciler.engine.downstream.chain import Chain

        def digest(key: ResourceKey) -> bytes | None:
            known = self._knowledge.synced_beyond.get(key)
            return known.digest if known is not None else None

        def leaves(key: ResourceKey) -> bytes | None:
            found = self._ledger.synced_leaves(Place.CONTROL_PLANE, key) if self._ledger is not None else None
            return found if isinstance(found, bytes) else None

        return Chain(
            self.platform,
            self._environ,
            actual=self._actual,
            fleet=self.fleet,
            marks=self._marks,
            place_changed=self._place_changed,
            desired_body=self._desired_body,
            synced_digest=digest,
            synced_leaves=leaves,
            key=self._fingerprinter.key,
            clock=self._clock,
            scope=self._scope,
            sign_of_life=self._answered,
            ignoring=self._ignoring,
        )

    def _ignoring(self, key: ResourceKey) -> tuple[IgnoreRule, ...]:
        """The ignore rules that are for a resource on the control-plane hop."""
        desired = self._knowledge.desired.get(key)
        rules = self._packs.of(desired.first.source if desired is not None else None).ignore
        if not rules:
            return ()
        labels = dict(desired.first.document.labels) if desired is not None else {}
        subject = Subject(key, Place.CONTROL_PLANE, labels)
        return tuple(rule for rule in rules if rule.where.matches(subject))

    def _make_pass(self, sources: Mapping[str, GitSource]) -> Pass:
        remembered: dict[Place, dict[ResourceKey, Since]] = {hop: {} for hop in Place}
        if self._ledger is not None:
            self._knowledge.synced.update(self._ledger.synced(Place.CLUSTER))
            self._knowledge.synced_beyond.update(self._ledger.synced(Place.CONTROL_PLANE))
            remembered = {hop: self._ledger.verdicts(hop) for hop in remembered}
        desired_prints = DesiredPrints(self._fingerprinter, sources, self._parses)
        return Pass(
            self._marks,
            self._knowledge,
            self._git,
            self._beyond,
            desired_prints,
            Judge(
                self._knowledge,
                desired_prints,
                self._actual_prints,
                self._pairs,
                self._beyond.cells,
                SinceWhen(remembered),
                self._clock,
            ),
            Recorder(
                self._ledger,
                self._knowledge,
                self._actual_prints,
                self._leaves,
                self._beyond.take_in_sync,
                remembered,
                self._fingerprinter,
                self._clock,
            ),
            self.fleet,
        )

    # --- observing -------------------------------------------------------------------------

    async def observe_once(self, *, progress: Callable[[str], None] | None = None) -> None:
        """Read every place once, judge everything, record it; the fleet then holds the answer.

        Args:
            progress: told in a few words what has been read.
        """
        say = progress if progress is not None else lambda _: None
        self._actual.packing = QUICK
        say(f"reading {len(self.platform.sources)} sources and {len(self.platform.clusters)} clusters")
        await asyncio.gather(
            # Clusters first: they work on their answers while Git is read here.
            *(self._following.read_cluster(spec, say) for spec in self.platform.clusters),
            *(self._following.read_source(spec.name, say) for spec in self.platform.sources),
        )
        # What Git defines and a cluster lost may still be at its control plane.
        self._knowledge.desired = await asyncio.to_thread(self._git.desired)
        if self._scope.beyond:
            await self._chain.observe_once(say, self._knowledge.desired)
        say("comparing")
        await self._pass.everything()

    async def run(self) -> None:
        """Observe until cancelled: sources are polled, clusters watched, changes judged as they come."""
        following = self._following
        self._actual.packing = SMALL
        self._running = True
        async with asyncio.TaskGroup() as tasks:
            for source in self.platform.sources:
                tasks.create_task(following.alive(source.name, partial(following.follow_source, source)))
            for cluster in self.platform.clusters:
                tasks.create_task(following.alive(cluster.name, partial(following.follow_cluster, cluster)))
            if self._scope.beyond:
                tasks.create_task(self._chain.run(following.alive))
            tasks.create_task(following.alive("comparing", self._pass.forever))

    async def refresh(self) -> None:
        """Ask every source for its head now (clusters are watched and need no asking)."""
        await asyncio.gather(*(self._following.poll_source(spec.name) for spec in self.platform.sources))

    async def aclose(self) -> None:
        """Let go of connections and files; the engine cannot be used afterwards."""
        if "_chain" in self.__dict__:
            with contextlib.suppress(Exception):
                await self._chain.aclose()
        for closing in (self._ledger, self._digests, self._parses):
            if closing is not None:
                with contextlib.suppress(Exception):
                    closing.close()

    # --- acting ----------------------------------------------------------------------------

    async def plan(self, request: PlanRequest) -> Plan:
        """Plan what is asked for, from what was read last; nothing is written.

        Raises:
            UsageError: something that is asked for is not known.
        """
        for key in request.keys | request.delete:
            self._row(key)
        return await self._acts().plan(request)

    async def apply(self, plan: Plan, orders: Orders) -> Carried:
        """Carry a plan out; what goes wrong at a step is the step's outcome.

        Raises:
            UsageError: the plan is not for this platform.
        """
        try:
            return await self._acts().apply(plan, orders)
        finally:
            await self._pass.once()

    def _acts(self) -> Acting:
        """What acts; loaded when something is to be done, for most runs only look."""
        if self._acting is None:
            from reconciler.engine.acting.acting import Acting
            from reconciler.engine.acting.gathering import Sources
            from reconciler.engine.acting.shared import Shared

            known = Sources(
                self.platform,
                self._knowledge,
                self._git,
                self._pairs,
                self.fleet,
                self._chain,
                Shared(self.platform, self._chain.clients),
                self._fingerprinter,
            )
            who = self._environ.get("USER") or self._environ.get("LOGNAME") or "somebody"
            self._acting = Acting(
                known,
                self._clock,
                self._wrote,
                ledger=self._ledger,
                who=who,
                followed=lambda: self._running,
            )
        return self._acting

    def keep_deed(self, deed: Deed) -> None:
        """Keep in this machine's ledger what was done without a plan; if it cannot be, the log says so."""
        if self._ledger is None:
            return
        try:
            self._ledger.begin([deed], at=deed.begun)
            self._ledger.end(deed.plan, deed.step, deed.did, deed.message, deed.after, at=deed.ended)
        except LedgerError as error:
            log.warning("ledger", extra={"what": str(deed.key), "why": error.sentence()})

    # --- what the rooms tell ---------------------------------------------------------------

    def _place_changed(self, state: PlaceState) -> None:
        facts = {"place": state.place.value, "what": state.name, "phase": state.phase, "why": state.message}
        log.debug("place", extra=facts)
        name = (state.place, state.name)
        if state.phase in ("ready", "partial"):
            self._heard[name] = state.observed_at
        else:  # it was tried now; what counts for its rows is when it was last heard of
            state = replace(state, observed_at=self._heard.get(name, 0.0))
        self.fleet.publish_place(state)

    def _sign_of_life(self, cluster: str, at: float) -> None:
        self._answered(Place.CLUSTER, cluster, at)

    def _answered(self, place: Place, name: str, at: float) -> None:
        self._heard[place, name] = at
        state = self.fleet.place(place, name)
        if state is not None and state.phase != "failed" and at - state.observed_at >= FRESH_EVERY_S:
            self.fleet.publish_place(replace(state, observed_at=at))

    def _wrote(self, key: ResourceKey, body: dict[str, Any] | None) -> None:
        """An object as a step of ours left it: known at once, whatever watches say later."""
        content = self._actual.clusters.get(key.cluster)
        if content is None or key.kind not in content.kinds:
            return  # a Secret, a namespace: no row shows it
        metadata = {"name": key.name, "namespace": key.namespace}
        event, item = ("MODIFIED", body) if body is not None else ("DELETED", {"metadata": metadata})
        self._actual.event(key.cluster, key.kind, event, item)

    def _desired_body(self, key: ResourceKey) -> dict[str, Any] | None:
        """What Git defines, for a resource that its cluster does not hold; None where it cannot be read."""
        desired = self._knowledge.desired.get(key)
        if desired is None:
            return None
        try:
            body = self._pairs.read(desired.first)
        except GkoError:
            return None
        metadata = body.get("metadata")
        stated = metadata if isinstance(metadata, dict) else {}
        return {**body, "metadata": {**stated, "namespace": key.namespace}}

    def _synced_leaves(self, key: ResourceKey) -> bytes | None:
        schema = self._actual.clusters[key.cluster].schema(key.kind)
        return self._leaves.of(key, self._knowledge.synced.get(key), schema)

    def _open_ledger(self, paths: StatePaths) -> Ledger | None:
        try:
            return Ledger(paths.state / "ledger.db", warn=self._warnings.append)
        except LedgerError as error:
            self._warnings.append(error)
            return None

    def _publish_warnings(self) -> None:
        self.fleet.publish_problems(
            "ledger",
            (
                Problem(
                    Place.CLUSTER, "ledger", error.subject, error.what, error.next_step, severity="warning"
                )
                for error in self._warnings
            ),
        )
