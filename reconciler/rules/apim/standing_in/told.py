"""What came of one attempt to bring a resource to where it goes, in the words that status and events need.

Failures are told apart as GKO tells them apart (DOMAIN §2.7), because conditions carry the class as their
reason, and because the class decides whether anything is tried again.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from reconciler.model.keys import ResourceKey
from reconciler.rules.apim.bodies import Body
from reconciler.rules.apim.references import Missing, Problems, elements, text_at

_REFERENCE_CAUSES = frozenset({"missing", "unreadable", "not-ready"})


class FailureClass(StrEnum):
    """Why an attempt failed; the order is that in which one is found."""

    TEMPLATE = "template"
    """A template names a key that is not there, or is no template."""
    REFERENCE = "reference"
    """Something that is referred to does not exist, is not ready, or may not be read."""
    ILLEGAL = "illegal"
    """The resource cannot mean anything as it is written."""
    REFUSED = "refused"
    """APIM answered that it will not have it."""
    TRANSPORT = "transport"
    """APIM did not answer, or answered that it cannot now."""
    IN_USE = "in-use"
    """A deletion waits for those that still refer to the resource."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed.

    Attributes:
        cause: the class.
        message: what is shown, whole; it must hold no secret.
        waits_for: what would make another attempt worth while: `Kind/namespace/name`.
        status: the HTTP status that APIM answered with; None where it did not answer or was not asked.
    """

    cause: FailureClass
    message: str
    waits_for: tuple[str, ...] = ()
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one attempt.

    Attributes:
        failure: None where it was accepted.
        deleting: the attempt was a deletion.
        sent: something was sent to APIM and accepted by it; a local API, a Notification send nothing.
        legacy: APIM knows it by a UUID and not by its HRID (DOMAIN §2.4).
        organization, environment: ids of where it went; empty where nothing was sent.
        id, cross_id: as APIM answered, or as they follow from the HRID; empty where there are none.
        plans: ids of access plans for `status.plans`: of version 2 what APIM answered, else what was stated.
        members: how many members APIM counts in a group.
        starting_at, ending_at: of a subscription, as APIM answered (RFC 3339).
        warnings, severe: APIM's messages beside its acceptance.
        missing_groups: `namespace/name` of referred groups that do not exist and were left out.
    """

    failure: Failure | None = None
    deleting: bool = False
    sent: bool = False
    legacy: bool = False
    organization: str = ""
    environment: str = ""
    id: str = ""
    cross_id: str = ""
    plans: Mapping[str, str] = field(default_factory=dict)
    members: int = 0
    starting_at: str = ""
    ending_at: str = ""
    warnings: tuple[str, ...] = ()
    severe: tuple[str, ...] = ()
    missing_groups: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the attempt reached its end."""
        return self.failure is None


def accepted(body: Body, answer: Mapping[str, Any] | None = None) -> Told:
    """Tell of a body that APIM took.

    Args:
        body: what was sent.
        answer: what APIM answered; ids that it does not tell are those that follow from the HRID.
    """
    given: Mapping[str, Any] = answer if isinstance(answer, Mapping) else {}
    identity, plans, errors = body.identity, given.get("plans"), given.get("errors")
    said: Mapping[str, Any] = errors if isinstance(errors, Mapping) else {}
    members = given.get("memberCount")
    return Told(
        sent=True,
        legacy=identity.legacy,
        organization=text_at(given, "organizationId") or identity.place.organization,
        environment=text_at(given, "environmentId") or identity.place.environment,
        id=text_at(given, "id") or identity.id,
        cross_id=text_at(given, "crossId") or identity.cross_id or text_at(body.content, "crossId"),
        plans=_plans(plans if isinstance(plans, Mapping) else body.content.get("plans")),
        members=members if isinstance(members, int) else 0,
        starting_at=text_at(given, "startingAt"),
        ending_at=text_at(given, "endingAt"),
        warnings=_texts(said.get("warning")),
        severe=_texts(said.get("severe")),
        missing_groups=_groups(body.warnings),
    )


def _plans(plans: object) -> dict[str, str]:
    """Ids of access plans: as version 2 answers them, or as a body of version 4 states them."""
    if isinstance(plans, Mapping):
        return {str(key): str(value) for key, value in plans.items()}
    stated = [plan for plan in elements(plans) if isinstance(plan, Mapping)]
    return {text_at(plan, "hrid"): text_at(plan, "id") for plan in stated if text_at(plan, "id")}


def kept_here(*, own_id: str = "", missing_groups: Iterable[str] = ()) -> Told:
    """Tell of a resource that was accepted without sending anything to APIM.

    Args:
        own_id: of a local API of version 2, whose status tells it; those of version 4 tell none.
        missing_groups: `namespace/name` of referred groups that do not exist.
    """
    return Told(id=own_id, missing_groups=tuple(missing_groups))


def deleted() -> Told:
    """Tell of a deletion that is complete but for the finalizer."""
    return Told(deleting=True)


def failed(failure: Failure, *, deleting: bool = False) -> Told:
    """Tell of an attempt that did not reach its end."""
    return Told(failure, deleting)


def unresolved(problems: Problems, kind: str, templated: Container[str] = ()) -> Failure:
    """Why no body could be made.

    Args:
        problems: what `body_for` found.
        kind: of the resource; without a context a portal or an API is wrong, a group lacks a reference.
        templated: the Secrets and ConfigMaps that its templates name (`Secret/namespace/name`); a key that is
            missing there is a template that fails, elsewhere a reference that leads nowhere.
    """
    classes = [_class_of(problem, kind, templated) for problem in problems]
    cause = min(classes, key=list(FailureClass).index)
    waits = dict.fromkeys(
        problem.subject
        for problem in problems
        if problem.subject.count("/") == 2 and problem.cause in {*_REFERENCE_CAUSES, "missing-key"}
    )
    return Failure(cause, "; ".join(problems.causes()), tuple(waits))


def refused(method: str, url: str, status: int, messages: Iterable[str]) -> Failure:
    """What APIM answered, as a failure; 5xx, 408, 409 and 429 say "not now" (DOMAIN §2.7).

    Args:
        method: of the request.
        url: of the request, with its query and without credentials.
        status: of the answer.
        messages: what the answer says, without what was sent.
    """
    said = "; ".join(message for message in messages if message)
    text = f"request [{method}] {url} failed with status {status}" + (f" ({said})" if said else "")
    later = status >= 500 or status in (404, 408, 409, 425, 429)
    return Failure(FailureClass.TRANSPORT if later else FailureClass.REFUSED, text, status=status)


def unanswered(method: str, url: str, why: str) -> Failure:
    """APIM gave no answer: `why` in a few words, without credentials."""
    return Failure(FailureClass.TRANSPORT, f"unable to perform request [{method}] {url}: {why}")


def name_of_key(key: ResourceKey) -> str:
    """A resource as `waits_for` names it."""
    return f"{key.kind}/{key.namespace}/{key.name}"


def _class_of(problem: Missing, kind: str, templated: Container[str]) -> FailureClass:
    if problem.cause == "template":
        return FailureClass.TEMPLATE
    if problem.cause == "missing-key":
        return FailureClass.TEMPLATE if problem.subject in templated else FailureClass.REFERENCE
    if problem.cause == "no-context":
        alone = kind in ("Group", "Dictionary")
        return FailureClass.REFERENCE if alone else FailureClass.ILLEGAL
    if problem.cause == "invalid" and problem.subject.startswith("spec.resources["):
        return FailureClass.REFERENCE  # GKO looks in no namespace, and finds nothing (DOMAIN §10.2)
    return FailureClass.REFERENCE if problem.cause in _REFERENCE_CAUSES else FailureClass.ILLEGAL


def _groups(warnings: Iterable[Missing]) -> tuple[str, ...]:
    return tuple(one.subject.removeprefix("Group/") for one in warnings if one.subject.startswith("Group/"))


def _texts(value: object) -> tuple[str, ...]:
    return tuple(text for text in elements(value) if isinstance(text, str) and text)
