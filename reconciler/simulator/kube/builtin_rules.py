"""What the built-in kinds do beyond their schemas: what is filled in, what is refused."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from reconciler.simulator.kube.answers import FieldError, bad_request, bad_value, forbidden_field, required
from reconciler.simulator.kube.builtin import CONFIG_MAPS, DEFINITIONS, EVENTS, LEASES, NAMESPACES, SECRETS
from reconciler.simulator.kube.resources import Resource
from reconciler.simulator.kube.shape import Shape
from reconciler.simulator.kube.timestamps import normalised
from reconciler.simulator.kube.trees import ABSENT, Json
from reconciler.simulator.kube.validation import validate

NAMESPACE_FINALIZER = "kubernetes"

_EMPTY_EVENT: dict[str, Any] = {
    "eventTime": None,
    "firstTimestamp": None,
    "involvedObject": {},
    "lastTimestamp": None,
    "reportingComponent": "",
    "reportingInstance": "",
    "source": {},
}
_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_DATA_KEY_TEXT = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
    "'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)


def settled(resource: Resource, version: str, body: dict[str, Any], *, new: bool) -> dict[str, Any]:
    """Return an object of a built-in kind as it is kept: no empty fields, instants in one form, defaults.

    Args:
        resource: the built-in kind.
        version: the version it came in.
        body: the object, pruned.
        new: it is being created.

    Raises:
        Refusal: 400 where a field is of another type: built-in kinds are refused while being decoded.
    """
    shape = resource.shapes[version]
    faults = [
        fault
        for fault in validate({k: v for k, v in body.items() if k != "metadata"}, shape)
        if fault.reason == "FieldValueTypeInvalid"
    ]
    if faults:
        kind = resource.kind
        raise bad_request(f'{kind} in version "{version}" cannot be handled as a {kind}: {faults[0].text}')
    try:
        kept = {name: _in_form(value, shape.fields[name]) for name, value in body.items()}
    except ValueError as problem:
        kind = resource.kind
        raise bad_request(
            f'{kind} in version "{version}" cannot be handled as a {kind}: {problem}'
        ) from problem
    body = {name: value for name, value in kept.items() if value not in ({}, [], None) or name == "metadata"}
    if resource.name == SECRETS:
        return _settled_secret(body)
    if resource.name == EVENTS:
        return {**_EMPTY_EVENT, **body}
    if resource.name == LEASES:
        return {"spec": {}, **body}
    if resource.name == NAMESPACES and new:
        return _settled_namespace(body)
    if resource.name == DEFINITIONS:
        return _settled_definition(body)
    return body


def _in_form(value: Json, shape: Shape) -> Json:
    """Write instants in their form and leave out what is empty, as typed objects are written."""
    if isinstance(value, dict):
        if shape.keeps_unknown:
            return value
        grown = {name: _in_form(item, shape.field(name) or shape) for name, item in value.items()}
        return {name: item for name, item in grown.items() if item not in ({}, [], None)}
    if isinstance(value, list) and shape.element is not None:
        return [_in_form(item, shape.element) for item in value]
    if isinstance(value, str) and shape.format == "date-time":
        precise = shape.rules.get("x-simulator-precision") == "microseconds"
        return normalised(value, microseconds=precise)
    return value


def _settled_secret(body: dict[str, Any]) -> dict[str, Any]:
    secret = {name: value for name, value in body.items() if name != "stringData"}
    data = dict(secret.get("data") or {})
    for name, value in data.items():
        try:
            base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as problem:
            raise bad_request(
                f'Secret in version "v1" cannot be handled as a Secret: illegal base64 data in data.{name}'
            ) from problem
    for name, text in (body.get("stringData") or {}).items():
        data[name] = base64.b64encode(text.encode()).decode("ascii")
    if data:
        secret["data"] = data
    secret.setdefault("type", "Opaque")
    return secret


def _settled_namespace(body: dict[str, Any]) -> dict[str, Any]:
    name = body["metadata"].get("name", "")
    labels = {**(body["metadata"].get("labels") or {}), "kubernetes.io/metadata.name": name}
    return {
        **body,
        "metadata": {**body["metadata"], "labels": labels},
        "spec": {"finalizers": [NAMESPACE_FINALIZER]},
        "status": {"phase": "Active"},
    }


def _settled_definition(body: dict[str, Any]) -> dict[str, Any]:
    spec = body.get("spec")
    names = spec.get("names") if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(names, dict) or "kind" not in names:
        return body
    names = {"singular": names["kind"].lower(), "listKind": f"{names['kind']}List", **names}
    return {**body, "spec": {"conversion": {"strategy": "None"}, **spec, "names": names}}


def builtin_faults(resource: Resource, body: dict[str, Any], old: Json) -> list[FieldError]:
    """Return what a built-in kind's own rules say against an object.

    Args:
        resource: the built-in kind.
        body: the object, settled.
        old: the stored object, or ABSENT.
    """
    check = _CHECKS.get(resource.name)
    return check(body, old) if check is not None else []


def _lease_faults(body: dict[str, Any], _old: Json) -> list[FieldError]:
    spec = body.get("spec") or {}
    faults = []
    if spec.get("leaseDurationSeconds", 1) <= 0:
        value = spec["leaseDurationSeconds"]
        faults.append(bad_value("spec.leaseDurationSeconds", value, "must be greater than 0"))
    if spec.get("leaseTransitions", 0) < 0:
        value = spec["leaseTransitions"]
        faults.append(bad_value("spec.leaseTransitions", value, "must be greater than or equal to 0"))
    return faults


def _event_faults(body: dict[str, Any], _old: Json) -> list[FieldError]:
    about = (body.get("involvedObject") or {}).get("namespace", "")
    own = body["metadata"].get("namespace", "")
    faults = []
    if about != own and not (not about and own == "default"):
        faults.append(bad_value("involvedObject.namespace", about, "does not match event.namespace"))
    if body.get("eventTime"):  # the newer form, which must say more
        wanted = ("reportingComponent", "reportingInstance", "action", "reason")
        faults += [required(name) for name in wanted if not body.get(name)]
    return faults


def _data_faults(body: dict[str, Any], old: Json) -> list[FieldError]:
    faults = [
        bad_value(f"{field}[{key}]", key, _DATA_KEY_TEXT)
        for field in ("data", "binaryData")
        for key in body.get(field) or ()
        if not _DATA_KEY.fullmatch(key)
    ]
    return faults + _immutable_faults(body, old)


def _immutable_faults(body: dict[str, Any], old: Json) -> list[FieldError]:
    faults = []
    if old is not ABSENT and old.get("immutable"):
        why = "field is immutable when `immutable` is set"
        if not body.get("immutable"):
            faults.append(forbidden_field("immutable", why))
        faults += [forbidden_field(f, why) for f in ("data", "binaryData") if body.get(f) != old.get(f)]
    return faults


def _secret_faults(body: dict[str, Any], old: Json) -> list[FieldError]:
    faults = _data_faults(body, old)
    if old is not ABSENT and body["type"] != old["type"]:
        faults.append(bad_value("type", body["type"], "field is immutable"))
    return faults


def _definition_faults(body: dict[str, Any], _old: Json) -> list[FieldError]:
    spec = body.get("spec") or {}
    names = spec.get("names") or {}
    faults = []
    wanted = f"{names.get('plural')}.{spec.get('group')}"
    if names and body["metadata"]["name"] != wanted:
        detail = 'must be spec.names.plural+"."+spec.group'
        faults.append(bad_value("metadata.name", body["metadata"]["name"], detail))
    versions = spec.get("versions") or []
    if versions and sum(bool(version.get("storage")) for version in versions) != 1:
        detail = "must have exactly one version marked as storage version"
        faults.append(bad_value("spec.versions", versions, detail))
    for index, version in enumerate(versions):
        if not (version.get("schema") or {}).get("openAPIV3Schema"):
            field = f"spec.versions[{index}].schema.openAPIV3Schema"
            faults.append(required(field, "schemas are required"))
    return faults


_CHECKS = {
    LEASES: _lease_faults,
    EVENTS: _event_faults,
    CONFIG_MAPS: _data_faults,
    SECRETS: _secret_faults,
    DEFINITIONS: _definition_faults,
}
