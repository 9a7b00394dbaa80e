"""The files that a demo leaves in its folder: gko-tui.yaml, a kubeconfig, a note about itself."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.model.errors import ConfigurationError
from reconciler.simulator.demo.folders import ENVIRONMENTS, EU, PLANES, SERVED, SILENT, US, Folder
from reconciler.simulator.demo.yaml_text import to_yaml

USER = "sre"
_NOTE = "demo.json"
_VERSION = 2


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """Where everything of one demo lies."""

    root: Path

    @property
    def config(self) -> Path:
        """The configuration of gko-tui."""
        return self.root / "gko-tui.yaml"

    @property
    def kubeconfig(self) -> Path:
        """One context for each cluster; holds tokens, so mode 0600."""
        return self.root / "kubeconfig"

    @property
    def gateway_password(self) -> Path:
        """The password of the gateways' technical APIs, mode 0600."""
        return self.root / "gateway-password"

    @property
    def repository(self) -> Path:
        """The Git repository, with its working tree."""
        return self.root / "repository"

    @property
    def state(self) -> Path:
        """The ledger and what else gko-tui must not lose; the demo's own, never the user's."""
        return self.root / "state"

    @property
    def cache(self) -> Path:
        """What gko-tui can compute again."""
        return self.root / "cache"

    def open(self, *, now: float, scale: int) -> float:
        """Make the folder the demo's, or take up the demo that is in it.

        Args:
            now: seconds since the epoch.
            scale: how many generated APIs the demo has.

        Returns:
            the instant its story is told from: `now`, or that of the demo found there (whose
            repository may hold commits of the user's by now, and is left alone).

        Raises:
            ConfigurationError: the folder cannot be made, or holds something else.
        """
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = sorted(entry.name for entry in self.root.iterdir())
        except OSError as error:
            raise ConfigurationError(
                f"cannot be used for the demo ({error.strerror or error})",
                subject=str(self.root),
                next_step="name a folder that you may write with --folder",
            ) from error
        if _NOTE in found and self.repository.is_dir():
            return self._told_from(scale)
        if found:
            raise ConfigurationError(
                "is not empty and holds no demo",
                subject=str(self.root),
                next_step="name an empty folder with --folder, or leave it out",
            )
        self.state.mkdir(mode=0o700)
        self.cache.mkdir(mode=0o700)
        return now

    def note(self, *, told_from: float, scale: int) -> None:
        """Remember what demo this is; written last, when its repository is complete."""
        content = {"version": _VERSION, "now": told_from, "scale": scale}
        (self.root / _NOTE).write_text(json.dumps(content) + "\n")

    def _told_from(self, scale: int) -> float:
        path = self.root / _NOTE
        try:
            note = json.loads(path.read_text())
            matches = note["version"] == _VERSION and note["scale"] == scale
            told_from = float(note["now"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(
                "cannot be read",
                subject=str(path),
                next_step="remove the folder, or name another one with --folder",
            ) from error
        if not matches:
            raise ConfigurationError(
                "belongs to a demo of another version or size",
                subject=str(path),
                next_step="remove the folder, or name another one with --folder",
            )
        return told_from


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody else may read, at once or not at all."""
    beside = path.with_name(f".{path.name}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
    beside.replace(path)


def kubeconfig(servers: Mapping[str, dict[str, str]], tokens: Mapping[str, str]) -> str:
    """Return a kubeconfig with one context for each cluster.

    Args:
        servers: cluster → the fields of its `cluster` entry (`server`, CA).
        tokens: cluster → bearer token.
    """
    content: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": next(iter(servers)),
        "clusters": [{"name": name, "cluster": dict(entry)} for name, entry in servers.items()],
        "users": [{"name": f"{USER}-{name}", "user": {"token": token}} for name, token in tokens.items()],
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": f"{USER}-{name}"}} for name in servers
        ],
    }
    return to_yaml(content)


def control_planes(url: str) -> list[dict[str, Any]]:
    """The control planes as gko-tui.yaml declares them; credentials are those of the ManagementContexts.

    Args:
        url: where APIM is from here.
    """
    return [
        {
            "name": name,
            "url": url,
            "environment": ENVIRONMENTS[cluster],
            "clusters": list(SERVED[name]),
        }
        for cluster, name in PLANES.items()
    ]


def settings(
    clusters: Sequence[str],
    folders: Sequence[Folder],
    planes: Sequence[Mapping[str, Any]],
    gateways: Sequence[Mapping[str, Any]],
) -> str:
    """Return the demo's gko-tui.yaml.

    Args:
        clusters: their names.
        folders: what the teams keep in Git.
        planes: the control planes, each as it is declared.
        gateways: the gateways, each as it is declared.
    """
    content = {
        "version": 1,
        "sources": [{"name": "apis", "path": "repository", "ref": "main"}],
        "clusters": [_cluster(name) for name in clusters],
        "applications": [
            {
                "name": folder.application,
                "source": "apis",
                "folder": folder.path,
                "clusters": list(folder.clusters),
                "namespace": folder.team,
            }
            for folder in folders
        ],
        "control_planes": [dict(plane) for plane in planes],
        "gateways": [dict(gateway) for gateway in gateways],
    }
    return to_yaml(content, comment="Written by gko-tui demo; the clusters are simulated and end with it.")


def _cluster(name: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": name, "kubeconfig": "kubeconfig", "context": name}
    if name in (EU, US):
        entry["protected"] = True
    if name == SILENT:
        entry["request_timeout_s"] = 2
    return entry
