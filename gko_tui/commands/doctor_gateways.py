"""What `gko-tui doctor` asks of gateways: pods found, technical API reached, logged in, version, health."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gko_tui.commands.checks import GATEWAY as PLACE
from gko_tui.commands.checks import MISSING, OK, REACHABLE, Check, failed
from gko_tui.commands.doctor_serving import Announced, Servers, settings_checks
from gko_tui.view.words import counted
from reconciler.model.errors import GkoError

if TYPE_CHECKING:
    from reconciler.gateways.facts import Dialer, Health, NodeFacts, PodLister, SyncFacts
    from reconciler.gateways.places import GatewayPlace, Pods
    from reconciler.settings.model import GatewaySpec

PODS, CREDENTIALS, VERSION, HEALTHY = "pods found", "credentials accepted", "version", "healthy"
OLDEST = (4, 12)
"""The oldest version whose answers were recorded."""
AT_ONCE = 8
_MAX_NAMED = 5


@dataclass(frozen=True, slots=True)
class Pod:
    """What one pod answered: its facts, or why there are none. `apis` is how many it runs."""

    name: str
    facts: NodeFacts | None = None
    health: Health | None = None
    sync: SyncFacts | None = None
    apis: int = 0
    trouble: GkoError | None = None


async def gateway_checks(
    specs: Sequence[GatewaySpec],
    environ: Mapping[str, str],
    *,
    list_pods: PodLister,
    dial: Dialer,
    control_planes: Sequence[str],
    announced: Announced,
) -> list[Check]:
    """Ask every pod of every gateway.

    Args:
        specs: the configured gateways.
        environ: the environment, for credentials.
        list_pods: lists pods of a cluster.
        dial: opens connections to pods of a cluster.
        control_planes: the names of those that are known, declared or found.
        announced: the nodes that announced themselves there.
    """
    from reconciler.gateways.places import unique_gateways

    kept, refused = unique_gateways(specs)
    checks = [failed(PLACE, error.gateway, "configured", error) for error in refused]
    found = await asyncio.gather(
        *(_examined(spec, environ, list_pods, dial, Servers(control_planes, announced)) for spec in kept)
    )
    return checks + [check for one in found for check in one]


async def _examined(
    spec: GatewaySpec,
    environ: Mapping[str, str],
    list_pods: PodLister,
    dial: Dialer,
    servers: Servers,
) -> list[Check]:
    from reconciler.gateways.opening import gateway_place

    place = gateway_place(spec, environ, list_pods=list_pods, dial=dial)
    try:
        found = await place.pods()
    except GkoError as error:
        return [failed(PLACE, spec.name, PODS, error), *settings_checks(spec, (), servers)]
    at_once = asyncio.Semaphore(AT_ONCE)
    pods = await asyncio.gather(
        *(_asked(place, name, port, at_once) for name, port in sorted(found.running.items()))
    )
    nodes = [pod.facts.id for pod in pods if pod.facts is not None]
    return [*_pods_found(spec, found), *_answers(spec, pods), *settings_checks(spec, nodes, servers)]


async def _asked(place: GatewayPlace, name: str, port: int, at_once: asyncio.Semaphore) -> Pod:
    api = place.api(name, port)
    try:
        async with at_once:
            facts, listed = await api.node(), await api.apis()
            return Pod(name, facts, await api.health(), await api.sync(), len(listed))
    except GkoError as error:
        return Pod(name, trouble=error)
    finally:
        await api.aclose()


# --- what the answers mean ---------------------------------------------------------------------


def _pods_found(spec: GatewaySpec, found: Pods) -> Iterator[Check]:
    """One line for the pods there are; behind a URL there is nothing to be found."""
    waiting = "; ".join(f"{name}: {why}" for name, why in sorted(found.waiting.items()))
    if spec.url is not None:
        return
    where = f"{spec.selector} in namespace {spec.namespace} of cluster {spec.cluster}"
    if not found.running:
        step = "look at the pods' events: kubectl describe pod"
        yield Check(PLACE, spec.name, PODS, MISSING, f"none of {where} runs: {waiting}", step)
        return
    names = _named(sorted(found.running))
    yield Check(PLACE, spec.name, PODS, OK, f"{names}: {where}" + (f"; {waiting}" if waiting else ""))


def _answers(spec: GatewaySpec, pods: Sequence[Pod]) -> Iterator[Check]:
    """What pods said; those with the same answer are one line, those with trouble one each."""
    well = [pod for pod in pods if pod.trouble is None]
    barred = [pod for pod in pods if getattr(pod.trouble, "reason", "") in ("unauthorized", "credentials")]
    for pod in pods:
        if pod.trouble is not None and pod not in barred:
            yield _trouble(spec, pod, REACHABLE, pod.trouble)
    if well:
        most = max(pod.apis for pod in well)
        detail = f"{_way(spec, well)}, {counted(most, 'API')}"
        yield Check(PLACE, spec.name, REACHABLE, OK, detail)
    elif any(pod.trouble is not None and getattr(pod.trouble, "status", None) for pod in barred):
        yield Check(PLACE, spec.name, REACHABLE, OK, _way(spec, barred))
    for pod in barred[:1]:
        assert pod.trouble is not None
        yield _trouble(spec, pod, CREDENTIALS, pod.trouble)
    if not well:
        return
    if not barred:
        sent = "" if spec.auth is not None else "none configured, none asked for"
        yield Check(PLACE, spec.name, CREDENTIALS, OK, sent)
    yield _version(spec, well)
    yield from _health(spec, well)


def _version(spec: GatewaySpec, pods: Sequence[Pod]) -> Check:
    versions = sorted({pod.facts.version for pod in pods if pod.facts is not None and pod.facts.version})
    detail = ", ".join(versions) or "not told"
    if len(versions) > 1:
        detail += ": its pods are not all of one version"
    old = [version for version in versions if (number := _number(version)) is not None and number < OLDEST]
    if old:
        return Check(
            PLACE,
            spec.name,
            VERSION,
            MISSING,
            f"{detail}; older than 4.12, so that what it runs may not be told",
            "upgrade the gateway to 4.12 or later",
        )
    return Check(PLACE, spec.name, VERSION, OK, detail)


def _number(version: str) -> tuple[int, int] | None:
    found = re.match(r"(\d{1,4})\.(\d{1,4})", version)
    return (int(found[1]), int(found[2])) if found else None


def _health(spec: GatewaySpec, pods: Sequence[Pod]) -> Iterator[Check]:
    step = "look at the gateway's log"
    ill = False
    for pod in pods:
        probes = pod.health.failed if pod.health is not None else {}
        told = [f"{name} ({why})" if why else name for name, why in sorted(probes.items())]
        if pod.sync is not None and not pod.sync.initial_done:
            told.append("its first synchronisation is not done")
        elif pod.sync is not None and pod.sync.failing:
            told.append(f"its synchronisation fails ({pod.sync.last_error or 'no reason given'})")
        if told:
            ill = True
            yield Check(PLACE, spec.name, HEALTHY, MISSING, _of_pod(pod, ", ".join(told)), step)
    if not ill:
        yield Check(PLACE, spec.name, HEALTHY, OK)


def _trouble(spec: GatewaySpec, pod: Pod, check: str, error: GkoError) -> Check:
    return Check(PLACE, spec.name, check, MISSING, _of_pod(pod, error.what), error.next_step)


def _of_pod(pod: Pod, what: str) -> str:
    return f"{pod.name}: {what}" if pod.name else what


def _way(spec: GatewaySpec, pods: Sequence[Pod]) -> str:
    if spec.url is not None:
        return spec.url
    return f"{_named([pod.name for pod in pods])} through a port-forward"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    return f"{', '.join(names[:_MAX_NAMED])}{more}"
