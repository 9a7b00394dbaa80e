"""One reconcile of one resource, up to and including what is sent: from the object to an `Attempt`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.rules.identity import cross_id, hrid, resource_id
from reconciler.simulator.apim import Apim
from reconciler.simulator.gko.api_v2 import import_body
from reconciler.simulator.gko.api_v4 import Translation, automation_body, gateway_definition
from reconciler.simulator.gko.config_maps import keep_config_map
from reconciler.simulator.gko.contexts import ControlPlane, control_plane
from reconciler.simulator.gko.failures import Failure, IllegalState, ReferenceMissing
from reconciler.simulator.gko.lookups import Body, Lookups, Ref
from reconciler.simulator.gko.marks import API_KINDS, Attempt, instant
from reconciler.simulator.gko.others import (
    application_body,
    plain_body,
    policy_group_body,
    subscription_body,
)


def brought(body: Body, ref: Ref, lookups: Lookups, apims: Mapping[str, Apim], at: float) -> Attempt:
    """Bring a resource to APIM, to a ConfigMap, or nowhere, as its kind and spec ask.

    Args:
        body: the object as the cluster holds it.
        ref: which object it is.
        lookups: finds what it refers to.
        apims: the servers by the URL that contexts state.
        at: when (seconds since the epoch).
    """
    try:
        spec = lookups.compiled(body["spec"])
        if ref.kind == "ManagementContext":
            control_plane(lookups, {"name": ref.name}, apims)
            return Attempt()
        if ref.kind == "ApiResource":
            return Attempt()
        translation = Translation(lookups)
        if ref.kind == "Notification":
            translation.groups({"groupRefs": (spec.get("console") or {}).get("groupRefs")})
            return Attempt(missing_groups=tuple(translation.missing_groups))
        if ref.kind in API_KINDS:
            return _api(body, ref, spec, translation, apims, at)
        return _other(body, ref, spec, lookups, apims, at)
    except Failure as failure:
        return Attempt(failure)


def plane_of(body: Body, lookups: Lookups, apims: Mapping[str, Apim]) -> ControlPlane | None:
    """The control plane that a resource goes to; a subscription goes where its API goes.

    Raises:
        ReferenceMissing: the context, its Secret, or a subscription's API does not exist.
    """
    spec = body["spec"]
    if body["kind"] == "Subscription":
        api = lookups.named(spec["api"], "ApiV4Definition")
        ref = lookups.get(api)["spec"].get("contextRef")
        return control_plane(lookups, {"namespace": api.namespace, **ref}, apims) if ref else None
    ref = spec.get("contextRef")
    return control_plane(lookups, ref, apims) if ref else None


def _api(
    body: Body, ref: Ref, spec: Body, translation: Translation, apims: Mapping[str, Apim], at: float
) -> Attempt:
    lookups = translation.lookups
    plane = plane_of(body, lookups, apims)
    v4 = ref.kind == "ApiV4Definition"
    if not v4 and plane is None and not spec.get("local"):
        raise IllegalState("a context is required unless the API is local")
    sent = (
        automation_body(ref.namespace, ref.name, spec, translation)
        if v4
        else import_body(body, spec, translation)
    )
    answer = plane.put(ref.kind, sent, at) if plane is not None else {}
    local = spec.get("local") if not v4 else plane is None or _syncs_from_kubernetes(spec)
    definition: Body | None = None
    if local and spec.get("state", "STARTED") == "STARTED":
        definition = gateway_definition(sent, identified=plane is None) if v4 else sent
    place = (plane.organization, plane.environment) if plane is not None else ("DEFAULT", "DEFAULT")
    if local:
        keep_config_map(lookups.cluster, body, definition, place, at)
    told: dict[str, Any] = {"state": spec.get("state", "STARTED")}
    if plane is not None:
        told |= {"organizationId": plane.organization, "environmentId": plane.environment}
        told |= {"id": answer.get("id"), "crossId": answer.get("crossId")}
        plans = dict.fromkeys(spec.get("plans") or {}, "") if v4 else answer.get("plans")
        told |= {"plans": plans} if plans else {}
    else:  # of a local API the status tells next to nothing
        told = {} if v4 else {**told, "id": sent["id"]}
    return Attempt(None, told, _warnings(answer), tuple(translation.missing_groups))


def _other(
    body: Body, ref: Ref, spec: Body, lookups: Lookups, apims: Mapping[str, Apim], at: float
) -> Attempt:
    namespace, name = ref.namespace, ref.name
    if ref.kind == "Subscription":
        sent = subscription_body(namespace, name, spec, lookups)
    elif ref.kind == "Application":
        sent = application_body(namespace, name, spec, lookups)
    elif ref.kind == "SharedPolicyGroup":
        sent = policy_group_body(namespace, name, spec)
    else:
        sent = plain_body(namespace, name, spec)
    plane = plane_of(body, lookups, apims)
    if plane is None:
        raise ReferenceMissing("no management context is referenced")
    answer = plane.put(ref.kind, sent, at)
    if ref.kind == "Subscription":
        return Attempt(None, {"id": answer["id"], "startedAt": instant(at)})
    own = hrid(namespace, name)
    told: dict[str, Any] = {
        "organizationId": plane.organization,
        "environmentId": plane.environment,
        "id": resource_id(plane.organization, plane.environment, own),
    }
    if ref.kind == "SharedPolicyGroup":
        told["crossId"] = cross_id(plane.organization, own)
    if ref.kind == "Group":
        told["members"] = answer.get("memberCount", 0)
    return Attempt(None, told, _warnings(answer))


def _syncs_from_kubernetes(spec: Body) -> bool:
    return (spec.get("definitionContext") or {}).get("syncFrom") == "KUBERNETES"


def _warnings(answer: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple((answer.get("errors") or {}).get("warning") or ())
