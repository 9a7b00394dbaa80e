"""Which control planes there are: the declared ones, and those that the clusters' ManagementContexts mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reconciler.control_plane.contexts import gather, target_from_context
from reconciler.control_plane.places import ContextName, Target, declared_target
from reconciler.model.errors import GkoError
from reconciler.model.rows import Problem
from reconciler.model.verdicts import Place

if TYPE_CHECKING:
    from reconciler.engine.downstream.clients import Clients
    from reconciler.settings.model import ControlPlane

CONTEXT = "ManagementContext"


@dataclass(frozen=True, slots=True)
class Known:
    """The control planes by name, the one that each context means, and why some contexts mean none."""

    targets: Mapping[str, Target] = field(default_factory=dict)
    by_context: Mapping[ContextName, str] = field(default_factory=dict)
    failures: Mapping[ContextName, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def organization(self, control_plane: str) -> str:
        """The organization of a control plane; empty if it is not known."""
        target = self.targets.get(control_plane)
        return target.organization if target is not None else ""


async def find_control_planes(
    declared: Iterable[ControlPlane],
    contexts: Iterable[tuple[ContextName, Mapping[str, Any]]],
    clients: Clients,
    environ: Mapping[str, str],
) -> Known:
    """Join what is declared with what the clusters tell; what cannot be used is named, the rest goes on.

    Args:
        declared: from the configuration.
        contexts: every ManagementContext that was read, with its body.
        clients: reads their Secrets, with the user's own rights.
        environ: the environment, for declared credentials.
    """
    problems: list[Problem] = []
    stated: list[Target] = []
    for spec in declared:
        try:
            stated.append(declared_target(spec, environ))
        except GkoError as error:
            problems.append(_problem(spec.name, error))
    found: list[Target] = []
    failures: dict[ContextName, str] = {}
    for name, body in contexts:
        try:
            found.append(await _target(name, body, clients))
        except GkoError as error:
            failures[name] = error.sentence()
            problems.append(_problem(str(name), error))
    gathered = gather(stated, found)
    return Known(
        {target.name: target for target in gathered.targets},
        dict(gathered.by_context),
        failures,
        tuple(problems),
    )


async def _target(name: ContextName, body: Mapping[str, Any], clients: Clients) -> Target:
    async def read_secret(namespace: str, secret: str) -> Mapping[str, str]:
        return await clients.secret(name.cluster, namespace, secret)

    return await target_from_context(name.cluster, body, read_secret)


def _problem(where: str, error: GkoError) -> Problem:
    return Problem(Place.CONTROL_PLANE, where, where, error.what, error.next_step)
