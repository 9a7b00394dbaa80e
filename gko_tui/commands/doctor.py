"""`gko-tui doctor`: what can be reached, and which rights are there or missing, per place and verb.

It writes nothing anywhere but the state folders, which it makes where they are not there.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gko_tui.commands.invocation import Invocation
from gko_tui.output.console import Console
from gko_tui.output.progress import Progress
from reconciler.model.errors import ConfigurationError, GkoError
from reconciler.model.keys import GROUP
from reconciler.model.verdicts import ExitCode, Family

if TYPE_CHECKING:
    from reconciler.cluster.client import KubeClient
    from reconciler.cluster.kinds import ServedKind
    from reconciler.settings.model import Cluster, Platform, Source
    from reconciler.settings.paths import StatePaths

READ_VERBS = ("get", "list", "watch")
WRITE_VERBS = ("create", "patch", "delete")
SCHEMA = "gko-tui/doctor/v1"

MAX_LISTED = 3
"""More kinds than this are counted, not named; the document names them all."""

OK, MISSING, NOT_NEEDED = "ok", "missing", "not-needed"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried.

    `outcome` is ok, missing (something needed is not there) or not-needed. `verb`, `kinds` and
    `namespace` belong to rights; a right in every namespace has the namespace None.
    """

    place: str
    name: str
    check: str
    outcome: str
    detail: str = ""
    next_step: str = ""
    verb: str = ""
    kinds: tuple[str, ...] = ()
    namespace: str | None = None


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
            progress("asking every source and cluster")
            places = asyncio.run(_places(_patient(platform, invocation), paths, invocation))
        checks += places
    reached = [check for check in places if check.check == "reachable"]
    if platform is None or (reached and all(check.outcome == MISSING for check in reached)):
        code = ExitCode.ERROR
    else:
        code = ExitCode.INCOMPLETE if any(c.outcome == MISSING for c in checks) else ExitCode.IN_SYNC
    _write(invocation, checks, code)
    return int(code)


def _patient(platform: Platform, invocation: Invocation) -> Platform:
    from gko_tui.commands.reading import impatient

    return impatient(platform, invocation.arguments.timeout)


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


# --- sources and clusters ----------------------------------------------------------------------


async def _places(platform: Platform, paths: StatePaths, invocation: Invocation) -> list[Check]:
    writers = {
        name
        for application in platform.applications
        if application.mode != "observe"
        for name in application.clusters
    }
    found = await asyncio.gather(
        *(asyncio.to_thread(_source, spec, paths, invocation) for spec in platform.sources),
        *(_cluster(spec, invocation.environ, spec.name in writers) for spec in platform.clusters),
    )
    return [check for checks in found for check in checks]


def _source(spec: Source, paths: StatePaths, invocation: Invocation) -> list[Check]:
    from reconciler.git.source import GitSource

    what = "reachable"
    source = GitSource(spec, paths, cache=None, environ=invocation.environ, clock=invocation.clock)
    try:
        revision = source.refresh()
    except GkoError as error:
        known = source.last_known()
        held = f"; {known[:7]} is still held here" if known else ""
        return [Check("git", spec.name, what, MISSING, f"{error.what}{held}", error.next_step)]
    ref = spec.ref or "HEAD"
    return [Check("git", spec.name, what, OK, f"{spec.url or spec.path}: {ref} is {revision[:7]}")]


async def _cluster(spec: Cluster, environ: Mapping[str, str], written: bool) -> list[Check]:
    from reconciler.cluster.connection import open_cluster
    from reconciler.cluster.kinds import served_kinds, server_version

    what = "reachable"
    try:
        client = await open_cluster(spec, environ=environ)
    except GkoError as error:
        return [Check("cluster", spec.name, what, MISSING, error.what, error.next_step)]
    checks = []
    try:
        version = await server_version(client)
        checks.append(Check("cluster", spec.name, what, OK, f"{client.server} {version}".strip()))
        kinds = await served_kinds(client, GROUP)
        checks.append(_kinds(spec, kinds))
        if kinds:
            checks += await _rights(client, spec, kinds, written)
    except GkoError as error:
        failed = what if not checks else "rights"
        checks.append(Check("cluster", spec.name, failed, MISSING, error.what, error.next_step))
    finally:
        await client.aclose()
    return checks


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
        step = _role(verb) if needed and not allowed else ""
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
            "checks": [_document(check) for check in checks],
        }
        invocation.console.write_bytes(encode(document, invocation.arguments.output))
        return
    invocation.console.write("".join(f"{line}\n" for line in check_lines(checks, invocation.console)))


def _document(check: Check) -> dict[str, Any]:
    return {
        "place": check.place,
        "name": check.name,
        "check": check.check,
        "outcome": check.outcome,
        "detail": check.detail or None,
        "nextStep": check.next_step or None,
        "verb": check.verb or None,
        "kinds": list(check.kinds),
        "namespace": check.namespace,
    }


def _role(verbs: str) -> str:
    return f"ask for a Role with {verbs} on these kinds of {GROUP}"


def _verbs_together(checks: Iterable[Check]) -> Iterable[Check]:
    """Checks for people: verbs with the same answer are one line."""
    merged: dict[object, Check] = {}
    for number, check in enumerate(checks):
        same: object = (
            (check.place, check.name, check.outcome, check.kinds, check.namespace, check.detail)
            if check.verb
            else number
        )
        before = merged.get(same)
        if before is None:
            merged[same] = check
            continue
        verbs = f"{before.verb}, {check.verb}"
        step = _role(verbs) if before.next_step else ""
        merged[same] = replace(before, verb=verbs, check=f"may {verbs}", next_step=step)
    return merged.values()


def check_lines(checks: Iterable[Check], console: Console) -> list[str]:
    """Checks for people: one line each below the thing that was checked."""
    from reconciler.rules.text import printable

    lines: list[str] = []
    above = ""
    for check in _verbs_together(checks):
        head = "this machine" if check.place == "machine" else f"{check.place} {check.name}"
        if head != above:
            lines += ([""] if lines else []) + [console.strong(printable(head))]
            above = head
        family = {OK: Family.GOOD, MISSING: Family.BAD}.get(check.outcome, Family.UNKNOWN)
        word = console.family(f"{check.outcome:<10}", family)
        subject = f"{check.name} {check.check}" if check.place == "machine" else check.check
        detail = f": {printable(check.detail)}" if check.detail else ""
        lines.append(f"  {word}  {printable(subject)}{detail}")
        if check.next_step:
            lines.append(f"              {console.marks.arrow} {printable(check.next_step)}")
    return lines
