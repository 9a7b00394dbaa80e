"""What APIM's dry run does not look at: whether the plugins of a body are installed, and take their fields.

The dry run says yes and the PUT then answers 500 (DOMAIN §9), with half of an API saved. So the plugins are
looked up before anything is sent. Only what is certain is a problem: of a plugin's JSON Schema the keywords
that are understood here, and no value that is an expression, which has its type only when it runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.changes import KeyPath, path_text
from reconciler.rules.apim.bodies import Body
from reconciler.rules.apim.body_apis import SHARED_POLICY
from reconciler.rules.apim.references import elements, text_at
from reconciler.rules.apim.standing_in.plugin_schema import faults

_PHASES = ("request", "response", "subscribe", "publish", "connect", "interact")
_PHASES_V2 = ("pre", "post")
_SECURITY = {
    "KEY_LESS": "key-less",
    "API_KEY": "api-key",
    "JWT": "jwt",
    "OAUTH2": "oauth2",
    "MTLS": "mtls",
}
_BUILT_IN = frozenset({SHARED_POLICY})

Plugins = Mapping[str, Mapping[str, Any] | None]
"""Plugin id → its JSON Schema, None where that is not known."""


@dataclass(frozen=True, slots=True)
class Installed:
    """The plugins of one APIM; None for a sort that could not be read, about which nothing is said."""

    policies: Plugins | None = None
    endpoints: Plugins | None = None
    entrypoints: Plugins | None = None
    resources: Plugins | None = None


@dataclass(frozen=True, slots=True)
class PluginProblem:
    """A plugin that is not there, or will not have its configuration.

    Attributes:
        path: the field of the body.
        plugin: the plugin's id.
        what: what is wrong, without any value.
    """

    path: KeyPath
    plugin: str
    what: str

    def sentence(self) -> str:
        """The line that is shown."""
        return f"{path_text(self.path)}: {self.what}"


@dataclass(frozen=True, slots=True)
class _Use:
    """A plugin in a body: `sort` is a field of `Installed`, `configurations` the fields that it reads."""

    path: KeyPath
    sort: str
    plugin: str
    configurations: tuple[tuple[str, Any], ...] = ()


_ONE = {"policies": "policy", "endpoints": "endpoint", "entrypoints": "entrypoint", "resources": "resource"}


def plugin_problems(body: Body, installed: Installed) -> tuple[PluginProblem, ...]:
    """Find the plugins of a body that APIM will refuse although its dry run does not.

    Args:
        body: of an API or a shared policy group; others use no plugins.
        installed: what is known of the server.
    """
    found = []
    for use in _uses(body):
        plugins: Plugins | None = getattr(installed, use.sort)
        if plugins is None or use.plugin in _BUILT_IN:
            continue
        if use.plugin not in plugins:
            what = f"the {_ONE[use.sort]} {use.plugin} is not installed in this APIM"
            found.append(PluginProblem(use.path, use.plugin, what))
            continue
        schema = plugins[use.plugin]
        for name, value in use.configurations if schema is not None else ():
            found += _misfits(use, name, value, schema or {})
    return tuple(dict.fromkeys(found))


def plugins_used(body: Body) -> frozenset[tuple[str, str]]:
    """The plugins of a body: sort (a field of `Installed`) and id."""
    return frozenset((use.sort, use.plugin) for use in _uses(body) if use.plugin not in _BUILT_IN)


def _misfits(use: _Use, name: str, value: Any, schema: Mapping[str, Any]) -> Iterator[PluginProblem]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return  # an expression, or text that the plugin reads in its own way
    for path, what in faults(value, schema):
        told = f"the {_ONE[use.sort]} {use.plugin} will refuse this: {what}"
        yield PluginProblem((*use.path, name, *path), use.plugin, told)


# --- where a body uses plugins ---------------------------------------------------------------------


def _uses(body: Body) -> Iterator[_Use]:
    content = body.content
    if body.kind == "SharedPolicyGroup":
        yield from _steps(content.get("steps"), ("steps",))
    elif body.kind in ("ApiV4Definition", "ApiDefinition"):
        v4 = body.kind == "ApiV4Definition"
        phases = _PHASES if v4 else _PHASES_V2
        yield from _flows(content.get("flows"), ("flows",), phases)
        for at, plan in _each(content.get("plans")):
            yield from _access(plan, ("plans", at))
            yield from _flows(plan.get("flows"), ("plans", at, "flows"), phases)
        for at, resource in _each(content.get("resources")):
            if resource.get("enabled", True) is not False:
                yield from _typed(resource, ("resources", at), "resources")
        if v4:
            yield from _connectors(content)


def _connectors(content: Mapping[str, Any]) -> Iterator[_Use]:
    for at, listener in _each(content.get("listeners")):
        for place, entrypoint in _each(listener.get("entrypoints")):
            yield from _typed(entrypoint, ("listeners", at, "entrypoints", place), "entrypoints")
    for at, group in _each(content.get("endpointGroups")):
        path: KeyPath = ("endpointGroups", at)
        if kind := text_at(group, "type"):
            yield _Use((*path, "type"), "endpoints", kind)
        for place, endpoint in _each(group.get("endpoints")):
            inherits = endpoint.get("inheritConfiguration") is True
            yield from _typed(endpoint, (*path, "endpoints", place), "endpoints", configured=not inherits)


def _flows(flows: Any, path: KeyPath, phases: tuple[str, ...]) -> Iterator[_Use]:
    for at, flow in _each(flows):
        if flow.get("enabled", True) is False:
            continue
        for phase in phases:
            yield from _steps(flow.get(phase), (*path, at, phase))


def _steps(steps: Any, path: KeyPath) -> Iterator[_Use]:
    for at, step in _each(steps):
        policy = text_at(step, "policy")
        if policy:
            yield _Use((*path, at), "policies", policy, _configuration(step))


def _access(plan: Mapping[str, Any], path: KeyPath) -> Iterator[_Use]:
    security = plan.get("security")
    kind = text_at(security, "type") if isinstance(security, Mapping) else security
    policy = _SECURITY.get(kind) if isinstance(kind, str) else None
    if policy:
        configured = _configuration(security) if isinstance(security, Mapping) else ()
        yield _Use((*path, "security"), "policies", policy, configured)


def _typed(item: Mapping[str, Any], path: KeyPath, sort: str, *, configured: bool = True) -> Iterator[_Use]:
    if kind := text_at(item, "type"):
        yield _Use(path, sort, kind, _configuration(item) if configured else ())


def _configuration(item: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    value = item.get("configuration")
    return () if value is None else (("configuration", value),)


def _each(value: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for at, item in enumerate(elements(value)):
        if isinstance(item, Mapping):
            yield at, item
