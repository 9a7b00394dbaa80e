"""What a resource refers to, as the rules ask for it, and what stands where it cannot be had.

The rules read nothing themselves. Whoever calls them hands in a lookup over the cluster that the resource
lives on; a reference that leads nowhere is a `Missing`, by name, and no body comes about: the hop is then
Unknown with that cause, because nobody can say what would be sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from reconciler.model.keys import same_kind

Resource = Mapping[str, Any]
"""A custom resource as its cluster gives it."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for something that may exist but could not be read; `reason` says why, in a few words."""

    reason: str


class References(Protocol):
    """How the rules look at what a resource refers to; None where it does not exist."""

    def resource(self, kind: str, namespace: str, name: str) -> Resource | Unreadable | None:
        """A custom resource of group gravitee.io on the same cluster."""
        ...

    def secret(self, namespace: str, name: str) -> Mapping[str, str] | Unreadable | None:
        """The data of a Secret as text, base64 taken off."""
        ...

    def config_map(self, namespace: str, name: str) -> Mapping[str, str] | Unreadable | None:
        """The data of a ConfigMap."""
        ...


@dataclass(frozen=True, slots=True)
class Missing:
    """One reason why no body can be made.

    `cause` is a stable word: `missing`, `unreadable`, `missing-key`, `not-ready`, `no-context`, `template`,
    `invalid`. `subject` is what is missing (`SharedPolicyGroup/ns/name`), never a value.
    """

    cause: str
    subject: str
    what: str

    def sentence(self) -> str:
        """The line that is shown."""
        return f"{self.subject} {self.what}"


class Problems(tuple[Missing, ...]):
    """Everything that stands in the way of a body; never empty."""

    __slots__ = ()

    def causes(self) -> tuple[str, ...]:
        """One sentence for each problem."""
        return tuple(problem.sentence() for problem in self)


class Unresolved(Exception):
    """Inside the rules only: a part of the body cannot be made. `body_for` turns it into `Problems`."""

    def __init__(self, problem: Missing) -> None:
        super().__init__(problem.sentence())
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Target:
    """What a reference names, written out: a missing namespace is the referrer's (DOMAIN §1)."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"


def target_of(ref: object, kind: str, namespace: str, *, where: str) -> Target:
    """Read a reference `{name, namespace?, kind?}`.

    Args:
        ref: what stands in the spec.
        kind: the kind that is meant where the reference names none.
        namespace: the referrer's.
        where: the field, for the message.

    Raises:
        Unresolved: the reference names nothing.
    """
    name = ref.get("name") if isinstance(ref, Mapping) else None
    if not isinstance(ref, Mapping) or not isinstance(name, str) or not name:
        raise Unresolved(Missing("invalid", where, "names nothing that could be looked up"))
    asked = ref.get("kind")
    if isinstance(asked, str) and asked and not same_kind(asked, kind):
        kind = asked
    stated = ref.get("namespace")
    return Target(kind, stated if isinstance(stated, str) and stated else namespace, name)


def found(references: References, target: Target) -> Resource:
    """Give the resource that a reference names.

    Raises:
        Unresolved: it does not exist or cannot be read.
    """
    resource = references.resource(target.kind, target.namespace, target.name)
    if resource is None:
        raise Unresolved(Missing("missing", str(target), "is referred to but does not exist"))
    if isinstance(resource, Unreadable):
        raise Unresolved(
            Missing("unreadable", str(target), f"is referred to but cannot be read: {resource.reason}")
        )
    return resource


def data_value(references: References, source: str, namespace: str, name: str, key: str) -> str:
    """One value of a Secret (`source` "secret") or ConfigMap ("configmap").

    Raises:
        Unresolved: the source or its key is missing, or it cannot be read.
    """
    secret = source == "secret"
    label = f"{'Secret' if secret else 'ConfigMap'}/{namespace}/{name}"
    data = references.secret(namespace, name) if secret else references.config_map(namespace, name)
    if data is None:
        raise Unresolved(Missing("missing", label, "is referred to but does not exist"))
    if isinstance(data, Unreadable):
        raise Unresolved(Missing("unreadable", label, f"is referred to but cannot be read: {data.reason}"))
    if key not in data:
        raise Unresolved(Missing("missing-key", label, f"has no key {key!r}"))
    return data[key]


def spec_of(resource: Resource) -> dict[str, Any]:
    """The spec of a resource; empty where there is none."""
    spec = resource.get("spec")
    return dict(spec) if isinstance(spec, Mapping) else {}


def status_of(resource: Resource) -> Mapping[str, Any]:
    """The status of a resource; empty where there is none."""
    status = resource.get("status")
    return status if isinstance(status, Mapping) else {}


def text_at(value: Mapping[str, Any], name: str) -> str:
    """A field's text; empty where it is absent or no text."""
    found_text = value.get(name)
    return found_text if isinstance(found_text, str) else ""


def name_of(resource: Resource) -> tuple[str, str]:
    """(namespace, name) of a resource."""
    metadata = resource.get("metadata")
    meta = metadata if isinstance(metadata, Mapping) else {}
    return text_at(meta, "namespace") or "default", text_at(meta, "name")


def elements(value: object) -> list[Any]:
    """The elements of a list; none where there is no list."""
    return value if isinstance(value, list) else []
