"""The embedded platform: simulated clusters on loopback and a Git repository, ready to be looked at.

It is the demo (`gko-tui demo`) and the ground of tests and measurements. What is in it stands in `demo`;
this module only puts it into service and takes it out again.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from reconciler.model.keys import GROUP, ResourceKey
from reconciler.simulator.demo.catalogue import folders
from reconciler.simulator.demo.changes import COMMITS, SAM, Commit
from reconciler.simulator.demo.files import USER, DemoFolder, kubeconfig, settings, write_private
from reconciler.simulator.demo.folders import ANSWERING, CLUSTERS, SILENT, Folder
from reconciler.simulator.demo.history import write_repository
from reconciler.simulator.demo.incidents import INCIDENTS, KindForbidden
from reconciler.simulator.demo.matrix import Cells, expected_matrix
from reconciler.simulator.demo.seeding import seed
from reconciler.simulator.demo.silence import SilentServer
from reconciler.simulator.demo.timeline import Timeline, play
from reconciler.simulator.demo.writes import writes_to
from reconciler.simulator.kube.access import AUTHENTICATED, Rule, Tokens, User
from reconciler.simulator.kube.cluster import SimCluster
from reconciler.simulator.kube.server import SimKubeServer

_CROWD = Commit(40.9, SAM, "Platform: a crowd of services", adds=("apps/crowd/",))


class _TokensOverHttp(Tokens):
    """kubectl sends no credentials over plain HTTP, so whoever shows none is the demo's user.

    There is nothing to protect: the servers listen on loopback and hold invented objects.
    """

    def who(self, authorization: str) -> User:
        """Return who sends this Authorization header."""
        return super().who(authorization) if authorization else User(USER, (AUTHENTICATED,), f"uid-{USER}")


class DemoPlatform:
    """Three clusters that answer, one that does not, and the repository they are made from.

    Args:
        scale: that many generated APIs more, in Git and on `prod-eu`.
        clock: seconds since the epoch; the story is told up to that instant.
        token: makes a bearer token.

    Attributes:
        clusters: the simulated clusters by name, once started.
        folder: where the demo's files are, once started.
    """

    def __init__(
        self,
        *,
        scale: int = 0,
        clock: Callable[[], float] = time.time,
        token: Callable[[], str] = secrets.token_urlsafe,
    ) -> None:
        self.clusters: dict[str, SimCluster] = {}
        self.folder = DemoFolder(Path())
        self._scale = scale
        self._clock = clock
        self._token = token
        self._servers: dict[str, SimKubeServer] = {}
        self._silent = SilentServer()
        self._urls: dict[str, str] = {}
        self._timeline = Timeline((), {})

    async def start(self, folder: Path) -> None:
        """Write the demo into a folder and put its clusters into service.

        Args:
            folder: empty, missing, or a demo's from before: that keeps its repository and what
                gko-tui remembers of it.

        Raises:
            ConfigurationError: the folder cannot be used.
        """
        self.folder = DemoFolder(folder)
        told_at = self.folder.open(now=self._clock(), scale=self._scale)
        teams = folders(self._scale)
        self._timeline = play(teams, _commits(self._scale), told_at)
        # libgit2 works without Python's lock, so the history is written while the clusters are filled.
        history = asyncio.create_task(asyncio.to_thread(self._write_history, told_at))
        await asyncio.sleep(0)  # lets it begin
        try:
            tokens = await self._start_clusters(told_at)
        finally:
            await history
        self._write_files(teams, tokens)

    async def stop(self) -> None:
        """Take everything out of service; the folder stays."""
        for server in self._servers.values():
            await server.stop()
        self._servers.clear()
        await self._silent.stop()

    def describe(self) -> dict[str, Any]:
        """Where everything is: paths as text, and the URL of each cluster."""
        return {
            "folder": str(self.folder.root),
            "config": str(self.folder.config),
            "kubeconfig": str(self.folder.kubeconfig),
            "repository": str(self.folder.repository),
            "state": str(self.folder.state),
            "cache": str(self.folder.cache),
            "clusters": dict(self._urls),
        }

    def expected_matrix(self) -> dict[ResourceKey, Cells]:
        """What every cell must show while nobody has changed anything."""
        return expected_matrix(self._timeline)

    async def _start_clusters(self, told_at: float) -> dict[str, str]:
        """Fill the clusters and put them into service; returns the user's token for each."""
        crds = demo_crds()
        tokens = {}
        for name in ANSWERING:
            cluster = self.clusters[name] = SimCluster(name, crds=crds, clock=self._clock)
            seed(cluster, writes_to(name, self._timeline, told_at), environment=name)
            tokens[name] = self._admit(cluster)
            server = self._servers[name] = SimKubeServer(cluster)
            await server.start()
            self._urls[name] = server.url
        self._urls[SILENT] = await self._silent.start()
        tokens[SILENT] = self._token()
        return tokens

    def _write_history(self, told_at: float) -> None:
        if not self.folder.repository.is_dir():
            write_repository(self.folder.repository, self._timeline)
            self.folder.note(told_from=told_at, scale=self._scale)

    def _admit(self, cluster: SimCluster) -> str:
        """Give the demo's user rights on a cluster, and a token."""
        hidden = {
            incident.made.plural
            for incident in INCIDENTS
            if isinstance(incident.made, KindForbidden) and incident.cluster == cluster.name
        }
        ours = [resource.plural for resource in cluster.catalogue if resource.group == GROUP]
        cluster.grant(
            USER,
            Rule(("*",), (GROUP,), [plural for plural in ours if plural not in hidden]),
            Rule(("*",), ("", "apiextensions.k8s.io", "coordination.k8s.io", "events.k8s.io"), ("*",)),
        )
        cluster.tokens = _TokensOverHttp(self._clock)
        return cluster.tokens.issue(USER, token=self._token())

    def _write_files(self, teams: Sequence[Folder], tokens: dict[str, str]) -> None:
        servers = {name: {"server": self._urls[name]} for name in CLUSTERS}
        write_private(self.folder.kubeconfig, kubeconfig(servers, tokens))
        write_private(self.folder.config, settings(CLUSTERS, teams))


def demo_crds() -> list[dict[str, Any]]:
    """The CustomResourceDefinitions of the demo's clusters."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    paths = sorted((Path(__file__).parent / "demo" / "crds").glob("*.yaml"))
    return [yaml.load(path.read_bytes(), Loader=loader) for path in paths]  # noqa: S506 -- a safe loader


def _commits(scale: int) -> tuple[Commit, ...]:
    return (*COMMITS[:5], _CROWD, *COMMITS[5:]) if scale else COMMITS
