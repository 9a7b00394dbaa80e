"""`gko-tui operator show|take-over|hand-back`: who writes to control planes, and how that changes hands."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gko_tui.commands.acting_person import AtTerminal, Person
from gko_tui.commands.invocation import Invocation
from gko_tui.output.plan_words import repr_of
from gko_tui.view.words import counted
from reconciler.cluster.connection import open_cluster
from reconciler.engine.charge.deciding import (
    HandBackIncomplete,
    TakeOverRefused,
    hand_back,
    operators_of,
    take_over,
)
from reconciler.engine.charge.looking import survey
from reconciler.engine.charge.obstacles import Obstacle, obstacles
from reconciler.engine.charge.operators import LEASE, Charge, Instance, charge_of, identity_of
from reconciler.model.errors import GkoError, UsageError
from reconciler.model.verdicts import ExitCode
from reconciler.rules.text import printable
from reconciler.settings.nearest import known_names

if TYPE_CHECKING:
    from reconciler.cluster.client import KubeClient
    from reconciler.settings.model import Cluster

SCHEMA = "gko-tui/operators/v1"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one cluster's operators; `problem` says why nothing was."""

    spec: Cluster
    instances: tuple[tuple[Instance, Charge, tuple[Obstacle, ...]], ...] = ()
    problem: str = ""


# --- show ------------------------------------------------------------------------------------------


def show(invocation: Invocation) -> int:
    """Say for each cluster who is in charge, and what speaks against taking over."""
    return asyncio.run(_show(invocation))


async def _show(invocation: Invocation) -> int:
    wanted = invocation.arguments.clusters
    specs = [_spec(invocation, name) for name in wanted] or list(invocation.platform().clusters)
    seen = await asyncio.gather(*(_seen(invocation, spec) for spec in specs))
    if invocation.arguments.output != "table":
        from gko_tui.output.documents import encode

        document = {"schema": SCHEMA, "clusters": [_document(one) for one in seen]}
        invocation.console.write_bytes(encode(document, invocation.arguments.output))
    else:
        invocation.console.write("".join(f"{printable(line)}\n" for one in seen for line in _lines(one)))
    return int(ExitCode.INCOMPLETE if any(one.problem for one in seen) else ExitCode.IN_SYNC)


async def _seen(invocation: Invocation, spec: Cluster) -> Seen:
    try:
        async with _opened(invocation, spec) as client:
            instances = await operators_of(client, spec)
            surveyed = await survey(client)
    except GkoError as error:
        return Seen(spec, problem=error.sentence())
    told = ((one, charge_of(_any_of(one), [one]), obstacles(surveyed, one.scope)) for one in instances)
    return Seen(spec, tuple(told))


def _any_of(one: Instance) -> str:
    """A namespace that an operator serves."""
    return min(one.scope, default="default")


def _lines(seen: Seen) -> list[str]:
    name = seen.spec.name
    if seen.problem:
        return [f"{name}: GKO counts as in charge, for nobody could look: {seen.problem}"]
    if not seen.instances:
        return [f"{name}: no operator was ever there (no lease {LEASE}); configured: {seen.spec.operator}"]
    lines = []
    for one, charge, against in seen.instances:
        scope = ", ".join(sorted(one.scope)) or "every namespace"
        lines.append(f"{name}: {charge.who.value} is in charge of {scope} (configured: {seen.spec.operator})")
        lines.append(f"  why: {charge.why}")
        if one.replicas is not None:
            lines.append(f"  GKO in namespace {one.namespace}: {counted(one.replicas, 'pod')} ready")
        if one.record is not None:
            ending = ", to be handed back" if one.record.handing_back else ""
            lines.append(f"  taken over by {one.record.owner}: {one.record.reason}{ending}")
        lines += [f"  against taking over: {each.what}; {each.next_step}" for each in against]
    return lines


def _document(seen: Seen) -> dict[str, Any]:
    return {
        "cluster": seen.spec.name,
        "configured": seen.spec.operator,
        "problem": seen.problem or None,
        "operators": [
            {
                "leaseNamespace": one.namespace,
                "namespaces": sorted(one.scope),
                "inCharge": charge.who.value,
                "why": charge.why,
                "holder": one.holder or None,
                "gkoPodsReady": one.replicas,
                "takeOver": None
                if one.record is None
                else {
                    "owner": one.record.owner,
                    "reason": one.record.reason,
                    "at": one.record.at,
                    "handingBack": one.record.handing_back,
                },
                "obstacles": [{"what": each.what, "nextStep": each.next_step} for each in against],
            }
            for one, charge, against in seen.instances
        ],
    }


# --- deciding ----------------------------------------------------------------------------------------


def take(invocation: Invocation) -> int:
    """Decide that gko-tui takes over from GKO on a cluster."""
    return _ended(invocation, taking(invocation))


async def taking(invocation: Invocation, *, person: Person | None = None) -> int:
    """Ask for the cluster's name, go through the checklist, and record the decision.

    Returns:
        the exit code: 0 recorded, 4 not confirmed.

    Raises:
        TakeOverRefused: something speaks against it.
        GkoError: the cluster cannot be read or written.
    """
    arguments = invocation.arguments
    spec = _spec(invocation, arguments.cluster)
    if not (arguments.reason or "").strip():
        raise UsageError("wants a reason, for whoever looks at 3 a.m.", subject="--reason")
    question = f"gko-reconciler will stand in for GKO on {spec.name}"
    if not _confirmed(invocation, spec, question, person):
        return int(ExitCode.BLOCKED)
    async with _opened(invocation, spec) as client:
        one = await take_over(
            client,
            spec,
            arguments.lease_namespace,
            owner=_who(invocation),
            reason=arguments.reason.strip(),
            now=invocation.clock(),
        )
    held = f"{one.holder} holds it still; " if one.holder else ""
    restart = f"kubectl -n {one.namespace} rollout restart deployment -l control-plane=controller-manager"
    wait = f"{held}restart GKO, and it waits as a standby: {restart}" if one.holder else "it is free"
    invocation.console.write(
        f"recorded: gko-reconciler takes lease {one.namespace}/{LEASE} when it is free ({wait})\n"
    )
    return int(ExitCode.IN_SYNC)


def give(invocation: Invocation) -> int:
    """Hand a cluster back to GKO, or uninstall."""
    return _ended(invocation, giving(invocation))


async def giving(invocation: Invocation, *, person: Person | None = None) -> int:
    """Ask for the cluster's name, and hand back.

    Returns:
        the exit code: 0 handed back, 4 not confirmed.

    Raises:
        TakeOverRefused: nobody would serve the objects afterwards, or nothing was taken over.
        HandBackIncomplete: the lease was not let go in time.
        GkoError: the cluster cannot be read or written.
    """
    arguments = invocation.arguments
    spec = _spec(invocation, arguments.cluster)
    question = f"GKO gets {spec.name} back"
    if arguments.uninstall:
        question = (
            f"gko-tui's finalizers are taken off everything on {spec.name}; nobody serves it afterwards"
        )
    if not _confirmed(invocation, spec, question, person):
        return int(ExitCode.BLOCKED)
    async with _opened(invocation, spec) as client:
        came = await hand_back(
            client,
            spec,
            arguments.lease_namespace,
            identity=identity_of(os.uname().nodename, secrets.token_hex(4)),
            clock=invocation.clock,
            within_s=arguments.within,
            uninstall=arguments.uninstall,
        )
    said = (
        f"{came.holder} holds the lease" if came.holder and not arguments.uninstall else "the lease is free"
    )
    if arguments.uninstall:
        said = f"finalizers were taken off {counted(came.released, 'object')}"
    invocation.console.write(printable(f"handed back: {said}") + "\n")
    return int(ExitCode.IN_SYNC)


# ---------------------------------------------------------------------------------------------------


def _ended(invocation: Invocation, deciding: Coroutine[Any, Any, int]) -> int:
    """The exit code of a decision: 4 where it was refused, 2 where it has not taken effect in time."""
    try:
        return asyncio.run(deciding)
    except (TakeOverRefused, HandBackIncomplete) as error:
        invocation.console.warn(printable(error.sentence()))
        return int(ExitCode.BLOCKED if isinstance(error, TakeOverRefused) else ExitCode.CHANGES)


def _confirmed(invocation: Invocation, spec: Cluster, what: str, person: Person | None) -> bool:
    """Whether the cluster's name was typed, here or with `--confirm`."""
    if spec.name in (invocation.arguments.confirm or ()):
        return True
    asked = person if person is not None else AtTerminal(invocation.console)
    if not asked.is_there:
        invocation.console.warn(f"{what}: there is nobody to ask; give --confirm {spec.name}")
        return False
    strong = invocation.console.strong(repr_of(spec.name))
    if asked.ask(f"{what}: type {strong} to confirm: ").strip() == spec.name:
        return True
    invocation.console.warn("it was not confirmed: nothing was written")
    return False


def _spec(invocation: Invocation, name: str) -> Cluster:
    specs: Sequence[Cluster] = invocation.platform().clusters
    found = next((spec for spec in specs if spec.name == name), None)
    if found is None:
        known = known_names(name, [spec.name for spec in specs], "clusters")
        raise UsageError("is no configured cluster", subject=name, next_step=known)
    return found


def _who(invocation: Invocation) -> str:
    return invocation.environ.get("USER") or invocation.environ.get("LOGNAME") or "somebody"


@asynccontextmanager
async def _opened(invocation: Invocation, spec: Cluster) -> AsyncIterator[KubeClient]:
    client = await open_cluster(spec, environ=invocation.environ)
    try:
        yield client
    finally:
        await client.aclose()
