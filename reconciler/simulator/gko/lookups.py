"""What a resource refers to, looked up on its cluster; every look leaves a trace, for changes to find it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from reconciler.simulator.gko.failures import ReferenceMissing, TemplateFailed
from reconciler.simulator.kube.cluster import SimCluster

Body = dict[str, Any]

_TEMPLATE = re.compile(r"\[\[-?\s*(secret|configmap)\s+[`\"]([^/`\"]+)/([^`\"]+)[`\"]\s*-?\]\]")
_API_KINDS = ("ApiDefinition", "ApiV4Definition")
_SOURCES = {"secret": "Secret", "configmap": "ConfigMap"}


class Ref(NamedTuple):
    """The name of an object of one cluster."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"


class Lookups:
    """Looks up what one resource refers to.

    Args:
        cluster: where it lives.
        namespace: its namespace, which is meant where a reference names none.

    Attributes:
        found: everything that was asked for, whether or not it exists.
        templated: the Secrets and ConfigMaps that templates took values from.
    """

    def __init__(self, cluster: SimCluster, namespace: str) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.found: set[Ref] = set()
        self.templated: set[Ref] = set()

    def named(self, ref: Mapping[str, Any], kind: str, namespace: str = "") -> Ref:
        """What a reference `{name, namespace?, kind?}` names."""
        stated = str(ref.get("kind") or "").lower().rstrip("s")
        kind = next((known for known in _API_KINDS if known.lower() == stated), kind)
        return Ref(kind, str(ref.get("namespace") or namespace or self.namespace), str(ref.get("name") or ""))

    def seek(self, ref: Ref) -> Body | None:
        """The object, or None."""
        self.found.add(ref)
        return self.cluster.get(*ref)

    def get(self, ref: Ref) -> Body:
        """The object.

        Raises:
            ReferenceMissing: there is none.
        """
        body = self.seek(ref)
        if body is None:
            plural = self.cluster.catalogue.of_kind(ref.kind).name
            # GKO asks for shared policy groups by their kind, and for the others by their plural.
            word = f"{ref.kind}.gravitee.io" if ref.kind == "SharedPolicyGroup" else plural
            raise ReferenceMissing(f'{word} "{ref.name}" not found')
        return body

    def compiled(self, value: Any, namespace: str = "") -> Any:
        """A value with its templates resolved in a namespace (its own where none is given).

        Raises:
            ReferenceMissing: a Secret or ConfigMap is missing.
            TemplateFailed: one lacks a key.
        """
        if isinstance(value, str):
            if "[[" not in value:
                return value
            return _TEMPLATE.sub(lambda match: self._value(match, namespace or self.namespace), value)
        if isinstance(value, dict):
            return {name: self.compiled(item, namespace) for name, item in value.items()}
        if isinstance(value, list):
            return [self.compiled(item, namespace) for item in value]
        return value

    def data(self, ref: Ref) -> dict[str, str] | None:
        """The data of a Secret or ConfigMap as text, or None where it does not exist."""
        body = self.seek(ref)
        if body is None:
            return None
        data: dict[str, str] = body.get("data") or {}
        return {key: _plain(value) for key, value in data.items()} if ref.kind == "Secret" else data

    def _value(self, match: re.Match[str], namespace: str) -> str:
        source, name, key = match.groups()
        ref = Ref(_SOURCES[source], namespace, name)
        data = self.data(ref)
        if data is None:
            raise ReferenceMissing(f"{source} [{namespace}/{name}] not found")
        if key not in data:
            raise TemplateFailed(f"key [{key}] not found in {source} [{namespace}/{name}]")
        self.templated.add(ref)
        return data[key]


def _plain(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
