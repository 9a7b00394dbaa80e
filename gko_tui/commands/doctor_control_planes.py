"""What `gko-tui doctor` asks of control planes: reached, logged in, the right environment, version, rights.

Each question presupposes the ones before it: where one fails, the rest would only repeat it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from gko_tui.commands.checks import CONTROL_PLANE as PLACE
from gko_tui.commands.checks import MISSING, NOT_NEEDED, OK, REACHABLE, Check, failed
from reconciler.model.errors import GkoError

if TYPE_CHECKING:
    from reconciler.control_plane.client import ControlPlaneClient
    from reconciler.control_plane.management import ManagementApi
    from reconciler.control_plane.places import Target
    from reconciler.model.rows import Problem

CREDENTIALS, AUTOMATION, VERSION = "credentials accepted", "automation API enabled", "version 4.12 or later"
ENVIRONMENT, READ = "environment exists", "may read"
KNOWN = ("4.12", "4.13 or later")
SWITCH_ON = (
    "switch it on (http.api.automation.enabled; api.ingress.automation.enabled in Helm), or upgrade APIM to "
    "4.12 or later"
)
RIGHTS = "give this user the right to read it in APIM (ENVIRONMENT_* and API_*: read)"
_MAX_CONTEXTS = 3
_MAX_ENVIRONMENTS = 8


async def control_plane_checks(
    targets: Iterable[Target],
    problems: Iterable[Problem],
    environ: Mapping[str, str],
    *,
    deployments: bool,
    announced: dict[str, Mapping[str, tuple[str, ...]]],
    timeout_s: float | None = None,
) -> list[Check]:
    """Ask every control plane, all at the same time.

    Args:
        targets: the control planes that are declared or that ManagementContexts mean.
        problems: what was declared, or said by a ManagementContext, and means none.
        environ: the environment, for proxies and credentials.
        deployments: what was deployed is needed, for gateways are configured.
        announced: is given, by control plane, the gateways' nodes that announced themselves there, with
            their sharding tags; only where gateways are configured.
        timeout_s: seconds within which each request must be answered; None for what is configured.
    """
    checks = [
        Check(PLACE, problem.where, "configured", MISSING, problem.message, problem.next_step)
        for problem in problems
    ]
    wanted = [target if timeout_s is None else replace(target, timeout_s=timeout_s) for target in targets]
    found = await asyncio.gather(*(_examined(target, environ, deployments, announced) for target in wanted))
    return checks + [check for one in found for check in one]


async def _examined(
    target: Target,
    environ: Mapping[str, str],
    deployments: bool,
    announced: dict[str, Mapping[str, tuple[str, ...]]],
) -> list[Check]:
    from reconciler.control_plane.transport import open_control_plane

    client = open_control_plane(target, environ=environ)
    try:
        checks = [check async for check in _questions(target, client, deployments)]
        if deployments and any(check.check == READ for check in checks):
            await _note_nodes(target, client, announced, checks)
        return checks
    finally:
        await client.aclose()


async def _questions(target: Target, client: ControlPlaneClient, deployments: bool) -> AsyncIterator[Check]:
    from reconciler.control_plane.management import ManagementApi

    management = ManagementApi(client)
    environments: tuple[str, ...] = ()
    trouble: GkoError | None = None
    try:
        environments = tuple(name for name, _ in await management.environments())
    except GkoError as error:
        trouble = error
    reason = getattr(trouble, "reason", "")
    if trouble is not None and reason == "credentials":
        yield failed(PLACE, target.name, CREDENTIALS, trouble)
        return
    if trouble is not None and reason not in ("unauthorized", "forbidden", "environment", "not-found"):
        yield failed(PLACE, target.name, REACHABLE, trouble)
        return
    yield Check(PLACE, target.name, REACHABLE, OK, _where(target))
    if trouble is not None and reason == "unauthorized":
        yield failed(PLACE, target.name, CREDENTIALS, trouble)
        return
    yield Check(PLACE, target.name, CREDENTIALS, OK)
    sample, listing = await _first_api(target, client)
    yield _environment(target, environments, listing)
    if listing is not None and getattr(listing, "reason", "") != "forbidden":
        return
    async for check in _automation(target, client):
        yield check
    for check in await _rights(target, management, sample, listing, deployments):
        yield check


def _where(target: Target) -> str:
    """The address, and who names it."""
    said = ["declared"] if target.declared else []
    said += [str(context) for context in target.contexts[:_MAX_CONTEXTS]]
    more = len(target.contexts) - _MAX_CONTEXTS
    said += [f"{more} more"] if more > 0 else []
    return f"{target.server} ({', '.join(said)})" if said else target.server


async def _first_api(target: Target, client: ControlPlaneClient) -> tuple[str, GkoError | None]:
    """The id of any API, or empty; and why the list cannot be read."""
    path = f"{target.in_environment(target.paths.management_v2)}/apis"
    try:
        told = await client.get(path, {"page": 1, "perPage": 1})
    except GkoError as error:
        return "", error
    items = told.get("data") if isinstance(told, dict) else None
    if not isinstance(items, list):
        what = "answered its APIs with something that is no list"
        return "", GkoError(what, next_step="check that its URL is that of APIM's API")
    return next((str(item["id"]) for item in items if isinstance(item, dict) and "id" in item), ""), None


def _environment(target: Target, known: tuple[str, ...], listing: GkoError | None) -> Check:
    """Whether the environment is there: APIs could be listed, or it is among those that are told."""
    named = f"organization {target.organization}, environment {target.environment}"
    if listing is None or (getattr(listing, "reason", "") == "forbidden" and target.environment in known):
        return Check(PLACE, target.name, ENVIRONMENT, OK, named)
    there = ""
    if known and target.environment not in known:
        more = ", …" if len(known) > _MAX_ENVIRONMENTS else ""
        there = f"; there: {', '.join(known[:_MAX_ENVIRONMENTS])}{more}"
    return Check(
        PLACE, target.name, ENVIRONMENT, MISSING, f"{named}: {listing.what}{there}", listing.next_step
    )


async def _automation(target: Target, client: ControlPlaneClient) -> AsyncIterator[Check]:
    from reconciler.control_plane.automation import AutomationApi
    from reconciler.control_plane.version import recognise

    automation = AutomationApi(client)
    try:
        if not await automation.serves("ApiV4Definition"):
            detail = "so only what the list of APIs shows can be told, and nothing can be written"
            yield Check(PLACE, target.name, AUTOMATION, MISSING, detail, SWITCH_ON)
            return
    except GkoError as error:
        yield failed(PLACE, target.name, AUTOMATION, error)
        return
    yield Check(PLACE, target.name, AUTOMATION, OK)
    try:
        told = await recognise(automation)
    except GkoError as error:
        yield failed(PLACE, target.name, VERSION, error)
        return
    if told.version in KNOWN:
        yield Check(PLACE, target.name, VERSION, OK, told.version)
    elif told.version:
        step = "upgrade APIM to 4.12 or later"
        yield Check(PLACE, target.name, VERSION, MISSING, told.lacks or told.version, step)
    else:
        detail = "cannot be told: this user may not read dictionaries through the Automation API"
        yield Check(PLACE, target.name, VERSION, MISSING, detail, RIGHTS)


async def _rights(
    target: Target, management: ManagementApi, sample: str, listing: GkoError | None, deployments: bool
) -> list[Check]:
    """Read one of each thing that is needed, of any API; without an API only the list can be tried."""
    if listing is not None:
        return [_right(target, MISSING, ("apis",), listing.what, RIGHTS)]
    if not sample:
        return [_right(target, OK, ("apis",), "apis; there is none, so what belongs to one was not tried")]
    asked: dict[str, tuple[Awaitable[object], str]] = {
        "plans": (management.plans(sample), ""),
        "pages": (management.pages(sample), ""),
        "subscriptions": (management.subscriptions(sample), ""),
        "events": (
            management.events(sample, most=1),
            "" if deployments else "only needed for gateways, and none is configured",
        ),
        "audits": (management.audits(sample, most=1), "who made a change stays unknown"),
    }
    answers = await asyncio.gather(*(question for question, _ in asked.values()), return_exceptions=True)
    allowed, checks = ["apis"], []
    for (name, (_, without)), answer in zip(asked.items(), answers, strict=True):
        if isinstance(answer, GkoError):
            outcome = NOT_NEEDED if without else MISSING
            step = "" if without else RIGHTS if getattr(answer, "status", None) == 403 else answer.next_step
            detail = f"{name}: {answer.what}" + (f"; {without}" if without else "")
            checks.append(_right(target, outcome, (name,), detail, step))
        elif isinstance(answer, BaseException):
            raise answer
        else:
            allowed.append(name)
    return [_right(target, OK, tuple(allowed), ", ".join(allowed)), *checks]


async def _note_nodes(
    target: Target,
    client: ControlPlaneClient,
    announced: dict[str, Mapping[str, tuple[str, ...]]],
    checks: list[Check],
) -> None:
    """The gateways that announced themselves; without them what is configured of gateways is not checked."""
    from reconciler.control_plane.management_v1 import ManagementV1Api

    try:
        nodes = await ManagementV1Api(client).instances()
    except GkoError as error:
        detail = f"gateways: {error.what}; their tags and whom they serve are not checked"
        checks.append(_right(target, NOT_NEEDED, ("gateways",), detail))
        return
    announced[target.name] = {node.id: node.tags for node in nodes}


def _right(target: Target, outcome: str, what: tuple[str, ...], detail: str, next_step: str = "") -> Check:
    return Check(PLACE, target.name, READ, outcome, detail, next_step, "read", what)
