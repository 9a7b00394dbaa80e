"""Everything that the demo's teams keep in Git: one table of folders, in a fixed order."""

from __future__ import annotations

from reconciler.simulator.demo.backends import proxy
from reconciler.simulator.demo.folders import EU, Folder
from reconciler.simulator.demo.manifests import jwt, key_less, manifest
from reconciler.simulator.demo.policies import flow, rate_limit
from reconciler.simulator.demo.teams import (
    data,
    identity,
    logistics,
    marketing,
    partners,
    payments,
    platform,
    shop,
)


def folders(scale: int = 0) -> list[Folder]:
    """Return the folders of all teams.

    Args:
        scale: that many generated APIs more, on one cluster; for measuring.
    """
    teams = [platform, payments, shop, identity, logistics, marketing, data, partners]
    found = [folder for team in teams for folder in team.folders()]
    return [*found, _crowd(scale)] if scale else found


def _crowd(count: int) -> Folder:
    """A folder of `count` APIs that are alike but not equal, fifty to a file."""
    apis = [
        manifest(
            "ApiV4Definition",
            "crowd",
            f"service-{number:05d}",
            proxy(
                f"Service {number}",
                f"1.{number % 10}.0",
                f"Generated service number {number}.",
                f"/crowd/{number}",
                f"http://service-{number % 97}.crowd.svc:8080",
                flows=[flow("Guard", [rate_limit(10 + number % 90)])],
                plans={"internal": jwt("Services"), "open": key_less()},
            ),
        )
        for number in range(count)
    ]
    files = {f"services-{start // 50:04d}.yaml": apis[start : start + 50] for start in range(0, count, 50)}
    return Folder("crowd", "base", (EU,), files)
