"""What a server finds wrong with an API: the shallow part that a dry run tells, and what only a PUT meets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.simulator.apim.held import clean_path
from reconciler.simulator.apim.organization import Environment
from reconciler.simulator.apim.records import Api
from reconciler.simulator.apim.refusals import invalid, unexpected
from reconciler.simulator.apim.specs import PHASES

_EXCEPTIONS = "io.gravitee.rest.api.service.exceptions"
_API_ROLES = ("OWNER", "PRIMARY_OWNER", "REVIEWER", "USER")


def check_hrids(spec: dict[str, Any]) -> None:
    """Raise Refused where two plans or two pages share an HRID."""
    for part in ("plans", "pages"):
        hrids = [item["hrid"] for item in spec[part]]
        if len(set(hrids)) != len(hrids):
            raise invalid(f"Duplicate hrid found in {part}")


def severe(environment: Environment, identifier: str, spec: dict[str, Any]) -> list[str]:
    """What forbids the import: paths that another API of the environment has."""
    wanted = set(_paths(spec["listeners"]))
    taken = {
        place
        for other in environment.apis.values()
        if other.id != identifier and not wanted.isdisjoint(places := _places(environment, other))
        for place in wanted & places
    }
    return [
        f"Path [{path}] already exists" for host, path in _paths(spec["listeners"]) if (host, path) in taken
    ]


def _places(environment: Environment, api: Api) -> frozenset[tuple[str, str]]:
    """The hosts and paths that an API takes; a saved body is never changed in place, so they are kept."""
    known = environment.places.get(api.id)
    if known is None or known[0] is not api.raw:
        known = (api.raw, frozenset(_paths(api.raw.get("listeners", ()))))
        environment.places[api.id] = known
    return known[1]


def _paths(listeners: Any) -> Iterator[tuple[str, str]]:
    for listener in listeners:
        for path in listener.get("paths", ()):
            yield str(path.get("host") or ""), clean_path(path["path"])


def warnings(environment: Environment, spec: dict[str, Any]) -> list[str]:
    """What will be left out without failing."""
    found = [
        f"category [{name}] is not defined in environment [{environment.id}]"
        for name in spec["categories"]
        if name not in environment.categories
    ]
    found += group_warnings(environment, spec["groups"])
    found += group_warnings(environment, (spec.get("consoleNotification") or {}).get("groups") or [])
    return found + member_warnings(environment, spec["members"])


def group_warnings(environment: Environment, names: list[str]) -> list[str]:
    """A warning for each group that does not exist."""
    return [
        f"Group [{name}] could not be found in environment [{environment.id}]"
        for name in names
        if environment.group_named(name) is None
    ]


def member_warnings(environment: Environment, members: list[dict[str, Any]]) -> list[str]:
    """A warning for each member nobody knows, and for each role that does not exist."""
    organization = environment.organization
    found = []
    for member in members:
        source, name = member["source"], member["sourceId"]
        if organization.user(source, name) is None:
            found.append(
                f"member [{name}] of source [{source}] could not be found in organization [{organization.id}]"
            )
            continue
        roles = [member["role"]] if "role" in member else list(member.get("roles", {}).values())
        found += [f"member role [{role}] doesn't exist" for role in roles if role not in _API_ROLES]
    return found


def check_deeply(environment: Environment, spec: dict[str, Any]) -> None:
    """Raise Refused (500 `unexpected`) for what only a real PUT meets (DOMAIN §9, trap 2)."""
    plugins = environment.organization.plugins
    if "state" not in spec:
        raise unexpected("java.lang.NullPointerException: Name is null")
    for tag in spec["tags"]:
        if tag not in environment.tags:
            raise unexpected(
                f"{_EXCEPTIONS}.TagNotAllowedException: You are not allowed to use deployment on the "
                f"tag(s) [{tag}]."
            )
    for listener in spec["listeners"]:
        for entrypoint in listener["entrypoints"]:
            plugins.check_entrypoint(entrypoint["type"])
    _check_endpoints(environment, spec["endpointGroups"])
    flows = [*spec["flows"], *(flow for plan in spec["plans"] for flow in plan["flows"])]
    for flow in flows:
        for phase in PHASES:
            for step in flow[phase]:
                plugins.check_policy(step["policy"], step.get("configuration"))


def _check_endpoints(environment: Environment, groups: list[dict[str, Any]]) -> None:
    names: set[str] = set()
    for group in groups:
        for item in [group, *group["endpoints"]]:
            name = item.get("name")
            if name in names:
                raise unexpected(
                    f"{_EXCEPTIONS}.EndpointNameAlreadyExistsException: The endpoint name [{name}] is "
                    "already used by another endpoint or endpoint group."
                )
            names.add(str(name))
        for endpoint in group["endpoints"]:
            environment.organization.plugins.check_endpoint(
                endpoint["type"], endpoint.get("configuration"), inherits=endpoint["inheritConfiguration"]
            )
