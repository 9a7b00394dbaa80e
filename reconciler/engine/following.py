"""Follows the places that are read: sources by asking for their head, clusters by watching them.

A fault in one place must not end the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from reconciler.cluster.connection import open_cluster
from reconciler.cluster.watching import ClusterWatch, observe_once
from reconciler.engine.actual import Actual
from reconciler.engine.fleet import Fleet
from reconciler.engine.git_state import GitState
from reconciler.engine.marks import Marks
from reconciler.engine.rule_packs import RulePacks
from reconciler.model.errors import GkoError
from reconciler.model.rows import PlaceState, Problem
from reconciler.model.verdicts import Place
from reconciler.settings.model import Cluster, Source

log = logging.getLogger(__name__)

LOCAL_POLL_S = 2.0
"""How often a repository on this machine is asked for its head: a few system calls."""
REMOTE_POLL_S = 30.0


class Following:
    """Reads sources and clusters, once or for good.

    Args:
        git: what the sources define.
        packs: their ignore rules.
        actual: takes in what clusters hold.
        marks: told what moved.
        fleet: told what goes wrong.
        environ: the environment, for credentials and tools.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        git: GitState,
        packs: RulePacks,
        actual: Actual,
        marks: Marks,
        fleet: Fleet,
        *,
        environ: Mapping[str, str],
        clock: Callable[[], float],
    ) -> None:
        self._git = git
        self._packs = packs
        self._actual = actual
        self._marks = marks
        self._fleet = fleet
        self._environ = environ
        self._clock = clock

    async def alive(self, name: str, follow: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Keep following: a fault of our own in one place must not end the others."""
        while True:
            try:
                await follow()
            except Exception as error:
                log.exception("fault", extra={"place": name})
                problem = Problem(
                    Place.CLUSTER,
                    name,
                    name,
                    f"a fault of gko-tui itself: {type(error).__name__}",
                    "it goes on in 5 s; start with --debug and report what the log says",
                )
                self._fleet.publish_problems(f"fault {name}", (problem,))
                await asyncio.sleep(5.0)

    async def read_source(self, name: str, say: Callable[[str], None]) -> None:
        """Read a source once; says so in a few words."""
        await asyncio.to_thread(self._refresh, name)
        say(f"{name} read")

    async def read_cluster(self, spec: Cluster, say: Callable[[str], None]) -> None:
        """List a cluster once; says so in a few words. What goes wrong stands at its place."""
        try:
            client = await open_cluster(spec, environ=self._environ)
        except GkoError as error:
            self._actual.state(spec.name, None, _failed(spec, error))
            return
        try:
            await observe_once(client, spec, self._actual)
        except GkoError as error:
            self._actual.state(spec.name, None, _failed(spec, error))
        finally:
            await client.aclose()
        say(f"{spec.name} read")

    async def follow_source(self, spec: Source) -> None:
        """Ask a source for its head, again and again."""
        while True:
            await self.poll_source(spec.name)
            await asyncio.sleep(LOCAL_POLL_S if spec.path is not None else REMOTE_POLL_S)

    async def poll_source(self, name: str) -> None:
        """Ask a source for its head now."""
        moved, other_rules = await asyncio.to_thread(self._refresh, name)
        if moved:
            self._marks.desired_changed()
        if other_rules:  # what differs may count no longer, and the other way round
            for cluster in self._actual.clusters:
                self._marks.scope_changed(cluster, None)

    def _refresh(self, name: str) -> tuple[bool, bool]:
        """Ask a source for its head (blocking): whether it moved, and whether its rules are others now."""
        moved = self._git.refresh(name)
        return moved, moved and self._packs.refresh(name, self._git.revision(name))

    async def follow_cluster(self, spec: Cluster) -> None:
        """List and watch a cluster for good."""
        watch = ClusterWatch(lambda: open_cluster(spec, environ=self._environ), spec, clock=self._clock)
        await watch.run(self._actual)


def _failed(spec: Cluster, error: GkoError) -> PlaceState:
    return PlaceState(Place.CLUSTER, spec.name, "failed", error.sentence())
