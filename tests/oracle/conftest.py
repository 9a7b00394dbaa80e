"""What the oracle tests share: one namespace of a real cluster with every valid example in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.examples import Kind, kinds, manifests
from tests.oracle.server import Oracle
from tests.peers.control_plane import KubeControlPlane

WHOLE = 5_000
FEW = 600
"""How many mutations are made where nobody asked for the whole: a sample of every example."""


@dataclass(frozen=True, slots=True)
class Pair:
    """An example as Git has it and as the cluster made it."""

    git: dict[str, Any]
    live: dict[str, Any]
    kind: Kind


@dataclass(frozen=True, slots=True)
class Setting:
    """The oracle, and every example that the server takes."""

    oracle: Oracle
    pairs: list[Pair]
    refused: list[dict[str, Any]]


def how_many(whole: int, few: int) -> int:
    """How many cases to make: GKO_TUI_ORACLE=5000 asks for the whole, another number for that share of it."""
    asked = int(os.environ.get("GKO_TUI_ORACLE", "0"))
    return whole * asked // WHOLE if asked else few


class Settings:
    """Gives the setting by the creator of its objects and by purpose; each is made once.

    Args:
        cluster: a real cluster with the CRDs.
        data: the reference data.
    """

    def __init__(self, cluster: KubeControlPlane, data: Path) -> None:
        self._cluster = cluster
        self._data = data
        self._made: dict[str, Setting] = {}

    def __call__(self, creator: str, purpose: str = "dry-runs") -> Setting:
        """The setting whose objects this field manager has made; one that changes them takes its own."""
        name = f"oracle-{creator}-{purpose}"
        if name not in self._made:
            known = kinds(self._data / "crds")
            namespace = self._cluster.create_namespace(name)
            oracle = Oracle(self._cluster.client(), namespace, known, creator)
            found = [(manifest, oracle.create(manifest)) for manifest in manifests(self._data / "examples")]
            self._made[name] = Setting(
                oracle,
                [Pair(git, live, known[git["kind"]]) for git, live in found if live is not None],
                [git for git, live in found if live is None],
            )
        return self._made[name]


@pytest.fixture(scope="session")
def settings_by_creator(gravitee_cluster: KubeControlPlane, shared_data: Path) -> Settings:
    """Give every example, in a namespace of its own per creator."""
    return Settings(gravitee_cluster, shared_data)
