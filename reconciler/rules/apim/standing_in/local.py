"""The ConfigMaps from which gateways of the local mode take APIs, and the definition inside (DOMAIN §2.6).

GKO leaves a ConfigMap behind when an API turns to APIM for its definition, and does not restore one that was
deleted by hand (DOMAIN §10.13). Here the ConfigMap is a function of the API, so that both come right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reconciler.rules.apim.bodies import Body
from reconciler.rules.apim.body_apis import api_v4_body
from reconciler.rules.apim.body_apis_v2 import api_v2_body
from reconciler.rules.apim.identities import Environment, identity_in
from reconciler.rules.apim.making import Making, with_namespace
from reconciler.rules.apim.references import (
    Missing,
    Problems,
    References,
    Resource,
    Unresolved,
    elements,
    name_of,
    spec_of,
    text_at,
)
from reconciler.rules.apim.standing_in.marks import is_ingress_template
from reconciler.rules.apim.templates import resolve
from reconciler.rules.apim.xxh3 import legacy_id

LABELS = {"managed-by": "gravitee.io", "gio-type": "apidefinitions.gravitee.io"}
NO_PLACE = "DEFAULT"
"""Organization and environment of an API that goes to no APIM."""
_WORDS = ("status", "mode")


def goes_nowhere(obj: Resource) -> bool:
    """Whether an API names no ManagementContext: its ConfigMap, if it has one, is all there is of it."""
    return text_at(obj, "kind") in ("ApiV4Definition", "ApiDefinition") and not isinstance(
        spec_of(obj).get("contextRef"), Mapping
    )


def wants_config_map(obj: Resource) -> bool:
    """Whether gateways are to take an API from a ConfigMap, and it is started."""
    spec = spec_of(obj)
    if is_ingress_template(obj) or text_at(spec, "state") == "STOPPED":
        return False
    if text_at(obj, "kind") == "ApiDefinition":
        return spec.get("local") is True
    context = spec.get("definitionContext")
    local = isinstance(context, Mapping) and context.get("syncFrom") == "KUBERNETES"
    return text_at(obj, "kind") == "ApiV4Definition" and local


def local_body(obj: Resource, lookup: References) -> Body | Problems:
    """Make the body of an API that names no ManagementContext; it is never sent, gateways run it.

    Args:
        obj: the API, with the schema's defaults; one of version 2 needs its `metadata.uid`.
        lookup: what it refers to.

    Returns:
        the body, or what stands in its way: an API of version 2 without context has to be local.
    """
    kind, (namespace, name) = text_at(obj, "kind"), name_of(obj)
    spec = spec_of(obj)
    if kind == "ApiDefinition" and spec.get("local") is not True and not is_ingress_template(obj):
        what = "names no ManagementContext, which it has to unless it is local"
        return Problems((Missing("no-context", f"{kind}/{namespace}/{name}", what),))
    problems: list[Missing] = []
    resolved = resolve(spec, namespace, lookup, problems)
    identity = identity_in(obj, Environment("", NO_PLACE, NO_PLACE))
    making = Making(obj, resolved, identity, lookup, problems)
    content: dict[str, Any] = {}
    try:
        content = api_v2_body(making) if kind == "ApiDefinition" else _identified(api_v4_body(making))
    except Unresolved as problem:
        problems.append(problem.problem)
    if problems:
        return Problems(dict.fromkeys(problems))
    return Body(
        identity,
        content,
        "",
        management_v1=kind == "ApiDefinition",
        group_hrids=dict(making.group_hrids),
        warnings=tuple(making.warnings),
    )


def config_map_for(
    obj: Resource, content: Mapping[str, Any], organization: str = NO_PLACE, environment: str = NO_PLACE
) -> dict[str, Any] | None:
    """The ConfigMap of an API.

    Args:
        obj: the API as the cluster holds it.
        content: of its body, as it is sent to APIM or as `local_body` makes it.
        organization, environment: ids of where it was sent.

    Returns:
        the object that is to exist; None where there is to be none (`is_config_map_of` tells which one then
        has to go).
    """
    if not wants_config_map(obj):
        return None
    kind, (namespace, name) = text_at(obj, "kind"), name_of(obj)
    v4 = kind == "ApiV4Definition"
    definition = gateway_definition(content) if v4 else _definition_v2(obj, content)
    data = {
        "definition": json.dumps(_without_nulls(definition), separators=(",", ":"), ensure_ascii=False),
        "organizationId": organization,
        "environmentId": environment,
    }
    if v4:
        data["apiDefinitionVersion"] = "4.0.0"
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": dict(LABELS),
            "ownerReferences": [_owner(obj)],
        },
        "data": data,
    }


def is_config_map_of(config_map: Resource, obj: Resource) -> bool:
    """Whether a ConfigMap is the one of an API, so that it may be overwritten or taken away."""
    metadata = config_map.get("metadata")
    meta: Mapping[str, Any] = metadata if isinstance(metadata, Mapping) else {}
    labels = meta.get("labels")
    if not isinstance(labels, Mapping) or any(labels.get(key) != value for key, value in LABELS.items()):
        return False
    owner = _owner(obj)
    return any(
        isinstance(one, Mapping) and all(one.get(field) == value for field, value in owner.items())
        for one in elements(meta.get("ownerReferences"))
    )


def gateway_definition(content: Mapping[str, Any]) -> dict[str, Any]:
    """An API of version 4 as gateways read it: APIM's words in lower case, plans by their key.

    Args:
        content: of the body for the Automation API.
    """
    out = {
        **content,
        "apiVersion": content.get("version"),
        "definitionVersion": "4.0.0",
        "type": _word(content.get("type")),
        "listeners": [_listener(one) for one in elements(content.get("listeners"))],
        "endpointGroups": [_group(one) for one in elements(content.get("endpointGroups"))],
        "flows": [_flow(one) for one in elements(content.get("flows"))],
        "plans": [_plan(one) for one in elements(content.get("plans"))],
    }
    if isinstance(content.get("flowExecution"), Mapping):
        out["flowExecution"] = _worded(content["flowExecution"], "mode")
    return out


def _identified(content: dict[str, Any]) -> dict[str, Any]:
    """Ids for what no APIM gives ids to (DOMAIN §2.4)."""
    own = text_at(content, "id") or legacy_id(text_at(content, "hrid"))
    plans = [
        {**plan, "id": text_at(plan, "id") or legacy_id(own + text_at(plan, "hrid"))}
        for plan in content["plans"]
    ]
    return {**content, "id": own, "plans": plans}


def _definition_v2(obj: Resource, content: Mapping[str, Any]) -> dict[str, Any]:
    out = {**content, "local": True}
    ref = spec_of(obj).get("contextRef")
    if isinstance(ref, Mapping):  # GKO names the API in its plans once it has sent them
        out["contextRef"] = with_namespace(ref, name_of(obj)[0])
        out["plans"] = [{**plan, "api": content.get("id")} for plan in elements(content.get("plans"))]
    return out


def _owner(obj: Resource) -> dict[str, Any]:
    metadata = obj.get("metadata")
    uid = text_at(metadata, "uid") if isinstance(metadata, Mapping) else ""
    owner = {
        "apiVersion": text_at(obj, "apiVersion"),
        "kind": text_at(obj, "kind"),
        "name": name_of(obj)[1],
        "uid": uid,
    }
    return {field: value for field, value in owner.items() if value}


# --- words of gateways -----------------------------------------------------------------------------


def _word(value: Any) -> Any:
    return value.lower().replace("_", "-") if isinstance(value, str) else value


def _worded(value: Any, *fields: str) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {**value, **{field: _word(value[field]) for field in fields if field in value}}


def _listener(listener: Any) -> Any:
    out = _worded(listener, "type")
    if isinstance(out, dict) and isinstance(out.get("entrypoints"), list):
        out["entrypoints"] = [_worded(one, "qos") for one in out["entrypoints"]]
    return out


def _group(group: Any) -> Any:
    if not isinstance(group, Mapping) or not isinstance(group.get("loadBalancer"), Mapping):
        return group
    return {**group, "loadBalancer": _worded(group["loadBalancer"], "type")}


def _flow(flow: Any) -> Any:
    if not isinstance(flow, Mapping) or not isinstance(flow.get("selectors"), list):
        return flow
    return {**flow, "selectors": [_worded(one, "type") for one in flow["selectors"]]}


def _plan(plan: Any) -> Any:
    if not isinstance(plan, Mapping):
        return plan
    out: dict[str, Any] = _worded(plan, *_WORDS)
    out["name"] = plan.get("hrid")
    out["flows"] = [_flow(one) for one in elements(plan.get("flows"))]
    if isinstance(plan.get("security"), Mapping):
        out["security"] = _worded(plan["security"], "type")
    return out


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value
