"""What speaks against taking over, as sentences with what to do about each (ENGINE §8). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.rules.apim.standing_in.marks import KINDS

INGRESS_CLASS = "graviteeio"
GATEWAY_CONTROLLER = "apim.gravitee.io/gateway"
"""The controller that a GatewayClass names when GKO serves it."""
_CLASS_ANNOTATION = "kubernetes.io/ingress.class"
_SHOWN = 3

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a take-over is refused, and what to do about it."""

    what: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Webhook:
    """An admission webhook of group gravitee.io that refuses when it does not answer.

    Attributes:
        name: of the webhook.
        service: `namespace/name`; empty where it is called by URL.
        endpoints: how many ready endpoints the service has; None where there is no service to look at.
    """

    name: str
    service: str
    endpoints: int | None


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What a cluster holds that only GKO serves, and what its webhooks lead to.

    Attributes:
        ingresses, routes: objects of Kubernetes' own kinds that GKO makes APIs of, each whole.
        gateways: Gateways of GKO's class, by namespace and name.
        others: objects of kinds of group gravitee.io that nobody here knows.
        webhooks: see `Webhook`.
        unreadable: what could not be looked at, each with its reason.
    """

    ingresses: Sequence[Body] = ()
    routes: Sequence[Body] = ()
    gateways: frozenset[tuple[str, str]] = frozenset()
    others: Sequence[Body] = ()
    webhooks: Sequence[Webhook] = ()
    unreadable: Mapping[str, str] = field(default_factory=dict)


def obstacles(surveyed: Surveyed, scope: frozenset[str]) -> tuple[Obstacle, ...]:
    """Everything that speaks against taking over.

    Args:
        surveyed: what the cluster holds.
        scope: the namespaces that would be taken over; empty means all.
    """
    found = [
        Obstacle(f"{what} cannot be looked at: {why}", "grant the right to list them")
        for what, why in surveyed.unreadable.items()
    ]
    only_gko = (
        ("Ingress of GKO's class", [one for one in surveyed.ingresses if is_gkos_ingress(one)]),
        ("route to a Gateway of GKO's class", [one for one in surveyed.routes if _leads_to(one, surveyed)]),
        ("object of a kind that only GKO knows", list(surveyed.others)),
    )
    for what, bodies in only_gko:
        inside = [one for one in bodies if not scope or _namespace(one) in scope or not _namespace(one)]
        if inside:
            found.append(
                Obstacle(
                    f"{what}: {_named(inside)}",
                    "leave GKO in charge, or remove them: nobody else would serve them",
                )
            )
    return (*found, *silent_webhooks(surveyed.webhooks))


def silent_webhooks(webhooks: Iterable[Webhook]) -> tuple[Obstacle, ...]:
    """The webhooks that have nobody to answer: with them, the cluster refuses every write to these kinds."""
    return tuple(
        Obstacle(
            f"webhook {one.name} has no ready endpoint at service {one.service}, and refuses without one",
            "let GKO run as a standby: its pods answer webhooks without working; or remove its webhooks",
        )
        for one in webhooks
        if one.endpoints == 0
    )


def is_gkos_ingress(body: Body) -> bool:
    """Whether GKO makes an API of an Ingress."""
    annotations = (body.get("metadata") or {}).get("annotations") or {}
    named = (body.get("spec") or {}).get("ingressClassName") or annotations.get(_CLASS_ANNOTATION)
    return bool(named == INGRESS_CLASS)


def is_known(kind: str) -> bool:
    """Whether a kind of group gravitee.io is one that is stood in for."""
    return kind in KINDS


def _leads_to(route: Body, surveyed: Surveyed) -> bool:
    for ref in (route.get("spec") or {}).get("parentRefs") or ():
        if isinstance(ref, Mapping) and ref.get("kind", "Gateway") == "Gateway":
            place = (str(ref.get("namespace") or _namespace(route)), str(ref.get("name")))
            if place in surveyed.gateways:
                return True
    return False


def _namespace(body: Body) -> str:
    return str((body.get("metadata") or {}).get("namespace") or "")


def _named(bodies: Sequence[Body]) -> str:
    names = []
    for body in bodies[:_SHOWN]:
        metadata = body.get("metadata") or {}
        inside = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
        names.append(f"{body.get('kind', 'object')} {inside}{metadata.get('name')}")
    more = len(bodies) - _SHOWN
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")
