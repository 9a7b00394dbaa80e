"""`gko-tui doctor`: what can be reached, and which rights are there or missing, per place and verb.

It writes nothing anywhere but the state folders, which it makes where they are not there.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from gko_tui.commands.checks import (
    MISSING,
    NOT_NEEDED,
    OK,
    REACHABLE,
    Check,
    check_lines,
    document_of,
    failed,
    role,
)
from gko_tui.commands.doctor_charge import check_charge
from gko_tui.commands.invocation import Invocation
from gko_tui.output.progress import Progress
from reconciler.model.errors import ClusterError, ConfigurationError, GkoError
from reconciler.model.keys import GROUP
from reconciler.model.verdicts import ExitCode

if TYPE_CHECKING:
    from reconciler.cluster.client import KubeClient
    from reconciler.cluster.kinds import ServedKind
    from reconciler.control_plane.places import ContextName
    from reconciler.engine.downstream.clients import Clients
    from reconciler.settings.model import Cluster, Platform, Source
    from reconciler.settings.paths import StatePaths

READ_VERBS = ("get", "list", "watch")
WRITE_VERBS = ("create", "patch", "delete")
SCHEMA = "gko-tui/doctor/v1"

MAX_LISTED = 3
"""More kinds than this are counted, not named; the document names them all."""
CONTEXT = "ManagementContext"

Contexts = dict["ContextName", Mapping[str, Any]]


def run(invocation: Invocation) -> int:
    """Check everything and say what is missing; 0 when nothing is, 5 when something, 1 when all is."""
    checks = list(_machine(invocation))
    platform: Platform | None = None
    try:
        platform = invocation.platform()
        where = str(platform.path) if platform.path is not None else "none; the current context and folder"
        checks.append(Check("machine", "configuration", "valid", OK, where))
    except ConfigurationError as error:
        checks.append(Check("machine", "configuration", "valid", MISSING, error.sentence()))
    places: list[Check] = []
    if platform is not None:
        checks += _tools(platform, invocation.environ)
        paths = invocation.paths()
        with Progress(invocation.console) as progress:
            progress("asking every source, cluster, control plane and gateway")
            places = asyncio.run(_places(_patient(platform, invocation), paths, invocation))
        checks += places
    reached = [check for check in places if check.check == REACHABLE]
    if platform is None or (reached and all(check.outcome == MISSING for check in reached)):
        code = ExitCode.ERROR
    else:
        code = ExitCode.INCOMPLETE if any(c.outcome == MISSING for c in checks) else ExitCode.IN_SYNC
    _write(invocation, checks, code)
    return int(code)


def _patient(platform: Platform, invocation: Invocation) -> Platform:
    """The platform with the time to answer that the command line gives, if it does."""
    from gko_tui.commands.reading import impatient

    timeout = invocation.arguments.timeout
    changed = impatient(platform, timeout)
    if timeout is None:
        return changed
    hurried = tuple(spec.model_copy(update={"request_timeout_s": timeout}) for spec in changed.gateways)
    return changed.model_copy(update={"gateways": hurried})


# --- this machine ------------------------------------------------------------------------------


def _machine(invocation: Invocation) -> Iterable[Check]:
    from reconciler.settings.paths import StatePaths

    paths = StatePaths.locate(invocation.environ)
    try:
        paths.prepare()
    except ConfigurationError as error:
        yield Check("machine", "folders", "writable", MISSING, error.what, error.next_step)
        return
    for name, folder in (("state folder", paths.state), ("cache folder", paths.cache)):
        variable = "GKO_TUI_STATE" if folder == paths.state else "GKO_TUI_CACHE"
        if os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            yield Check("machine", name, "writable", OK, str(folder))
        else:
            yield Check(
                "machine",
                name,
                "writable",
                MISSING,
                f"{folder} is not yours to write",
                f"set {variable} to a folder that is",
            )


def _tools(platform: Platform, environ: Mapping[str, str]) -> Iterable[Check]:
    used: dict[str, list[str]] = defaultdict(list)
    for application in platform.applications:
        render = application.render
        if render.type == "command":
            used[render.argv[0]].append(application.name)
        elif render.type != "yaml":
            used[render.type].append(application.name)
    for tool in dict.fromkeys(("git", "kustomize", "helm", "kubectl", *used)):
        found = shutil.which(tool, path=environ.get("PATH"))
        if found is not None:
            yield Check("machine", tool, "on PATH", OK, found)
        elif tool in used:
            yield Check(
                "machine",
                tool,
                "on PATH",
                MISSING,
                f"needed to render {', '.join(used[tool])}",
                f"install {tool}, or add its folder to PATH",
            )
        else:
            yield Check("machine", tool, "on PATH", NOT_NEEDED, "not found; nothing here needs it")


# --- every place -------------------------------------------------------------------------------


async def _places(platform: Platform, paths: StatePaths, invocation: Invocation) -> list[Check]:
    """Ask sources and clusters at once; then what the clusters' ManagementContexts lead to, and gateways."""
    from reconciler.engine.downstream.clients import Clients

    writers = {
        name
        for application in platform.applications
        if application.mode != "observe"
        for name in application.clusters
    }
    clients = Clients(platform.clusters, invocation.environ)
    contexts: Contexts = {}
    try:
        found = await asyncio.gather(
            *(asyncio.to_thread(_source, spec, paths, invocation) for spec in platform.sources),
            *(_cluster(spec, clients, contexts, spec.name in writers) for spec in platform.clusters),
        )
        beyond = await _beyond(platform, clients, contexts, invocation)
    finally:
        await clients.aclose()
    return [check for checks in (*found, beyond) for check in checks]


async def _beyond(
    platform: Platform, clients: Clients, contexts: Contexts, invocation: Invocation
) -> list[Check]:
    """Control planes, declared or found, and gateways."""
    if not (platform.control_planes or platform.gateways or contexts):
        return []
    from gko_tui.commands.doctor_control_planes import control_plane_checks
    from gko_tui.commands.doctor_gateways import gateway_checks
    from reconciler.engine.downstream.targets import find_control_planes

    environ = invocation.environ
    known = await find_control_planes(platform.control_planes, contexts.items(), clients, environ)
    announced: dict[str, Mapping[str, tuple[str, ...]]] = {}
    planes = await control_plane_checks(
        known.targets.values(),
        known.problems,
        environ,
        deployments=bool(platform.gateways),
        announced=announced,
        timeout_s=invocation.arguments.timeout,
    )
    gateways = await gateway_checks(
        platform.gateways,
        environ,
        list_pods=clients.pods,
        dial=clients.dial,
        control_planes=tuple(known.targets),
        announced=announced,
    )
    return planes + gateways


# --- sources and clusters ----------------------------------------------------------------------


def _source(spec: Source, paths: StatePaths, invocation: Invocation) -> list[Check]:
    from reconciler.git.source import GitSource

    source = GitSource(spec, paths, cache=None, environ=invocation.environ, clock=invocation.clock)
    try:
        revision = source.refresh()
    except GkoError as error:
        known = source.last_known()
        held = f"; {known[:7]} is still held here" if known else ""
        return [Check("git", spec.name, REACHABLE, MISSING, f"{error.what}{held}", error.next_step)]
    ref = spec.ref or "HEAD"
    return [Check("git", spec.name, REACHABLE, OK, f"{spec.url or spec.path}: {ref} is {revision[:7]}")]


async def _cluster(spec: Cluster, clients: Clients, contexts: Contexts, written: bool) -> list[Check]:
    """Ask one cluster; its ManagementContexts are put into `contexts`."""
    from reconciler.cluster.kinds import served_kinds, server_version

    try:
        client = await clients.of(spec.name)
    except GkoError as error:
        return [failed("cluster", spec.name, REACHABLE, error)]
    checks = []
    try:
        version = await server_version(client)
        checks.append(Check("cluster", spec.name, REACHABLE, OK, f"{client.server} {version}".strip()))
        kinds = await served_kinds(client, GROUP)
        checks.append(_kinds(spec, kinds))
        if kinds:
            checks += await _rights(client, spec, kinds, written)
            contexts |= await _contexts(spec, clients, kinds)
            checks += await check_charge(client, spec)
    except GkoError as error:
        checks.append(failed("cluster", spec.name, REACHABLE if not checks else "rights", error))
    return checks


async def _contexts(spec: Cluster, clients: Clients, kinds: tuple[ServedKind, ...]) -> Contexts:
    """The ManagementContexts of a cluster; none where they may not be listed, which the rights told of."""
    from reconciler.control_plane.places import ContextName

    served = next((kind for kind in kinds if kind.kind == CONTEXT), None)
    if served is None:
        return {}
    root, plural = f"/apis/{GROUP}/{served.version}", served.plural
    paths = [f"{root}/namespaces/{name}/{plural}" for name in spec.namespaces] or [f"{root}/{plural}"]
    found: Contexts = {}
    for path in paths:
        try:
            items = await clients.listed(spec.name, path, "")
        except ClusterError as error:
            if error.status == 403:
                continue
            raise
        for item in items:
            meta = item.get("metadata") or {}
            name = ContextName(spec.name, str(meta.get("namespace") or ""), str(meta.get("name") or ""))
            found[name] = item
    return found


def _kinds(spec: Cluster, kinds: tuple[ServedKind, ...]) -> Check:
    what = f"serves {GROUP}"
    if not kinds:
        return Check("cluster", spec.name, what, MISSING, "none", "install the operator's CRDs there")
    names = tuple(kind.kind for kind in kinds)
    return Check("cluster", spec.name, what, OK, ", ".join(names), kinds=names)


async def _rights(
    client: KubeClient, spec: Cluster, kinds: tuple[ServedKind, ...], written: bool
) -> list[Check]:
    from reconciler.cluster.access import review_access

    rows = await review_access(client, kinds, spec.namespaces, (*READ_VERBS, *WRITE_VERBS))
    grouped: dict[tuple[str, str | None, bool, str], list[str]] = defaultdict(list)
    for row in rows:
        grouped[(row.verb, row.namespace or None, row.allowed, row.reason)].append(row.kind)
    checks = []
    for (verb, namespace, allowed, reason), names in grouped.items():
        listed = f"{len(names)} of {len(kinds)} kinds" if len(names) > MAX_LISTED else ", ".join(names)
        inside = f"in {namespace}" if namespace else "in every namespace"
        needed = verb in READ_VERBS or written
        step = role(verb) if needed and not allowed else ""
        why = reason or (
            "" if needed or allowed else "only needed by applications that are not in mode observe"
        )
        checks.append(
            Check(
                "cluster",
                spec.name,
                f"may {verb}",
                OK if allowed else MISSING if needed else NOT_NEEDED,
                f"{listed} {inside}" + (f": {why}" if why and not allowed else ""),
                step,
                verb=verb,
                kinds=tuple(names),
                namespace=namespace,
            )
        )
    return checks


# --- writing -----------------------------------------------------------------------------------


def _write(invocation: Invocation, checks: list[Check], code: ExitCode) -> None:
    if invocation.arguments.output != "table":
        from gko_tui.output.documents import encode, instant

        document = {
            "schema": SCHEMA,
            "observedAt": instant(invocation.clock()),
            "exitCode": int(code),
            "checks": [document_of(check) for check in checks],
        }
        invocation.console.write_bytes(encode(document, invocation.arguments.output))
        return
    invocation.console.write("".join(f"{line}\n" for line in check_lines(checks, invocation.console)))
