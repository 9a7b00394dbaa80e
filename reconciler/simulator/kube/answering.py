"""Which answer a request about objects gets: every verb but the watch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from reconciler.simulator.kube import answers
from reconciler.simulator.kube.access import User
from reconciler.simulator.kube.bodies import duplicate_fields, read_configuration, read_object, read_patch
from reconciler.simulator.kube.cluster import SimCluster
from reconciler.simulator.kube.listing import list_page, list_query, object_bytes
from reconciler.simulator.kube.parameters import write_options
from reconciler.simulator.kube.patches import json_patch, merge_patch
from reconciler.simulator.kube.resources import Resource
from reconciler.simulator.kube.reviews import REVIEW_PLURALS, reviewed
from reconciler.simulator.kube.routing import Route
from reconciler.simulator.kube.strategic import strategic_merge
from reconciler.simulator.kube.targets import Outcome, Target, WriteOptions
from reconciler.simulator.kube.trees import Json

JSON_PATCH, MERGE_PATCH = "application/json-patch+json", "application/merge-patch+json"
STRATEGIC_PATCH, APPLY_PATCH = "application/strategic-merge-patch+json", "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as far as answering it needs it."""

    route: Route
    user: User
    parameters: Mapping[str, str]
    media_type: str
    user_agent: str
    accept: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its code, its JSON, and the warnings for its headers."""

    code: int
    body: bytes
    warnings: tuple[str, ...] = ()


def answered(cluster: SimCluster, asked: Asked) -> Answer:
    """Answer a request; rights have been checked.

    Raises:
        Refusal: the answer is a Status.
        NoSuchPath: nothing is served there.
    """
    route = asked.route
    if not _accepts_json(asked.accept):
        message = "only the following media types are accepted: application/json"
        raise answers.Refusal(406, "NotAcceptable", message)
    if route.plural in REVIEW_PLURALS and route.verb == "create":
        body = read_object(asked.raw, asked.media_type, "")
        return _json(201, reviewed(route.plural, body, asked.user, cluster.grants))
    resource = find(cluster, route)
    target = Target(resource, route.version, route.namespace, route.name, route.subresource)
    if (
        resource.namespaced
        and not route.namespace
        and route.verb not in ("list", "watch", "deletecollection")
    ):
        raise answers.not_allowed(_HTTP_METHODS.get(route.verb, ""), resource.group, resource.plural)
    verb = _VERBS.get(route.verb)
    if verb is None:
        raise answers.not_allowed("", resource.group, resource.plural)
    return verb(cluster, target, asked)


def find(cluster: SimCluster, route: Route) -> Resource:
    """Return the kind at a route.

    Raises:
        NoSuchPath: it is not served.
    """
    resource = cluster.catalogue.find(route.group, route.version, route.plural)
    known = ("", "status") if resource is not None and resource.status else ("",)
    if resource is None or route.subresource not in known:
        raise answers.NoSuchPath("is not served", subject=route.plural)
    if route.namespace and not resource.namespaced:
        raise answers.NoSuchPath("is not in a namespace", subject=route.plural)
    return resource


def _accepts_json(accept: str) -> bool:
    """Whether plain JSON will do; clients that would rather have tables or protobuf nearly always say so."""
    if not accept:
        return True
    kinds = [each.strip().partition(";") for each in accept.split(",")]
    return any(
        kind in ("application/json", "application/*", "*/*") and "as=" not in rest for kind, _, rest in kinds
    )


def _json(code: int, body: Json, warnings: tuple[str, ...] = ()) -> Answer:
    return Answer(code, orjson.dumps(body) + b"\n", warnings)


def _get(cluster: SimCluster, target: Target, asked: Asked) -> Answer:
    revision = asked.parameters.get("resourceVersion", "")
    with cluster.lock:
        if revision.isdecimal() and int(revision) > cluster.revision:
            raise answers.version_too_large(int(revision), cluster.revision)
        stored = cluster.store.table(target.resource.name).objects.get(target.key)
    if stored is None:
        raise target.refusal(answers.not_found)
    return Answer(200, object_bytes(target.resource, target.version, stored) + b"\n")


def _list(cluster: SimCluster, target: Target, asked: Asked) -> Answer:
    query = list_query(asked.parameters, target.resource, watch=False)
    with cluster.lock:
        return Answer(200, list_page(cluster.store, target.resource, target.version, target.namespace, query))


def _object(cluster: SimCluster, target: Target, asked: Asked, kind: str) -> tuple[Json, WriteOptions]:
    """Return the object that is sent, and how the write is meant."""
    options = write_options(kind, asked.parameters, asked.user_agent, cluster.clock())
    body = read_object(asked.raw, asked.media_type, target.resource.kind)
    if options.validation != "Ignore" and asked.media_type != "application/yaml":
        duplicates = duplicate_fields(asked.raw)
        options = WriteOptions(
            options.manager, options.at, options.dry_run, options.validation, options.force, duplicates
        )
    return body, options


def _create(cluster: SimCluster, target: Target, asked: Asked) -> Answer:
    body, options = _object(cluster, target, asked, "CreateOptions")
    if target.name:
        raise answers.not_allowed("POST", target.resource.group, target.resource.plural)
    return _written(target, cluster.perform(target, lambda w: w.create(target, body, options)))


def _update(cluster: SimCluster, target: Target, asked: Asked) -> Answer:
    if not target.name:
        raise answers.bad_request("name must be provided")
    body, options = _object(cluster, target, asked, "UpdateOptions")
    return _written(target, cluster.perform(target, lambda w: w.replace(target, body, options)))


def _patch(cluster: SimCluster, target: Target, asked: Asked) -> Answer:
    resource, kind = target.resource, asked.media_type
    accepted = [JSON_PATCH, MERGE_PATCH, *(() if resource.custom else (STRATEGIC_PATCH,)), APPLY_PATCH]
    if kind not in accepted:
        raise answers.unsupported_media(*accepted)
    if not target.name:
        raise answers.bad_request("name must be provided")
    applies = kind == APPLY_PATCH
    options = write_options(
        "PatchOptions", asked.parameters, asked.user_agent, cluster.clock(), applies=applies
    )
    if applies:
        config = read_configuration(asked.raw)
        return _written(target, cluster.perform(target, lambda w: w.apply(target, config, options)))
    change = _change(resource, target.version, kind, read_patch(asked.raw))
    return _written(target, cluster.perform(target, lambda w: w.patch(target, change, options)))


def _change(resource: Resource, version: str, kind: str, patch: Json) -> Callable[[Json], Json]:
    """Return what a patch does to an object."""
    if kind == JSON_PATCH:
        return lambda old: json_patch(old, patch)
    if not isinstance(patch, dict):
        raise answers.bad_request(
            "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"
        )
    if kind == STRATEGIC_PATCH:
        return lambda old: strategic_merge(old, patch, resource.shapes[version])
    return lambda old: merge_patch(old, patch)


def _written(target: Target, outcome: Outcome) -> Answer:
    body = outcome.body
    if target.version != target.resource.storage:
        body = {**body, "apiVersion": target.resource.api_version(target.version)}
    raw = orjson.dumps(body, option=orjson.OPT_SORT_KEYS) + b"\n"
    return Answer(201 if outcome.created else 200, raw, tuple(outcome.warnings))


def _delete(cluster: SimCluster, target: Target, asked: Asked) -> Answer:
    sent = read_patch(asked.raw) if asked.raw.strip() else {}
    wanted = (sent.get("preconditions") or {}) if isinstance(sent, dict) else {}
    options = _delete_options(cluster, asked, sent)
    body, gone = cluster.perform(
        target,
        lambda w: w.delete(
            target, options, uid=wanted.get("uid") or "", revision=wanted.get("resourceVersion") or ""
        ),
    )
    if not gone:
        return _json(200, body)
    resource = target.resource
    details: dict[str, Any] = {"name": target.name}
    if resource.group:
        details["group"] = resource.group
    details |= {"kind": resource.plural, "uid": body["metadata"]["uid"]}
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
    return _json(200, status)


def _delete_options(cluster: SimCluster, asked: Asked, sent: Json) -> WriteOptions:
    dry_run = asked.parameters.get("dryRun") == "All" or (
        isinstance(sent, dict) and sent.get("dryRun") == ["All"]
    )
    return WriteOptions("", cluster.clock(), dry_run=dry_run)


def _delete_collection(cluster: SimCluster, target: Target, asked: Asked) -> Answer:
    if "deletecollection" not in target.resource.verbs:
        raise answers.not_allowed("DELETE", target.resource.group, target.resource.plural)
    resource = target.resource
    query = list_query(asked.parameters, resource, watch=False)
    options = _delete_options(cluster, asked, read_patch(asked.raw) if asked.raw.strip() else {})
    with cluster.lock:
        page = list_page(cluster.store, resource, target.version, target.namespace, query)
        for item in orjson.loads(page)["items"]:
            metadata = item["metadata"]
            each = Target(resource, target.version, metadata.get("namespace", ""), metadata["name"])
            cluster.perform(each, lambda w, each=each: w.delete(each, options))  # type: ignore[misc]
    return Answer(200, page)


_VERBS: dict[str, Callable[[SimCluster, Target, Asked], Answer]] = {
    "get": _get,
    "list": _list,
    "create": _create,
    "update": _update,
    "patch": _patch,
    "delete": _delete,
    "deletecollection": _delete_collection,
}
_HTTP_METHODS = {"get": "GET", "create": "POST", "update": "PUT", "patch": "PATCH", "delete": "DELETE"}
