"""The embedded platform on loopback: clusters with their GKO, one APIM, gateways, and a Git repository.

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
from reconciler.simulator.apim import Apim, ApimServer
from reconciler.simulator.demo.catalogue import folders
from reconciler.simulator.demo.changes import COMMITS, SAM, Commit
from reconciler.simulator.demo.console import api_id, done_since, made_before_code
from reconciler.simulator.demo.control_plane import CONSOLE_USER, Credentials, demo_apim
from reconciler.simulator.demo.data_planes import DataPlanes
from reconciler.simulator.demo.files import (
    USER,
    DemoFolder,
    control_planes,
    kubeconfig,
    settings,
    write_private,
)
from reconciler.simulator.demo.folders import ANSWERING, APIM_URL, CLUSTERS, SILENT, Folder
from reconciler.simulator.demo.history import write_repository
from reconciler.simulator.demo.incidents import INCIDENTS
from reconciler.simulator.demo.makings import KindForbidden, PodBehind
from reconciler.simulator.demo.matrix import Cells, expected_matrix
from reconciler.simulator.demo.seeding import Seeding, create_secrets
from reconciler.simulator.demo.silence import SilentServer
from reconciler.simulator.demo.timeline import DAY, Timeline, play
from reconciler.simulator.demo.writes import writes_to
from reconciler.simulator.gko import Controllers, Operator
from reconciler.simulator.kube.access import AUTHENTICATED, Rule, Tokens, User
from reconciler.simulator.kube.cluster import SimCluster
from reconciler.simulator.kube.server import SimKubeServer

_BEFORE_ALL = 60 * DAY
_CROWD = Commit(40.9, SAM, "Platform: a crowd of services", adds=("apps/crowd/",))


class _TokensOverHttp(Tokens):
    """kubectl sends no credentials over plain HTTP, so whoever shows none is the demo's user.

    There is nothing to protect: the servers listen on loopback and hold invented objects.
    """

    def who(self, authorization: str) -> User:
        """Return who sends this Authorization header."""
        return super().who(authorization) if authorization else User(USER, (AUTHENTICATED,), f"uid-{USER}")


class DemoPlatform:
    """Three clusters that answer, one that does not, the repository they are made from, and what is beyond
    them: their GKO, one APIM with an environment for each, gateways.

    Args:
        scale: that many generated APIs more, in Git and on `prod-eu`.
        clock: seconds since the epoch; the story is told up to that instant.
        token: makes a bearer token.

    Attributes:
        clusters: the simulated clusters by name, once started.
        controllers: the GKO of each of them.
        apim: the control plane, once started.
        data_planes: the gateways, once started.
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
        self.controllers: dict[str, Controllers] = {}
        self.apim = Apim(clock)
        self.data_planes: DataPlanes | None = None
        self._password = self._gateway_password = ""
        self._apim_server: ApimServer | None = None
        self._known_as: dict[str, Apim] = {}
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
            self._fill(told_at)
            tokens = await self._put_into_service()
        finally:
            await history
        self._write_files(teams, tokens)

    async def stop(self) -> None:
        """Take everything out of service; the folder stays."""
        for controllers in self.controllers.values():
            controllers.stop()
        if self.data_planes is not None:
            await self.data_planes.stop()
        if self._apim_server is not None:
            await self._apim_server.stop()
        for server in self._servers.values():
            await server.stop()
        self._servers.clear()
        await self._silent.stop()

    def describe(self) -> dict[str, Any]:
        """Where everything is: paths as text, URLs, and how one logs in at APIM.

        `clusters` maps names to URLs; `apim` has `url`, `user` and `password`; `gateways` maps pods to the
        URLs of their technical APIs.
        """
        apim = {"url": self._apim_server.url if self._apim_server is not None else ""}
        return {
            "folder": str(self.folder.root),
            "config": str(self.folder.config),
            "kubeconfig": str(self.folder.kubeconfig),
            "repository": str(self.folder.repository),
            "state": str(self.folder.state),
            "cache": str(self.folder.cache),
            "clusters": dict(self._urls),
            "apim": {**apim, "user": CONSOLE_USER, "password": self._password},
            "gateways": self.data_planes.urls() if self.data_planes is not None else {},
        }

    def expected_matrix(self) -> dict[ResourceKey, Cells]:
        """What every cell must show while nobody has changed anything."""
        return expected_matrix(self._timeline)

    def _fill(self, told_at: float) -> None:
        """Make clusters and control plane what the story made them, in this process and at once."""
        crds = demo_crds()
        credentials = Credentials(self._token(), self._token())
        self._password = credentials.password
        self.apim = demo_apim(self._clock, credentials)
        self._known_as[APIM_URL] = self.apim
        made_before_code(self.apim, told_at)
        for name in ANSWERING:
            cluster = self.clusters[name] = SimCluster(name, crds=crds, clock=self._clock)
            create_secrets(cluster, credentials.token, told_at - _BEFORE_ALL)
            operator = Operator(cluster, self._known_as, self._clock)
            self.controllers[name] = Controllers(operator)
            Seeding(cluster, operator).seed(writes_to(name, self._timeline, told_at))
        done_since(self.apim, told_at)
        self._gateway_password = self._token()
        self.data_planes = DataPlanes(self.apim, self.clusters, self._clock, told_at, self._gateway_password)
        for incident in INCIDENTS:
            if isinstance(incident.made, PodBehind):
                for key in incident.keys:
                    self.data_planes.fall_behind(incident.made.pod, api_id(key))

    async def _put_into_service(self) -> dict[str, str]:
        """Let everything listen, and GKO watch; returns the user's token for each cluster."""
        tokens = {}
        for name, cluster in self.clusters.items():
            tokens[name] = self._admit(cluster)
            server = self._servers[name] = SimKubeServer(cluster)
            await server.start()
            self._urls[name] = server.url
            self.controllers[name].start()
        self._urls[SILENT] = await self._silent.start()
        tokens[SILENT] = self._token()
        self._apim_server = ApimServer(self.apim)
        await self._apim_server.start()
        self._known_as[self._apim_server.url] = self.apim  # for a context that states where it really is
        assert self.data_planes is not None
        await self.data_planes.start()
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
        assert self.data_planes is not None and self._apim_server is not None
        planes = control_planes(self._apim_server.url)
        gateways = self.data_planes.settings(self.folder.gateway_password.name)
        write_private(self.folder.gateway_password, self._gateway_password + "\n")
        write_private(self.folder.config, settings(CLUSTERS, teams, planes, gateways))


def demo_crds() -> list[dict[str, Any]]:
    """The CustomResourceDefinitions of the demo's clusters."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    paths = sorted((Path(__file__).parent / "demo" / "crds").glob("*.yaml"))
    return [yaml.load(path.read_bytes(), Loader=loader) for path in paths]  # noqa: S506 -- a safe loader


def _commits(scale: int) -> tuple[Commit, ...]:
    return (*COMMITS[:5], _CROWD, *COMMITS[5:]) if scale else COMMITS
