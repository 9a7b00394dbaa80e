"""What several engines must agree on, as values: inventory, last synced revision, pins, suspends, approvals.

It lives in the cluster, one document per application (ENGINE §2), so that losing a machine loses no decision.
Names, digests and revisions only; never a value out of a manifest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.model.errors import GkoError
from reconciler.model.keys import ResourceKey

FORMAT = 1


class SharedStateError(GkoError):
    """The shared state of an application cannot be read or written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One object that this application applied: its uid, and the digest of what was in sync last.

    `digest` is under no machine's key, so that several engines understand it; it is a digest of the text in
    Git (its blob), never of a value.
    """

    uid: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """Something that a person decided: who, why, when and until when (seconds since the epoch; 0: no end).

    `revision` is what is pinned or quarantined, `plan` the id of the plan that is approved.
    """

    owner: str
    reason: str
    at: float
    until: float = 0.0
    revision: str = ""
    plan: str = ""

    def holds(self, now: float) -> bool:
        """Whether it has not expired."""
        return not self.until or now < self.until


@dataclass(frozen=True, slots=True)
class SharedState:
    """The shared state of one application on one cluster.

    `pins`, `quarantines`, `suspends` and `approvals` are decisions by what they are about: a resource as
    text, a revision, a plan's id, or `*` for the whole application.
    """

    application: str
    inventory: Mapping[ResourceKey, Entry] = field(default_factory=dict)
    revision: str = ""
    pins: Mapping[str, Decision] = field(default_factory=dict)
    quarantines: Mapping[str, Decision] = field(default_factory=dict)
    suspends: Mapping[str, Decision] = field(default_factory=dict)
    approvals: Mapping[str, Decision] = field(default_factory=dict)

    def applied(self, entries: Mapping[ResourceKey, Entry]) -> SharedState:
        """With objects that were applied."""
        return replace(self, inventory={**self.inventory, **entries})

    def without_gone(self, not_found: Iterable[ResourceKey]) -> SharedState:
        """Without objects that were looked for and not found: the only way out of the inventory."""
        gone = frozenset(not_found)
        return replace(
            self, inventory={key: entry for key, entry in self.inventory.items() if key not in gone}
        )

    def suspended(self, key: ResourceKey, now: float) -> Decision | None:
        """The suspension that covers a resource now, or None."""
        for about in ("*", str(key)):
            decision = self.suspends.get(about)
            if decision is not None and decision.holds(now):
                return decision
        return None


def to_data(state: SharedState) -> dict[str, Any]:
    """Write a state as plain data: keys sorted by name, so that equal states are equal text."""
    data: dict[str, Any] = {"format": FORMAT, "application": state.application, "revision": state.revision}
    data["inventory"] = [
        [key.kind, key.namespace, key.name, entry.uid, entry.digest]
        for key, entry in sorted(state.inventory.items())
    ]
    for name in _DECISIONS:
        decisions: Mapping[str, Decision] = getattr(state, name)
        data[name] = {about: _decision_data(one) for about, one in sorted(decisions.items())}
    return data


def from_data(data: Any, cluster: str, *, subject: str) -> SharedState:
    """Read what `to_data` wrote.

    Args:
        data: the parsed document.
        cluster: the cluster it was found on; keys are about that one.
        subject: what messages call it.

    Raises:
        SharedStateError: it is not shaped so, or comes from a newer version. It is then never overwritten.
    """
    if isinstance(data, dict) and isinstance(data.get("format"), int) and data["format"] > FORMAT:
        raise SharedStateError(
            "was written by a newer version of gko-tui", subject=subject, next_step="upgrade this one"
        )
    try:
        if data["format"] != FORMAT:
            raise ValueError
        return SharedState(
            application=_text(data["application"]),
            inventory={
                ResourceKey(cluster, _text(kind), _text(namespace), _text(name)): Entry(
                    _text(uid), _text(digest)
                )
                for kind, namespace, name, uid, digest in data["inventory"]
            },
            revision=_text(data["revision"]),
            **{
                name: {_text(about): _decision(one) for about, one in data[name].items()}
                for name in _DECISIONS
            },
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SharedStateError(
            "is not shaped as gko-tui writes it",
            subject=subject,
            next_step="restore it from a backup, or delete it: the inventory begins anew, nothing is pruned",
        ) from error


_DECISIONS = ("pins", "quarantines", "suspends", "approvals")


def _decision_data(one: Decision) -> dict[str, Any]:
    data: dict[str, Any] = {"owner": one.owner, "reason": one.reason, "at": one.at}
    optional = {"until": one.until, "revision": one.revision, "plan": one.plan}
    return {**data, **{name: value for name, value in optional.items() if value}}


def _decision(data: Any) -> Decision:
    return Decision(
        owner=_text(data["owner"]),
        reason=_text(data["reason"]),
        at=float(data["at"]),
        until=float(data.get("until", 0.0)),
        revision=_text(data.get("revision", "")),
        plan=_text(data.get("plan", "")),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
