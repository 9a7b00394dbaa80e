"""What speaks against taking over (ENGINE §8): each named, with what to do about it."""

from __future__ import annotations

from typing import Any

from reconciler.engine.charge.obstacles import Surveyed, Webhook, obstacles

ALL: frozenset[str] = frozenset()


def thing(kind: str, name: str, namespace: str = "pay", **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def whats(surveyed: Surveyed, scope: frozenset[str] = ALL) -> list[str]:
    return [one.what for one in obstacles(surveyed, scope)]


def test_nothing_speaks_against_an_empty_cluster() -> None:
    assert obstacles(Surveyed(), ALL) == ()


def test_ingresses_of_gkos_class_by_field_or_annotation_and_no_others() -> None:
    noted = thing("Ingress", "noted")
    noted["metadata"]["annotations"] = {"kubernetes.io/ingress.class": "graviteeio"}
    every = [
        thing("Ingress", "stated", ingressClassName="graviteeio"),
        noted,
        thing("Ingress", "nginx", ingressClassName="nginx"),
        thing("Ingress", "bare"),
    ]
    (what,) = whats(Surveyed(ingresses=every))
    assert what == "Ingress of GKO's class: Ingress pay/stated, Ingress pay/noted"


def test_routes_count_when_a_parent_is_a_gateway_of_gko() -> None:
    routes = [
        thing("HTTPRoute", "near", parentRefs=[{"name": "gw"}]),
        thing("HTTPRoute", "far", "shop", parentRefs=[{"name": "gw", "namespace": "pay"}]),
        thing("HTTPRoute", "other", parentRefs=[{"name": "else"}]),
        thing("HTTPRoute", "service", parentRefs=[{"name": "gw", "kind": "Service"}]),
    ]
    (what,) = whats(Surveyed(routes=routes, gateways=frozenset({("pay", "gw")})))
    assert "HTTPRoute pay/near, HTTPRoute shop/far" in what


def test_kinds_that_nobody_here_knows_are_named_and_counted() -> None:
    others = [thing("KafkaRoute", f"route-{at}") for at in range(5)]
    (what,) = whats(Surveyed(others=others))
    assert what.endswith("KafkaRoute pay/route-2 and 2 more")


def test_what_lies_outside_of_the_scope_does_not_count_but_cluster_wide_things_do() -> None:
    outside = thing("KafkaRoute", "x", "shop")
    wide = {"kind": "GatewayClassParameters", "metadata": {"name": "params"}}
    assert whats(Surveyed(others=[outside]), frozenset({"pay"})) == []
    assert len(whats(Surveyed(others=[outside, wide]), frozenset({"pay"}))) == 1


def test_what_cannot_be_looked_at_speaks_against_it() -> None:
    (one,) = obstacles(Surveyed(unreadable={"ingresses": "forbidden"}), ALL)
    assert one.what == "ingresses cannot be looked at: forbidden"
    assert "right" in one.next_step


def test_a_webhook_without_an_endpoint_speaks_against_it_one_with_or_by_url_does_not() -> None:
    webhooks = [Webhook("a", "gravitee/gko", 0), Webhook("b", "gravitee/gko", 1), Webhook("c", "", None)]
    (what,) = whats(Surveyed(webhooks=webhooks))
    assert what.startswith("webhook a has no ready endpoint")
