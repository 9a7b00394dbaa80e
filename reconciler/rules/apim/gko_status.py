"""What the operator says of a resource in its status, read for what it is worth (ENGINE §3, DOMAIN §2.7).

`Accepted=True` only means that APIM answered a PUT with 2xx; conditions are rebuilt at every reconcile, and
all but `Accepted` may lag behind the generation (DOMAIN §10.4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reconciler.model.verdicts import Verdict
from reconciler.rules.apim.references import elements, status_of, text_at

ACCEPTED, RESOLVED = "Accepted", "ResolvedRefs"


@dataclass(frozen=True, slots=True)
class GkoWord:
    """What the operator says of one resource.

    Attributes:
        verdict: Failed, Ahead, or None where it has nothing to add to a comparison.
        causes: its words.
        warnings: what it, or APIM through it, warned of.
        since: when the condition behind the verdict was written, seconds since the epoch, as far as told.
        seen: whether it has acted on the present generation of the spec.
        unresolved: whether it failed for want of something that the resource refers to: it tries again, and
            what comes soon after is only ahead (ENGINE §3).
    """

    verdict: Verdict | None = None
    causes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    since: float | None = None
    seen: bool = True
    unresolved: bool = False


def told_by_gko(resource: Mapping[str, Any]) -> GkoWord:
    """Read the status of a custom resource."""
    status = status_of(resource)
    conditions = {
        condition["type"]: condition
        for condition in elements(status.get("conditions"))
        if isinstance(condition, Mapping) and isinstance(condition.get("type"), str)
    }
    accepted, resolved = conditions.get(ACCEPTED), conditions.get(RESOLVED)
    severe, warnings = _errors(status, "severe"), _errors(status, "warning")
    if accepted is None:
        return _without_condition(status, severe, warnings)
    generation = _generation(resource)
    observed = accepted.get("observedGeneration")
    seen = not isinstance(observed, int) or observed >= generation
    if not seen:
        behind = f"the operator has seen generation {observed}, the resource is at {generation}"
        return GkoWord(Verdict.AHEAD, (behind,), warnings, None, seen=False)
    unresolved = resolved is not None and resolved.get("status") == "False"
    if accepted.get("status") == "False":
        causes = (_words(accepted, resolved if unresolved else None), *severe)
        every = tuple(dict.fromkeys(causes))
        return GkoWord(Verdict.FAILED, every, warnings, _at(accepted), unresolved=unresolved)
    if unresolved and resolved is not None:
        warnings = (*warnings, _words(resolved, None))
    if severe:
        return GkoWord(Verdict.FAILED, severe, warnings, _at(accepted))
    return GkoWord(warnings=tuple(dict.fromkeys(warnings)))


def _without_condition(
    status: Mapping[str, Any], severe: tuple[str, ...], warnings: tuple[str, ...]
) -> GkoWord:
    """Judge a status without `Accepted`: that of an older operator, or of none."""
    processing = text_at(status, "processingStatus")
    if processing == "Failed":
        return GkoWord(Verdict.FAILED, severe or ("the operator says that it failed",), warnings)
    if processing == "Completed" or text_at(status, "id"):
        return GkoWord(warnings=warnings)
    return GkoWord(Verdict.AHEAD, ("no operator has acted on it yet",), warnings, None, seen=False)


def _words(condition: Mapping[str, Any], beside: Mapping[str, Any] | None) -> str:
    """A condition's message; that of an unresolved reference, for `Accepted` only says that it failed."""
    source = condition if beside is None else beside
    reason, message = text_at(condition, "reason"), " ".join(text_at(source, "message").split())
    if not message or message == reason:
        return f"the operator says {reason or 'no'}"
    return f"{reason}: {message}" if reason and reason not in (ACCEPTED, RESOLVED) else message


def _errors(status: Mapping[str, Any], level: str) -> tuple[str, ...]:
    errors = status.get("errors")
    listed = errors.get(level) if isinstance(errors, Mapping) else None
    return tuple(text for text in elements(listed) if isinstance(text, str) and text)


def _generation(resource: Mapping[str, Any]) -> int:
    metadata = resource.get("metadata")
    value = metadata.get("generation") if isinstance(metadata, Mapping) else None
    return value if isinstance(value, int) else 0


def _at(condition: Mapping[str, Any]) -> float | None:
    try:
        return datetime.fromisoformat(text_at(condition, "lastTransitionTime")).timestamp()
    except ValueError:
        return None
