"""The status that GKO writes after each attempt, field for field (DOMAIN §2.3, §10.1, §10.4).

Two things are better than GKO's and read the same: every condition carries the generation that was tried, and
a condition's time is when its status last changed, not when it was last written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from reconciler.rules.apim.gko_status import ACCEPTED, RESOLVED
from reconciler.rules.apim.references import Resource, elements, spec_of, status_of, text_at
from reconciler.rules.apim.standing_in.deleting import users_of
from reconciler.rules.apim.standing_in.told import Failure, FailureClass, Told
from reconciler.rules.identity import part_hrid

AUTOMATION = "AutomationAPIManaged"
API_KINDS = ("ApiV4Definition", "ApiDefinition")
_PLACE = ("organizationId", "environmentId", "id")
_FIELDS: dict[str, tuple[str, ...]] = {
    "ApiV4Definition": (*_PLACE, "crossId", "plans", "state"),
    "ApiDefinition": (*_PLACE, "crossId", "plans", "state"),
    "Application": _PLACE,
    "SharedPolicyGroup": (*_PLACE, "crossId"),
    "Group": (*_PLACE, "members"),
    "Dictionary": _PLACE,
    "Portal": _PLACE,
    "PortalListing": _PLACE,
    "PortalLink": _PLACE,
    "Documentation": _PLACE,
    "Subscription": ("id", "startedAt", "endingAt"),
    "Notification": (),
    "ManagementContext": (),
}
"""What the status of each kind takes over from an accepted attempt; ApiResource has no status."""
_WITH_PROCESSING = frozenset(
    {"ApiV4Definition", "ApiDefinition", "Application", "SharedPolicyGroup", "Group", "Subscription"}
)
_WITHOUT_ERRORS = frozenset({"Subscription", "Notification", "ManagementContext"})
_TELLS_WARNINGS = frozenset({"ApiV4Definition", "ApiDefinition", "Application", "SharedPolicyGroup"})
_NOT_AUTOMATION = frozenset({"ApiDefinition", "Notification", "ManagementContext"})
_REASONS = {
    FailureClass.TEMPLATE: "CompileTemplateError",
    FailureClass.ILLEGAL: "IllegalStateError",
    FailureClass.REFUSED: "ControlPlaneError",
    FailureClass.TRANSPORT: "ControlPlaneError",
}
_FAILED = "ReconcileFailed"


def status_after(obj: Resource, told: Told, generation: int, now: float) -> dict[str, Any]:
    """The whole status of a resource after an attempt.

    Args:
        obj: the resource as the cluster holds it; what it told before stays where this attempt is silent.
        told: what came of the attempt.
        generation: the generation of the spec that was tried.
        now: when (seconds since the epoch).

    Returns:
        the status to write in the old one's place; empty for a kind without status.
    """
    kind = text_at(obj, "kind")
    if kind not in _FIELDS:
        return {}
    before = status_of(obj)
    conditions = _conditions(kind, before, told, generation, instant(now))
    status: dict[str, Any] = {**before, "conditions": conditions}
    if told.accepted and not told.deleting:
        taken = _taken(kind, obj, told, now)
        for name in _FIELDS[kind]:
            if name in taken:
                status[name] = taken[name]
            elif name in ("plans", "endingAt") and told.sent:
                status.pop(name, None)  # there are none any more
    if kind == "Group":
        status.setdefault("members", 0)
    if kind not in _WITHOUT_ERRORS:
        status["errors"] = _errors(told) if kind in _TELLS_WARNINGS else {}
    if kind in _WITH_PROCESSING:
        status["processingStatus"] = "Completed" if told.accepted else "Failed"
    return status


def with_subscriptions(status: Mapping[str, Any], count: int) -> dict[str, Any]:
    """The status of an API or an application that so many subscriptions stand on.

    GKO adds and takes away one at a time, and loses count where it is interrupted (DOMAIN §2.5); ours is told
    the number. A resource without any has no such field.

    Args:
        status: the status as it stands.
        count: how many accepted subscriptions of the cluster name the resource.
    """
    rest = {name: value for name, value in status.items() if name != "subscriptions"}
    return {**rest, "subscriptions": count} if count > 0 else rest


def subscriptions_on(obj: Resource, subscriptions: Iterable[Resource]) -> int:
    """How many accepted subscriptions name an API or an application.

    Args:
        obj: the API or application.
        subscriptions: Subscription objects of its cluster; those that name another do no harm.
    """
    return len(users_of(obj, (one for one in subscriptions if text_at(status_of(one), "id"))))


def instant(now: float) -> str:
    """An instant as Kubernetes writes it, in whole seconds."""
    return datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _taken(kind: str, obj: Resource, told: Told, now: float) -> dict[str, Any]:
    spec = spec_of(obj)
    taken: dict[str, Any] = {
        "organizationId": told.organization,
        "environmentId": told.environment,
        "id": told.id,
        "crossId": told.cross_id,
        "endingAt": _whole_seconds(told.ending_at),
    }
    taken = {name: value for name, value in taken.items() if value}
    if kind == "ApiV4Definition":
        # The answer to a PUT carries no plan ids: GKO writes those that the body stated (DOMAIN §10.1).
        plans = spec.get("plans")
        keys = map(part_hrid, map(str, plans)) if isinstance(plans, Mapping) and told.sent else ()
        taken["plans"] = {key: told.plans.get(key, "") for key in keys}
    elif kind == "ApiDefinition":
        taken["plans"] = dict(told.plans)
    if not taken.get("plans"):
        taken.pop("plans", None)
    if kind in API_KINDS and (told.sent or told.id):
        taken["state"] = text_at(spec, "state") or "STARTED"
    if kind == "Group":
        taken["members"] = told.members
    if kind == "Subscription":
        started = _whole_seconds(told.starting_at) or text_at(status_of(obj), "startedAt")
        taken["startedAt"] = started or instant(now)
    return taken


def _whole_seconds(moment: str) -> str:
    """A moment that APIM told, as GKO writes it: in UTC and whole seconds; empty for none."""
    try:
        when = datetime.fromisoformat(moment)
    except ValueError:
        return moment
    return instant((when if when.tzinfo is not None else when.replace(tzinfo=UTC)).timestamp())


def _errors(told: Told) -> dict[str, list[str]]:
    said = {"severe": list(told.severe), "warning": list(told.warnings)} if told.accepted else {}
    return {level: messages for level, messages in said.items() if messages}


# --- conditions ------------------------------------------------------------------------------------


def _conditions(
    kind: str, before: Mapping[str, Any], told: Told, generation: int, at: str
) -> list[dict[str, Any]]:
    earlier = {
        text_at(item, "type"): item
        for item in elements(before.get("conditions"))
        if isinstance(item, Mapping) and text_at(item, "type")
    }
    made = []
    for name, (status, reason, message) in _said(told).items():
        was = earlier.get(name, {})
        since = text_at(was, "lastTransitionTime") if was.get("status") == status else ""
        made.append(_condition(name, status, reason, message, generation, since or at))
    managed = earlier.get(AUTOMATION)
    if told.accepted and told.sent and not told.legacy and kind not in _NOT_AUTOMATION:
        since = text_at(managed, "lastTransitionTime") if managed is not None else ""
        made.append(_condition(AUTOMATION, "True", AUTOMATION, "", generation, since or at))
    elif managed is not None:
        made.append(dict(managed))  # lost, it would turn the object into one known by its UUID (DOMAIN §2.4)
    return made


def _condition(
    name: str, status: str, reason: str, message: str, generation: int, since: str
) -> dict[str, Any]:
    return {
        "type": name,
        "status": status,
        "reason": reason,
        "message": message,
        "observedGeneration": generation,
        "lastTransitionTime": since,
    }


def _said(told: Told) -> dict[str, tuple[str, str, str]]:
    resolved = ("True", RESOLVED, "All References successfully resolved")
    if told.failure is None:
        if told.missing_groups:
            resolved = ("False", "GroupNotFound", _missing(told.missing_groups))
        return {ACCEPTED: ("True", ACCEPTED, "Successfully reconciled"), RESOLVED: resolved}
    if told.failure.cause is FailureClass.REFERENCE:
        unresolved = ("False", RESOLVED, _fitting(told.failure.message))
        return {ACCEPTED: ("False", _FAILED, _FAILED), RESOLVED: unresolved}
    return {ACCEPTED: ("False", _reason(told.failure, told.deleting), _fitting(told.failure.message)),
            RESOLVED: resolved}  # fmt: skip


def _reason(failure: Failure, deleting: bool) -> str:
    """The reason of a failure; every failed deletion has the same one (DOMAIN §10.5)."""
    return _FAILED if deleting else _REASONS.get(failure.cause, _FAILED)


def _missing(groups: tuple[str, ...]) -> str:
    if len(groups) == 1:
        return f"Group {groups[0]} could not be found"
    return f"Groups {', '.join(groups)} could not be found"


def _fitting(message: str) -> str:
    """A message no longer than a condition may have (the API server's limit)."""
    return message if len(message) <= 32_768 else message[:32_767] + "…"
