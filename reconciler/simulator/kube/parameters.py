"""The query parameters of writes, and who writes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reconciler.simulator.kube import answers
from reconciler.simulator.kube.targets import WriteOptions

_VALIDATIONS = ("", "Ignore", "Strict", "Warn")
_LONGEST_MANAGER = 128


def write_options(
    kind: str, parameters: Mapping[str, str], user_agent: str, at: float, *, applies: bool = False
) -> WriteOptions:
    """Read how a write is meant.

    Args:
        kind: `CreateOptions`, `UpdateOptions` or `PatchOptions`.
        parameters: the query.
        user_agent: the User-Agent header, whose first word is the manager where none is named.
        at: now, in seconds since the epoch.
        applies: it is a server-side apply, which must name its manager.

    Raises:
        Refusal: 422 for values that are not acceptable.
    """
    manager = parameters.get("fieldManager", "")
    validation = parameters.get("fieldValidation", "")
    dry_run = parameters.get("dryRun", "")
    force = parameters.get("force", "") in ("true", "1")
    faults = []
    if applies and not manager:
        faults.append(answers.required("fieldManager", "is required for apply patch"))
    if not applies and "force" in parameters:
        faults.append(answers.forbidden_field("force", "may not be specified for non-apply patch"))
    if len(manager.encode()) > _LONGEST_MANAGER:
        faults.append(answers.too_long("fieldManager", _LONGEST_MANAGER))
    if dry_run not in ("", "All"):
        faults.append(answers.unsupported("dryRun", [dry_run], ("All",)))
    if validation not in _VALIDATIONS:
        faults.append(answers.unsupported("fieldValidation", validation, _VALIDATIONS))
    if faults:
        raise answers.bad_options(kind, *faults)
    return WriteOptions(
        manager=manager or manager_from(user_agent),
        at=at,
        dry_run=dry_run == "All",
        validation=validation or "Warn",
        force=force,
    )


def manager_from(user_agent: str) -> str:
    """Return the manager that a User-Agent stands for: what comes before its first slash."""
    name = re.split(r"/", user_agent, maxsplit=1)[0]
    return "".join(letter for letter in name if letter.isprintable())[:_LONGEST_MANAGER] or "unknown"
