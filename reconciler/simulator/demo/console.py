"""What people did in APIM's Console, and what was left behind there: the incidents of the control planes."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from reconciler.model.keys import ResourceKey
from reconciler.rules.identity import hrid as hrid_of
from reconciler.rules.identity import part_id, resource_id
from reconciler.simulator.apim import Apim
from reconciler.simulator.demo.folders import ENVIRONMENTS, PLANES
from reconciler.simulator.demo.incidents import INCIDENTS
from reconciler.simulator.demo.makings import (
    ApiEdited,
    Detached,
    LeftBehind,
    MadeInConsole,
    Making,
    PlanEdited,
    StoppedInConsole,
)
from reconciler.simulator.demo.manifests import Spec, key_less
from reconciler.simulator.demo.timeline import DAY, put
from reconciler.simulator.demo.writes import HOUR

ORGANIZATION = "DEFAULT"


def made_before_code(apim: Apim, told_at: float) -> None:
    """Make what was at the control planes before anybody wrote it as code, or beside that.

    Args:
        apim: the control plane.
        told_at: until when the story is told (seconds since the epoch).
    """
    for key, made in _incidents():
        environment = _environment(key)
        if isinstance(made, MadeInConsole):
            with apim.at(told_at - made.days * DAY):
                body, plan = _console_body(made), {"definitionVersion": "V4", **_console_plan()}
                apim.make_console_api(environment, body, plans=(plan,), owner=made.owner)
        elif isinstance(made, LeftBehind):
            with apim.at(told_at - made.days * DAY):
                apim.put_api(environment, _automation_body(made), user="gko")


def done_since(apim: Apim, told_at: float) -> None:
    """Do what people did in the Console to what is written as code.

    Args:
        apim: the control plane, holding what GKO sent.
        told_at: until when the story is told (seconds since the epoch).
    """
    for key, made in _incidents():
        if not isinstance(made, (PlanEdited, ApiEdited, StoppedInConsole, Detached)):
            continue
        environment, hrid = _environment(key), hrid_of(key.namespace, key.name)
        identifier = api_id(key)
        with apim.at(told_at - made.hours * HOUR):
            if isinstance(made, PlanEdited):
                plan = part_id(ORGANIZATION, environment, hrid, made.plan)
                apim.edit_plan(environment, identifier, plan, user=made.user, **made.changes)
            elif isinstance(made, ApiEdited):
                _edit(apim, environment, identifier, made)
            elif isinstance(made, StoppedInConsole):
                apim.stop(environment, identifier, user=made.user)
            else:
                apim.detach(environment, identifier, user=made.user)


def api_id(key: ResourceKey) -> str:
    """The id of an API that is written as code, in its cluster's environment."""
    return resource_id(ORGANIZATION, _environment(key), hrid_of(key.namespace, key.name))


def _edit(apim: Apim, environment: str, identifier: str, made: ApiEdited) -> None:
    name = made.at.partition(".")[0]
    body = {name: deepcopy(apim.api(environment, identifier).raw[name])}
    put(body, made.at, made.value)
    apim.edit_api(environment, identifier, user=made.user, **body)
    apim.deploy(environment, identifier, label=made.label, user=made.user)


def _incidents() -> Iterator[tuple[ResourceKey, Making]]:
    for incident in INCIDENTS:
        for key in incident.keys:
            yield key, incident.made


def _environment(key: ResourceKey) -> str:
    """The environment of a row: its cluster's, or that of the control plane it is named after."""
    clusters = {name: cluster for cluster, name in PLANES.items()}
    return ENVIRONMENTS[clusters.get(key.cluster, key.cluster)]


def _console_body(made: MadeInConsole) -> dict[str, Any]:
    """A new API as the Console sends it."""
    endpoint = {
        "name": "default",
        "type": "http-proxy",
        "weight": 1,
        "inheritConfiguration": False,
        "configuration": {"target": made.target},
    }
    return {
        "name": made.title,
        "apiVersion": "1.0",
        "description": made.about,
        "definitionVersion": "V4",
        "type": "PROXY",
        "listeners": [
            {
                "type": "HTTP",
                "paths": [{"path": made.path}],
                "entrypoints": [{"type": "http-proxy", "qos": "AUTO"}],
            }
        ],
        "endpointGroups": [{"name": "default", "type": "http-proxy", "endpoints": [endpoint]}],
        "flows": [],
    }


def _console_plan() -> dict[str, Any]:
    return {**key_less("Everyone", "Made with the wizard"), "validation": "AUTO", "mode": "STANDARD"}


def _automation_body(made: LeftBehind) -> Spec:
    """What GKO once sent."""
    spec = {name: value for name, value in made.spec.items() if name not in ("contextRef", "plans")}
    stated = {"status": "PUBLISHED", "type": "API", "validation": "AUTO", "mode": "STANDARD"}
    plans = [{**stated, **plan, "hrid": key} for key, plan in made.spec["plans"].items()]
    return {
        **spec,
        "hrid": hrid_of(made.namespace, made.name),
        "plans": plans,
        "definitionContext": {"origin": "KUBERNETES", "syncFrom": "MANAGEMENT"},
    }
