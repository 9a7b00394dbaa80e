"""Brings one resource to its control plane: resolve, build, compare with what is held, send what differs.

An identical PUT is never sent, for it redeploys the API on every gateway (DOMAIN §9, trap 5). What is held is
read before each PUT, so a PUT whose answer was lost is not repeated blindly: the next attempt sees whether it
arrived.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reconciler.control_plane.failures import ControlPlaneError
from reconciler.control_plane.refs import SUBSCRIPTION
from reconciler.engine.downstream.meanings import ref_of
from reconciler.engine.standing_in.looking import Looking
from reconciler.engine.standing_in.planes import Plane, Planes
from reconciler.engine.standing_in.refusals import failure_of_error, failure_of_outcome
from reconciler.engine.standing_in.surroundings import Thing
from reconciler.model.verdicts import Verdict
from reconciler.rules.apim.bodies import Body, body_for
from reconciler.rules.apim.comparing import COMPARABLE, compare
from reconciler.rules.apim.gko_status import ACCEPTED
from reconciler.rules.apim.identities import PARENTS, parent_resource
from reconciler.rules.apim.references import (
    Missing,
    Problems,
    Resource,
    Unresolved,
    elements,
    found,
    name_of,
    spec_of,
    status_of,
    target_of,
    text_at,
)
from reconciler.rules.apim.standing_in.local import goes_nowhere, local_body
from reconciler.rules.apim.standing_in.marks import template_sources
from reconciler.rules.apim.standing_in.plugins import PluginProblem, plugin_problems, plugins_used
from reconciler.rules.apim.standing_in.silent import looked_through, sends_nothing
from reconciler.rules.apim.standing_in.told import (
    Failure,
    FailureClass,
    Told,
    accepted,
    failed,
    kept_here,
    unresolved,
)

_SERVER_ERROR = 500
Marking = Callable[[], Awaitable[bool]]
"""Called right before something is sent: puts the marks on. False: the object moved, nothing is sent."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of one attempt.

    Attributes:
        told: for status and events; None where the object moved meanwhile and nothing was done.
        body: what was, or would have been, sent; None where none could be made or none is meant.
        put: a PUT was sent, answered or not.
        asked_s: how many seconds the server asked to wait.
    """

    told: Told | None
    body: Body | None = None
    put: bool = False
    asked_s: float = 0.0


class Bringing:
    """Brings resources of one cluster.

    Args:
        planes: the control planes.
        key: this process's digest key; comparisons are made under it and leave nothing.
    """

    def __init__(self, planes: Planes, key: bytes) -> None:
        self._planes = planes
        self._key = key

    async def bring(
        self, obj: Resource, looking: Looking, marking: Marking, *, before: float | None = None
    ) -> Brought:
        """Bring one resource.

        Args:
            obj: the object as its cluster holds it.
            looking: its lookups.
            marking: puts the marks on before anything is sent.
            before: the instant (seconds since the epoch) at which a write must be over.
        """
        kind = text_at(obj, "kind")
        if sends_nothing(obj):
            return Brought(await looking.until_read(lambda: looked_through(obj, looking)))
        made = await looking.until_read(
            lambda: local_body(obj, looking) if goes_nowhere(obj) else body_for(obj, looking)
        )
        if isinstance(made, Problems):
            templated = {str(source) for source in template_sources(obj)}
            return Brought(failed(unresolved(made, kind, templated)))
        if not made.collection:  # nothing is sent: the ConfigMap is all there is
            groups = (one.subject.removeprefix("Group/") for one in made.warnings)
            own = made.identity.id if kind == "ApiDefinition" else ""
            return Brought(kept_here(own_id=own, missing_groups=groups), made)
        return await self._send(obj, made, looking, marking, before)

    async def uses(self, obj: Resource, looking: Looking) -> frozenset[Thing]:
        """What a resource refers to, found by making its body; nothing is read from its control plane."""
        await looking.until_read(
            lambda: local_body(obj, looking) if goes_nowhere(obj) else body_for(obj, looking)
        )
        return frozenset(looking.asked)

    async def _send(
        self, obj: Resource, body: Body, looking: Looking, marking: Marking, before: float | None
    ) -> Brought:
        url = _url(body)
        context = context_of(obj, looking)
        try:
            plane = await self._planes.of(context)
            ref = ref_of(body.identity)
            state = await plane.writer.read(ref)
            held = state.body() if state is not None else None
            if held is not None and await self._is_there(obj, body, held, plane):
                return Brought(_as_before(obj, accepted(body, held)), body)
        except ControlPlaneError as error:
            return Brought(
                failed(failure_of_error("PUT", url, error, context)), body, asked_s=error.retry_after or 0.0
            )
        absent = plugin_problems(body, await plane.plugins.installed())
        if absent:
            return Brought(failed(_without_plugins(absent)), body)
        if not await marking():
            return Brought(None, body)
        outcome = await plane.writer.put(ref, body.content, uuids=body.uuids, before=before)
        failure = failure_of_outcome("PUT", url, outcome, context)
        if failure is not None:
            failure = await _explained(failure, body, plane)
            return Brought(failed(failure), body, put=True, asked_s=getattr(outcome, "after", 0.0))
        answer = getattr(outcome, "state", None)
        return Brought(accepted(body, answer), body, put=True)

    async def _is_there(self, obj: Resource, body: Body, held: Mapping[str, Any], plane: Plane) -> bool:
        """Whether the control plane holds what would be sent, and it is alive there."""
        if held.get("status") == "ARCHIVED":
            return False
        if body.kind not in COMPARABLE:
            return _was_accepted(obj)
        judged = compare(body, held, None, key=self._key, resource=obj, ordered=True)
        if judged.verdict is not Verdict.SYNCED:
            return False
        if body.kind == SUBSCRIPTION and body.identity.parent is not None and body.identity.id:
            return await _is_live(body, obj, plane)
        return True


def context_of(obj: Resource, looking: Looking) -> Resource:
    """The ManagementContext of a resource, its own or that of what it lives below.

    Raises:
        Unresolved: there is none, or its parent is missing.
    """
    if text_at(obj, "kind") in PARENTS or text_at(obj, "kind") == "Documentation":
        return context_of(parent_resource(obj, looking), looking)
    kind, (namespace, name) = text_at(obj, "kind"), name_of(obj)
    ref = spec_of(obj).get("contextRef")
    if not isinstance(ref, Mapping):
        raise Unresolved(Missing("no-context", f"{kind}/{namespace}/{name}", "names no ManagementContext"))
    return found(looking, target_of(ref, "ManagementContext", namespace, where="spec.contextRef"))


async def _is_live(body: Body, obj: Resource, plane: Plane) -> bool:
    """Whether a subscription is more than its body: closed, it is shown as before (DOMAIN §9, trap 9)."""
    from reconciler.control_plane.management import ManagementApi

    parent, place = body.identity.parent, body.identity.place
    assert parent is not None
    from reconciler.rules import identity as ids

    api = (
        parent.hrid if parent.legacy else ids.resource_id(place.organization, place.environment, parent.hrid)
    )
    own = text_at(status_of(obj), "id") or body.identity.id
    every = await ManagementApi(plane.client).subscriptions(api)
    return any(one.id == own and one.live for one in every)


def _was_accepted(obj: Resource) -> bool:
    """Whether this spec was accepted already, for kinds whose state cannot be compared.

    The status tells, not the hash: that is put on before it is known.
    """
    generation = (obj.get("metadata") or {}).get("generation")
    return any(
        isinstance(one, Mapping)
        and (one.get("type"), one.get("status")) == (ACCEPTED, "True")
        and one.get("observedGeneration") == generation
        for one in elements(status_of(obj).get("conditions"))
    )


def _as_before(obj: Resource, told: Told) -> Told:
    """A read tells neither warnings nor what version 2 calls its plans: what an earlier answer told holds."""
    status = status_of(obj)
    errors = status.get("errors")
    said = errors if isinstance(errors, Mapping) else {}
    plans = status.get("plans")
    return replace(
        told,
        warnings=tuple(elements(said.get("warning"))),
        severe=tuple(elements(said.get("severe"))),
        plans=dict(plans) if isinstance(plans, Mapping) else {},
    )


def _without_plugins(absent: Sequence[PluginProblem]) -> Failure:
    """Nothing was sent: APIM would answer 500 and keep half. Tried again later: plugins get installed."""
    return Failure(FailureClass.TRANSPORT, "; ".join(one.sentence() for one in absent))


async def _explained(failure: Failure, body: Body, plane: Plane) -> Failure:
    """A 500 tells no cause; what plugins certainly refuse of a body does, and then its spec has to change."""
    if failure.status is None or failure.status < _SERVER_ERROR:
        return failure
    schemas = await plane.plugins.with_schemas(plugins_used(body))
    refused = [one.sentence() for one in plugin_problems(body, schemas)]
    if not refused:
        return failure
    return Failure(FailureClass.ILLEGAL, "; ".join([failure.message, *refused]), failure.waits_for)


def _url(body: Body) -> str:
    """Where a body goes, as a failure tells it: without credentials, with its query."""
    place = body.identity.place
    below = f"organizations/{place.organization}/environments/{place.environment}/{body.collection}"
    root = "management" if body.management_v1 else "automation"
    query = "&".join(f"{name}={value}" for name, value in body.uuids)
    return f"{place.server}/{root}/{below}" + (f"?{query}" if query else "")
