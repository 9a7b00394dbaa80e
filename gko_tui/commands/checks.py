"""What `gko-tui doctor` found, one thing at a time, as lines for people and as entries of its document."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from gko_tui.output.console import Console
from reconciler.model.errors import GkoError
from reconciler.model.keys import GROUP
from reconciler.model.verdicts import Family

OK, MISSING, NOT_NEEDED = "ok", "missing", "not-needed"
CONTROL_PLANE, GATEWAY = "control-plane", "gateway"
REACHABLE = "reachable"
"""The check that every place has: when all of them fail, there was nothing to read at all."""


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


def failed(place: str, name: str, check: str, error: GkoError) -> Check:
    """A check that ended with an error: what happened, and what to do about it."""
    return Check(place, name, check, MISSING, error.what, error.next_step)


def document_of(check: Check) -> dict[str, Any]:
    """A check as an entry of the document."""
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


def role(verbs: str) -> str:
    """What to ask for where a right is missing in a cluster."""
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
        step = role(verbs) if before.next_step else ""
        merged[same] = replace(before, verb=verbs, check=f"may {verbs}", next_step=step)
    return merged.values()


def check_lines(checks: Iterable[Check], console: Console) -> list[str]:
    """Checks for people: one line each below the thing that was checked."""
    from reconciler.rules.text import printable

    lines: list[str] = []
    above = ""
    for check in _verbs_together(checks):
        place = check.place.replace("-", " ")
        head = "this machine" if check.place == "machine" else f"{place} {check.name}"
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
