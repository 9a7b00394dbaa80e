"""Which gateways an API concerns."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.gateways.facts import NodeFacts
from reconciler.gateways.serving import ApiPlace, Serving, serving
from reconciler.settings.model import GatewaySpec

PODS = {"cluster": "prod", "namespace": "gravitee", "selector": "app=gw"}
IN_PROD = ApiPlace(
    control_plane="apim/prod",
    organizations=frozenset({"DEFAULT"}),
    environments=frozenset({"uuid-of-prod", "prod"}),
)
LOCAL = ApiPlace(local=True, cluster="edge", namespace="shop")


def gateway(**fields: Any) -> GatewaySpec:
    return GatewaySpec.model_validate({"name": "gw", **PODS, **fields})


def node(**facts: Any) -> NodeFacts:
    return NodeFacts("node-1", **facts)


def asked(
    api: ApiPlace, spec: GatewaySpec, *nodes: NodeFacts, known: tuple[str, ...] = ("apim/prod",)
) -> Serving:
    (answer,) = serving(api, [spec], lambda _name: nodes, known)
    return answer


def test_the_only_control_plane_is_served_by_a_gateway_that_names_none() -> None:
    assert asked(IN_PROD, gateway()).answer is True


def test_of_several_control_planes_the_named_one_is_served_and_no_other() -> None:
    known = ("apim/prod", "apim/test")
    assert asked(IN_PROD, gateway(control_plane="apim/prod"), known=known).answer is True
    other = asked(IN_PROD, gateway(control_plane="apim/test"), known=known)
    assert (other.answer, other.why) == (False, "serves apim/test")


def test_of_several_control_planes_none_named_it_is_not_known_and_the_next_step_is_said() -> None:
    answer = asked(IN_PROD, gateway(), known=("apim/prod", "other/prod"))
    assert answer.answer is None and "set `control_plane` of this gateway" in answer.why


def test_a_node_that_announced_itself_there_tells_servers_apart() -> None:
    known = ("apim/prod", "other/prod")
    there = ApiPlace("apim/prod", announced={"node-1": ()})
    elsewhere = ApiPlace("apim/prod", announced={"node-2": ()})
    assert asked(there, gateway(), node(), known=known).answer is True
    assert asked(elsewhere, gateway(), node(), known=known).answer is None


@pytest.mark.parametrize(("announced", "answer"), [(("internal",), True), (("partner",), False), ((), True)])
def test_the_tags_that_a_node_announced_count_where_none_are_configured(
    announced: tuple[str, ...], answer: bool
) -> None:
    api = ApiPlace("apim/prod", tags=("internal",), announced={"node-1": announced})
    assert asked(api, gateway(), node()).answer is answer
    assert asked(api, gateway(tags=["other"]), node()).answer is False


def test_nodes_that_announced_themselves_to_others_only_do_not_serve_this_one() -> None:
    known = ("apim/prod", "other/prod")
    api = ApiPlace("apim/prod", announced={}, elsewhere=frozenset({"node-1"}))
    said = asked(api, gateway(), node(), known=known)
    assert (said.answer, said.by_source) == (False, True)
    unread = ApiPlace("apim/prod", elsewhere=frozenset({"node-1"}))
    assert asked(unread, gateway(), node(), known=known).answer is None


def test_a_node_that_announced_itself_there_takes_the_environment_whatever_it_calls_it() -> None:
    api = ApiPlace("apim/prod", environments=frozenset({"uuid-of-prod"}), announced={"node-1": ()})
    assert asked(api, gateway(), node(environments=("PRD",))).answer is True


@pytest.mark.parametrize(
    ("facts", "answer"),
    [
        ({"environments": ("PROD",)}, True),
        ({"environments": ("test",)}, False),
        ({"organizations": ("other",)}, False),
        ({"environments": ("prod",), "organizations": ("default",)}, True),
        ({}, True),
    ],
)
def test_nodes_tell_which_environments_they_take_by_any_of_their_names(
    facts: dict[str, Any], answer: bool
) -> None:
    assert asked(IN_PROD, gateway(), node(**facts)).answer is answer


def test_nodes_that_refuse_an_environment_settle_what_else_would_not_be_known() -> None:
    known = ("apim/prod", "apim/test")
    said = asked(IN_PROD, gateway(), node(environments=("test",)), known=known)
    assert (said.answer, said.why) == (False, "takes only the environments test")


def test_one_pod_that_takes_it_is_enough_for_the_gateway_to_be_concerned() -> None:
    assert asked(IN_PROD, gateway(), node(environments=("test",)), node()).answer is True


@pytest.mark.parametrize(
    ("own", "answer"),
    [
        (["internal"], True),
        (["partner"], False),
        (["!internal"], False),
        (["!partner"], True),
        ([], True),
        (None, None),
    ],
)
def test_tags_decide_as_far_as_they_are_configured(own: list[str] | None, answer: bool | None) -> None:
    api = ApiPlace("apim/prod", tags=("internal",))
    assert asked(api, gateway(tags=own)).answer is answer


def test_tags_that_a_node_tells_itself_win_over_announced_ones_and_configured_ones_over_both() -> None:
    api = ApiPlace("apim/prod", tags=("internal",), announced={"node-1": ("internal",)})
    assert asked(api, gateway(), node(tags=("partner",))).answer is False
    assert asked(api, gateway(tags=["internal"]), node(tags=("partner",))).answer is True


@pytest.mark.parametrize(
    ("fields", "answer", "why"),
    [
        ({"mode": "kubernetes", "cluster": "edge"}, True, ""),
        ({"mode": "kubernetes", "cluster": "edge", "namespaces": ["shop"]}, True, ""),
        ({"mode": "kubernetes", "cluster": "edge", "namespaces": ["pay"]}, False, "the namespaces pay"),
        ({"mode": "kubernetes", "cluster": "prod"}, False, "the ConfigMaps of cluster prod"),
        ({}, False, "takes its APIs from a control plane"),
    ],
)
def test_an_api_of_the_local_mode_concerns_those_that_read_its_config_map(
    fields: dict[str, Any], answer: bool, why: str
) -> None:
    said = asked(LOCAL, gateway(**fields))
    assert said.answer is answer and why in said.why


def test_a_gateway_that_reads_config_maps_takes_nothing_from_a_control_plane() -> None:
    said = asked(IN_PROD, gateway(mode="kubernetes"))
    assert (said.answer, said.why) == (False, "takes its APIs from ConfigMaps, not from a control plane")


def test_tags_count_for_the_local_mode_too() -> None:
    api = ApiPlace(local=True, cluster="edge", namespace="shop", tags=("partner",))
    assert asked(api, gateway(mode="kubernetes", cluster="edge", tags=["internal"])).answer is False
