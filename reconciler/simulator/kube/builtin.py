"""The kinds that every cluster has, as far as somebody who watches custom resources meets them.

Their schemas are written in the structural form that CRDs use; they name the fields of the public API
that tools read and write, and keep no others.
"""

from __future__ import annotations

from typing import Any

from reconciler.simulator.kube.resources import ALWAYS_SELECTABLE, VERBS, Resource, built_in

_STR: dict[str, Any] = {"type": "string"}
_BOOL: dict[str, Any] = {"type": "boolean"}
_INT: dict[str, Any] = {"type": "integer", "format": "int32"}
_TIME: dict[str, Any] = {"type": "string", "format": "date-time", "nullable": True}
_MICRO_TIME: dict[str, Any] = {**_TIME, "x-simulator-precision": "microseconds"}
_MAP: dict[str, Any] = {"type": "object", "additionalProperties": _STR}
_BYTES: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "string", "format": "byte"}}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _strings(list_type: str = "atomic") -> dict[str, Any]:
    return {"type": "array", "items": _STR, "x-kubernetes-list-type": list_type}


def _keyed(items: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {
        "type": "array",
        "items": items,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": list(keys),
    }


_REFERENCE_FIELDS = ("apiVersion", "fieldPath", "kind", "name", "namespace", "resourceVersion", "uid")
_REFERENCE = {**_object(**dict.fromkeys(_REFERENCE_FIELDS, _STR)), "x-kubernetes-map-type": "atomic"}
_CONDITION = _object(
    type=_STR, status=_STR, reason=_STR, message=_STR, lastTransitionTime=_TIME,
    observedGeneration={"type": "integer", "format": "int64"},
)  # fmt: skip

_NAMESPACE = _object(
    spec=_object(finalizers=_strings()),
    status=_object(phase=_STR, conditions=_keyed(_CONDITION, "type")),
)
_SECRET = _object(data=_BYTES, stringData=_MAP, type=_STR, immutable=_BOOL)
_CONFIG_MAP = _object(data=_MAP, binaryData=_BYTES, immutable=_BOOL)
_PORT = _object(containerPort=_INT, name=_STR, protocol={**_STR, "default": "TCP"})
_POD = _object(
    spec=_object(
        containers=_keyed(
            _object(
                image=_STR,
                name=_STR,
                ports=_keyed(_PORT, "containerPort", "protocol"),
            ),
            "name",
        ),
        nodeName=_STR,
    ),
    status=_object(
        conditions=_keyed(_CONDITION, "type"), hostIP=_STR, phase=_STR, podIP=_STR, startTime=_TIME
    ),
)
_LEASE = _object(
    spec=_object(
        acquireTime=_MICRO_TIME,
        holderIdentity=_STR,
        leaseDurationSeconds=_INT,
        leaseTransitions=_INT,
        preferredHolder=_STR,
        renewTime=_MICRO_TIME,
        strategy=_STR,
    )
)
_EVENT = {
    **_object(
        action=_STR,
        count=_INT,
        eventTime=_MICRO_TIME,
        firstTimestamp=_TIME,
        involvedObject=_REFERENCE,
        lastTimestamp=_TIME,
        message=_STR,
        reason=_STR,
        related=_REFERENCE,
        reportingComponent=_STR,
        reportingInstance=_STR,
        series=_object(count=_INT, lastObservedTime=_MICRO_TIME),
        source=_object(component=_STR, host=_STR),
        type=_STR,
    ),
    "required": ["involvedObject"],
}
_NAMES = _object(
    categories=_strings(), kind=_STR, listKind=_STR, plural=_STR, shortNames=_strings(), singular=_STR
)
_VERSION = _object(
    additionalPrinterColumns={
        "type": "array",
        "items": _object(description=_STR, format=_STR, jsonPath=_STR, name=_STR, priority=_INT, type=_STR),
    },
    deprecated=_BOOL,
    deprecationWarning=_STR,
    name=_STR,
    # A schema of schemas has no end; whatever it says is kept.
    schema={"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    selectableFields={"type": "array", "items": _object(jsonPath=_STR)},
    served=_BOOL,
    storage=_BOOL,
    subresources={"type": "object", "x-kubernetes-preserve-unknown-fields": True},
)
_DEFINITION = {
    **_object(
        spec={
            **_object(
                conversion=_object(
                    strategy=_STR, webhook={"type": "object", "x-kubernetes-preserve-unknown-fields": True}
                ),
                group=_STR,
                names={**_NAMES, "required": ["kind", "plural"]},
                preserveUnknownFields=_BOOL,
                scope={**_STR, "enum": ["Cluster", "Namespaced"]},
                versions={"type": "array", "minItems": 1, "items": {**_VERSION, "required": ["name"]}},
            ),
            "required": ["group", "names", "scope", "versions"],
        },
        status=_object(
            acceptedNames=_NAMES,
            conditions=_keyed(_CONDITION, "type"),
            storedVersions=_strings(),
        ),
    ),
    "required": ["spec"],
}
_EVENT_SELECTABLE = frozenset(
    {
        *(f"involvedObject.{name}" for name in _REFERENCE_FIELDS),
        *("reason", "reportingComponent", "source", "type"),
    }
)

NAMESPACES, SECRETS, CONFIG_MAPS, PODS = "namespaces", "secrets", "configmaps", "pods"
EVENTS, LEASES = "events", "leases.coordination.k8s.io"
DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"


def built_in_resources() -> list[Resource]:
    """Return the built-in kinds that objects are kept of."""
    return [
        built_in("", "ConfigMap", "configmaps", _CONFIG_MAP, short_names=("cm",)),
        built_in(
            "", "Event", "events", _EVENT,
            short_names=("ev",), creates_on_update=True, selectable=ALWAYS_SELECTABLE | _EVENT_SELECTABLE,
            blank={
                **{name: {} for name in ("involvedObject", "source")},
                **dict.fromkeys(("eventTime", "firstTimestamp", "lastTimestamp")),
                **dict.fromkeys(("reportingComponent", "reportingInstance"), ""),
            },
        ),
        built_in(
            "", "Namespace", "namespaces", _NAMESPACE,
            namespaced=False, status=True, short_names=("ns",),
            verbs=tuple(verb for verb in VERBS if verb != "deletecollection"),
            selectable=ALWAYS_SELECTABLE | {"status.phase"},
            blank={"spec": {}, "status": {}},
        ),
        built_in(
            "", "Pod", "pods", _POD,
            status=True, short_names=("po",), categories=("all",),
            selectable=ALWAYS_SELECTABLE | {"status.phase", "spec.nodeName"},
            blank={"spec": {}, "status": {}},
        ),
        built_in("", "Secret", "secrets", _SECRET, selectable=ALWAYS_SELECTABLE | {"type"}),
        built_in(
            "coordination.k8s.io", "Lease", "leases", _LEASE,
            unconditional=False, creates_on_update=True, blank={"spec": {}},
        ),
        built_in(
            "apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions", _DEFINITION,
            namespaced=False, status=True, counts_generations=True, unconditional=False,
            short_names=("crd", "crds"), categories=("api-extensions",),
            blank={"spec": {"names": {}}, "status": {"acceptedNames": {}, "conditions": None}},
        ),
    ]  # fmt: skip
