"""Decides that a take-over begins or ends: the checklist first, then its record; the work is the post's.

Taking over: configured? → whose lease? → not taken yet? → nothing that only GKO serves, webhooks answered? →
record. Handing back: taken? → somebody there to take it back? → say so → wait until the lease is let go →
without GKO: take our finalizers off → forget the record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.cluster.leases import DURATION_S, Lease
from reconciler.engine.charge.looking import instance_at, instances_of, survey
from reconciler.engine.charge.obstacles import obstacles
from reconciler.engine.charge.operators import LEASE, Instance, Record
from reconciler.engine.charge.recording import delete_record, write_record
from reconciler.engine.charge.releasing import release_everything
from reconciler.model.errors import GkoError

if TYPE_CHECKING:
    from reconciler.cluster.client import KubeClient
    from reconciler.settings.model import Cluster

LOOK_EVERY_S = 1.0


class TakeOverRefused(GkoError):
    """A take-over, or its end, is refused; nothing was changed."""


class HandBackIncomplete(GkoError):
    """It was said that a take-over ends, but it has not ended yet."""


@dataclass(frozen=True, slots=True)
class HandedBack:
    """What came of handing back: who holds the lease now, and of how many objects finalizers were taken."""

    holder: str
    released: int = 0


async def operators_of(client: KubeClient, spec: Cluster) -> tuple[Instance, ...]:
    """The operators of a cluster; where there never was one, the place that is configured for ours.

    Raises:
        GkoError: they cannot be looked at.
    """
    found = await instances_of(client)
    if not found and spec.state_namespace is not None:
        return (await instance_at(client, spec.state_namespace),)
    return found


async def take_over(
    client: KubeClient, spec: Cluster, namespace: str | None, *, owner: str, reason: str, now: float
) -> Instance:
    """Record that gko-tui takes over from one operator; the gko-reconciler then waits for its lease.

    Args:
        client: the cluster.
        spec: what is configured of it.
        namespace: of the operator's lease; None where there is only one.
        owner: who decides.
        reason: why.
        now: seconds since the epoch.

    Raises:
        TakeOverRefused: something speaks against it; every reason is named.
        GkoError: the cluster cannot be read or written.
    """
    if spec.operator == "gko":
        raise TakeOverRefused(
            "operator: gko is configured, so nobody would take over",
            subject=spec.name,
            next_step="set operator: auto for this cluster, and run gko-reconciler with it",
        )
    one = _picked(await operators_of(client, spec), namespace, spec)
    if one.is_taken and one.record is not None:
        raise TakeOverRefused(
            f"was taken over already by {one.record.owner}: {one.record.reason}",
            subject=f"{spec.name}: {one.namespace}",
            next_step="see gko-tui operator show",
        )
    against = obstacles(await survey(client), one.scope)
    if against:
        raise TakeOverRefused(
            "; ".join(each.what for each in against),
            subject=f"{spec.name}: {one.namespace}",
            next_step="; ".join(dict.fromkeys(each.next_step for each in against)),
        )
    version = one.record.version if one.record is not None else ""
    record = await write_record(client, one.namespace, Record(owner, reason, now, version=version))
    return replace(one, record=record)


async def hand_back(
    client: KubeClient,
    spec: Cluster,
    namespace: str | None,
    *,
    identity: str,
    clock: Callable[[], float],
    within_s: float,
    uninstall: bool = False,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    duration_s: int = DURATION_S,
) -> HandedBack:
    """End a take-over, and wait until the lease is let go.

    Args:
        client: the cluster.
        spec: what is configured of it.
        namespace: of the operator's lease; None where there is only one.
        identity: who we are, should the lease have to be taken to let it go.
        clock: seconds since the epoch.
        within_s: how many seconds to wait.
        uninstall: there is no GKO and none is to come: our finalizers are taken off everything.
        sleep: waits for seconds.
        duration_s: for how many seconds a lease holds.

    Raises:
        TakeOverRefused: nobody would serve the objects afterwards, or it was never taken over.
        HandBackIncomplete: the lease was not let go in time; the same command goes on with it.
        GkoError: the cluster cannot be read or written.
    """
    one = _picked(await operators_of(client, spec), namespace, spec)
    if one.record is None:
        raise TakeOverRefused(
            "was never taken over", subject=f"{spec.name}: {one.namespace}", next_step="nothing is to be done"
        )
    _somebody_takes_it(one, spec, uninstall=uninstall)
    record = one.record
    if not record.handing_back:
        record = await write_record(client, one.namespace, replace(record, handing_back=True))
    lease = Lease(client, one.namespace, LEASE, identity, duration_s=duration_s)
    holder = await _let_go(client, lease, clock, within_s, sleep, keep=uninstall)
    released = 0
    if uninstall:
        released = await release_everything(client, one.scope)
    await delete_record(client, one.namespace, record)
    if uninstall:
        await lease.release(clock())
    return HandedBack(holder, released)


async def _let_go(
    client: KubeClient,
    lease: Lease,
    clock: Callable[[], float],
    within_s: float,
    sleep: Callable[[float], Awaitable[object]],
    *,
    keep: bool,
) -> str:
    """Wait until no gko-reconciler holds a lease; returns who does.

    With `keep` it is ours afterwards, so that nobody else begins meanwhile.
    """
    end = clock() + within_s
    while True:
        one = next((one for one in await instances_of(client) if one.namespace == lease.namespace), None)
        if not keep and (one is None or not one.is_ours):
            return one.holder if one is not None else ""
        attempt = await lease.acquire(clock())
        if attempt.held:
            if not keep:  # its holder died without a word
                await lease.release(clock())
                return ""
            return lease.identity
        if clock() >= end:
            raise HandBackIncomplete(
                f"{attempt.holder or 'somebody'} has not let go of lease {lease.namespace}/{LEASE} yet",
                subject=client.name,
                next_step="look at the log of gko-reconciler, then say it once more",
            )
        await sleep(LOOK_EVERY_S)


def _picked(instances: tuple[Instance, ...], namespace: str | None, spec: Cluster) -> Instance:
    found = [one for one in instances if namespace in (None, one.namespace)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(one.namespace for one in found)
        raise TakeOverRefused(
            f"has several operators: {names}", subject=spec.name, next_step="name one with --namespace"
        )
    place = f" in namespace {namespace}" if namespace else ""
    raise TakeOverRefused(
        f"has no operator{place}, so nothing says where lease {LEASE} belongs",
        subject=spec.name,
        next_step="set state_namespace of this cluster, or give the namespace where GKO runs",
    )


def _somebody_takes_it(one: Instance, spec: Cluster, *, uninstall: bool) -> None:
    subject = f"{spec.name}: {one.namespace}"
    if spec.operator == "gko-tui":
        raise TakeOverRefused(
            "operator: gko-tui is configured, so it would be taken over again",
            subject=subject,
            next_step="set operator: auto for this cluster, and let gko-reconciler read it",
        )
    if uninstall and one.replicas:
        raise TakeOverRefused(
            "GKO is there and takes it back", subject=subject, next_step="leave out --uninstall"
        )
    if not uninstall and not one.replicas:
        seen = "no pod of GKO is ready" if one.replicas == 0 else "whether GKO is there cannot be seen"
        raise TakeOverRefused(
            f"{seen}: objects would keep finalizers that nobody serves",
            subject=subject,
            next_step="start GKO and wait until it is ready; or take our finalizers off with --uninstall",
        )
