"""Which gateways an API concerns: those of its control plane and environment, or that read its ConfigMap.

Pure. It answers before any pod is judged, so that a row counts the gateways that matter and no others. Where
it depends on what nobody told, the answer is None with what to write into the configuration: never a guess.

A node does not tell its tags, nor which APIM it reads. Management v1 does: its `instances` of an environment
have the ids of `/_node` and the tags (recordings 17b and 20b: one id).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.gateways.sharding import takes

if TYPE_CHECKING:
    from reconciler.gateways.facts import NodeFacts
    from reconciler.settings.model import GatewaySpec


@dataclass(frozen=True, slots=True)
class ApiPlace:
    """Where an API comes from, as far as gateways care.

    Attributes:
        control_plane: the name of the one that holds it; empty for an API of the local mode.
        organizations, environments: every name (id, HRID) of the ones it is in; empty where not known.
        announced: the nodes that announced themselves to that environment, with their tags; None where that
            was not read.
        elsewhere: the nodes that announced themselves to any other environment.
        tags: its sharding tags.
        cluster, namespace: where its ConfigMap is, for the local mode (DOMAIN §2.6).
        local: gateways take it from a ConfigMap, not from a control plane.
    """

    control_plane: str = ""
    organizations: frozenset[str] = frozenset()
    environments: frozenset[str] = frozenset()
    announced: Mapping[str, tuple[str, ...]] | None = None
    elsewhere: frozenset[str] = frozenset()
    tags: tuple[str, ...] = ()
    cluster: str = ""
    namespace: str = ""
    local: bool = False


@dataclass(frozen=True, slots=True)
class Serving:
    """Whether a gateway should run an API.

    `answer` None: it depends on what is not known, and `why` says on what. `by_source`: the answer follows
    from where the gateway takes its APIs from, so that what its pods run says nothing of this API.
    """

    gateway: GatewaySpec
    answer: bool | None
    why: str = ""
    by_source: bool = False


def serving(
    api: ApiPlace,
    gateways: Iterable[GatewaySpec],
    nodes: Callable[[str], Sequence[NodeFacts]],
    control_planes: Sequence[str],
) -> tuple[Serving, ...]:
    """Say of each gateway whether it should run an API.

    Args:
        api: where the API comes from.
        gateways: the configured ones, each name once.
        nodes: what the pods of a gateway (by its name) told of themselves; none where not read yet.
        control_planes: the names of all that are known.

    Returns:
        one answer for each gateway, in their order.
    """
    return tuple(_serves(api, spec, nodes(spec.name), control_planes) for spec in gateways)


def _serves(
    api: ApiPlace, spec: GatewaySpec, nodes: Sequence[NodeFacts], control_planes: Sequence[str]
) -> Serving:
    source = _by_config_map(api, spec) if api.local else _by_control_plane(api, spec, nodes, control_planes)
    if source.answer is False:
        return replace(source, by_source=True)
    refused = _refused_by_nodes(api, nodes)
    if refused:
        return Serving(spec, answer=False, why=refused)
    if source.answer is None:
        return replace(source, by_source=True)
    return _by_tags(api, spec, nodes)


def _by_config_map(api: ApiPlace, spec: GatewaySpec) -> Serving:
    if spec.mode != "kubernetes":
        return Serving(spec, answer=False, why="takes its APIs from a control plane, not from ConfigMaps")
    if spec.cluster != api.cluster:
        return Serving(spec, answer=False, why=f"reads the ConfigMaps of cluster {spec.cluster}")
    if spec.namespaces and api.namespace not in spec.namespaces:
        names = ", ".join(spec.namespaces)
        return Serving(spec, answer=False, why=f"reads only the ConfigMaps of the namespaces {names}")
    return Serving(spec, answer=True)


def _by_control_plane(
    api: ApiPlace, spec: GatewaySpec, nodes: Sequence[NodeFacts], control_planes: Sequence[str]
) -> Serving:
    """Whether a gateway takes its APIs from the control plane of an API.

    What the configuration says counts; else that one of its nodes announced itself there; else that there is
    only one; else that all of its nodes announced themselves to others only.
    """
    if spec.mode != "repository":
        return Serving(spec, answer=False, why="takes its APIs from ConfigMaps, not from a control plane")
    if spec.control_plane is not None:
        same = spec.control_plane == api.control_plane
        return Serving(spec, answer=same, why="" if same else f"serves {spec.control_plane}")
    announced = any(node.id in (api.announced or ()) for node in nodes)
    if announced or tuple(control_planes) == (api.control_plane,):
        return Serving(spec, answer=True)
    if api.announced is not None and nodes and all(node.id in api.elsewhere for node in nodes):
        return Serving(spec, answer=False, why="announced itself to other control planes only")
    why = "serves a control plane that is not known: set `control_plane` of this gateway"
    return Serving(spec, answer=None, why=why)


def _refused_by_nodes(api: ApiPlace, nodes: Sequence[NodeFacts]) -> str:
    """Why no pod takes APIs of that environment; empty where one may."""
    refusals = [_refused_by_node(api, node) for node in nodes]
    return refusals[0] if refusals and all(refusals) else ""


def _refused_by_node(api: ApiPlace, node: NodeFacts) -> str:
    if node.id in (api.announced or ()):
        return ""  # it polls that environment, whatever the names are that it goes by
    for own, names, word in (
        (node.environments, api.environments, "environments"),
        (node.organizations, api.organizations, "organizations"),
    ):
        if own and names and not _folded(own) & _folded(names):
            return f"takes only the {word} {', '.join(own)}"
    return ""


def _by_tags(api: ApiPlace, spec: GatewaySpec, nodes: Sequence[NodeFacts]) -> Serving:
    answer = takes(_tags(api, spec, nodes), api.tags)
    wanted = ", ".join(api.tags)
    why = ""
    if answer is None:
        why = f"whether it takes the tags {wanted} is not known: set `tags` of this gateway"
    elif not answer:
        why = f"its tags keep {wanted} off"
    return Serving(spec, answer, why)


def _tags(api: ApiPlace, spec: GatewaySpec, nodes: Sequence[NodeFacts]) -> tuple[str, ...] | None:
    """The tags of a gateway: what the configuration says counts, then what its nodes tell or announced."""
    if spec.tags is not None:
        return spec.tags
    for node in nodes:
        told = node.tags if node.tags is not None else (api.announced or {}).get(node.id)
        if told is not None:
            return told
    return None


def _folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.casefold() for name in names)
