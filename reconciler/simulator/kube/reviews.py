"""Questions about oneself: who am I, may I do this, what may I do here."""

from __future__ import annotations

from typing import Any

from reconciler.simulator.kube.access import Attributes, Grants, Rule, User
from reconciler.simulator.kube.trees import Json

REVIEW_PLURALS = ("selfsubjectreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews")


def reviewed(plural: str, body: Json, user: User, grants: Grants) -> dict[str, Any]:
    """Return the review with its answer in `status`.

    Args:
        plural: one of `REVIEW_PLURALS`.
        body: the review as sent.
        user: who asks.
    """
    spec = body.get("spec") or {}
    if plural == "selfsubjectreviews":
        info = {"username": user.name, "uid": user.uid, "groups": list(user.groups)}
        return {**body, "status": {"userInfo": {key: value for key, value in info.items() if value}}}
    if plural == "selfsubjectaccessreviews":
        return {**body, "status": _access(spec, user, grants)}
    return {**body, "status": _rules(str(spec.get("namespace", "")), user, grants)}


def _access(spec: Json, user: User, grants: Grants) -> dict[str, Any]:
    about, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if path:
        asked = Attributes(path.get("verb", ""), path=path.get("path", ""))
    else:
        about = about or {}
        asked = Attributes(
            about.get("verb", ""),
            about.get("group", ""),
            about.get("resource", ""),
            about.get("subresource", ""),
            about.get("namespace", ""),
            about.get("name", ""),
        )
    allowed = grants.allowed(user, asked)
    reason = f'simulated RBAC: rules of User "{user.name}" or its groups allow it' if allowed else ""
    return {"allowed": allowed, **({"reason": reason} if reason else {})}


def _rules(namespace: str, user: User, grants: Grants) -> dict[str, Any]:
    rules = [Rule(("*",), ("*",), ("*",))] if "system:masters" in user.groups else grants.of(user)
    here = [rule for rule in rules if not rule.namespaces or namespace in rule.namespaces]
    listed = [
        {
            "verbs": list(rule.verbs),
            "apiGroups": list(rule.groups),
            "resources": list(rule.resources),
            **({"resourceNames": list(rule.names)} if rule.names else {}),
        }
        for rule in here
    ]
    return {"resourceRules": listed, "nonResourceRules": [], "incomplete": False}
