"""`doctor` at gateways: pods, technical API, credentials, version, health, and what must be configured."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gko_tui.commands.checks import Check
from gko_tui.commands.doctor_gateways import gateway_checks
from gko_tui.commands.doctor_serving import Announced
from reconciler.model.errors import ClusterError
from reconciler.settings.model import GatewaySpec
from tests.integration.gateways.data_plane import AUTH, BY_PODS, ENVIRONMENT, DataPlane, data_plane


@pytest.fixture
async def plane() -> AsyncIterator[DataPlane]:
    """Give two pods that run one API."""
    async with data_plane("gw-0", "gw-1") as made:
        made.publish("orders")
        made.poll()
        yield made


async def asked(
    plane: DataPlane,
    environ: dict[str, str] | None = None,
    known: tuple[str, ...] = ("apim",),
    announced: Announced | None = None,
    **fields: Any,
) -> list[Check]:
    spec = GatewaySpec.model_validate({"name": "edge", "auth": AUTH, "tags": [], **BY_PODS, **fields})
    return await gateway_checks(
        [spec],
        ENVIRONMENT if environ is None else environ,
        list_pods=plane.list_pods,
        dial=plane.dial,
        control_planes=known,
        announced=announced or {},
    )


def of(checks: list[Check], name: str) -> Check:
    (found,) = [check for check in checks if check.check == name]
    return found


def missing(checks: list[Check]) -> Check:
    (found,) = [check for check in checks if check.outcome == "missing"]
    return found


async def test_where_all_is_well_every_question_is_answered(plane: DataPlane) -> None:
    checks = await asked(plane)
    assert {check.check: check.outcome for check in checks} == dict.fromkeys(
        (
            "pods found",
            "reachable",
            "credentials accepted",
            "version",
            "healthy",
            "control plane known",
            "sharding tags",
        ),
        "ok",
    )
    assert of(checks, "pods found").detail == "gw-0, gw-1: app=gw in namespace gravitee of cluster prod"
    assert of(checks, "reachable").detail == "gw-0, gw-1 through a port-forward, 1 API"
    assert of(checks, "version").detail == "4.12.14"


async def test_a_gateway_by_its_url_has_no_pods_to_be_found(plane: DataPlane) -> None:
    url = plane.servers["gw-0"].url
    checks = await asked(plane, url=url, cluster=None, namespace=None, selector=None)
    assert "pods found" not in {check.check for check in checks}
    assert of(checks, "reachable").detail == f"{url}, 1 API"


async def test_without_credentials_the_refusal_is_told_and_no_default_is_tried(plane: DataPlane) -> None:
    checks = await asked(plane, auth=None)
    assert of(checks, "reachable").outcome == "ok"
    refused = missing(checks)
    assert refused.check == "credentials accepted" and "refused the credentials (401)" in refused.detail
    assert refused.next_step
    asked_once = [path for server in plane.servers.values() for _, path in server.requests]
    assert asked_once == ["/_node", "/_node"], "one question for each pod, not repeated with a guess"


async def test_a_password_that_is_not_there_is_named_and_nothing_is_sent(plane: DataPlane) -> None:
    checks = await asked(plane, environ={})
    assert "GATEWAY_PASSWORD is not set" in missing(checks).detail
    assert "reachable" not in {check.check for check in checks}, "nobody knows"
    assert all(server.requests == [] for server in plane.servers.values())


async def test_a_gateway_that_asks_for_no_credentials_is_well_without(plane: DataPlane) -> None:
    for server in plane.servers.values():
        server.gateway.credentials = None
    checks = await asked(plane, auth=None)
    assert of(checks, "credentials accepted").detail == "none configured, none asked for"


async def test_one_pod_that_does_not_answer_is_named_beside_those_that_do(plane: DataPlane) -> None:
    plane.servers["gw-1"].faults.hang = True
    checks = await asked(plane, request_timeout_s=0.2)
    told = [(check.outcome, check.detail) for check in checks if check.check == "reachable"]
    assert told == [
        ("missing", "gw-1: did not answer in time (0.2 s)"),
        ("ok", "gw-0 through a port-forward, 1 API"),
    ]


async def test_no_pod_at_all_is_one_line_with_what_to_check(plane: DataPlane) -> None:
    plane.listed = []
    found = missing(await asked(plane))
    assert found.check == "pods found" and "no pod matches app=gw" in found.detail
    assert found.next_step == "check namespace and selector of this gateway, or scale it up"


async def test_pods_that_only_wait_are_named_with_why(plane: DataPlane) -> None:
    plane.listed = [{"metadata": {"name": "gw-9"}, "status": {"phase": "Pending"}}]
    found = missing(await asked(plane))
    assert found.check == "pods found" and "gw-9: the pod is Pending" in found.detail


async def test_pods_that_may_not_be_listed_are_a_missing_right(plane: DataPlane) -> None:
    plane.refusal = ClusterError("may not list pods in gravitee", status=403, next_step="ask for a Role")
    found = missing(await asked(plane))
    assert (found.check, found.next_step) == ("pods found", "ask for a Role")


async def test_an_older_gateway_and_pods_of_two_versions_are_told(
    plane: DataPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = plane.servers["gw-1"].gateway
    old = {**gateway.node(), "version": {"MAJOR_VERSION": "4.9.3"}}
    monkeypatch.setattr(gateway, "node", lambda: old)
    found = missing(await asked(plane))
    assert found.check == "version" and found.detail.startswith("4.12.14, 4.9.3: its pods are not all of one")
    assert "upgrade" in found.next_step


async def test_a_node_that_is_not_well_says_which_probe(plane: DataPlane) -> None:
    plane.servers["gw-0"].gateway.probes["management-repository"] = "no connection"
    found = missing(await asked(plane))
    assert found.check == "healthy"
    assert found.detail == "gw-0: management-repository (no connection)"


async def test_a_gateway_in_its_first_round_says_so() -> None:
    async with data_plane("gw-0") as plane:
        found = missing(await asked(plane))
        assert found.detail == "gw-0: its first synchronisation is not done"


@pytest.mark.parametrize(
    ("known", "named", "outcome", "detail"),
    [
        (("apim",), None, "ok", "apim, the only one"),
        (("a", "b"), "b", "ok", "b"),
        (("a", "b"), None, "missing", "several are known, and it names none"),
        (("a", "b"), "c", "missing", "c is none of those known"),
        ((), None, "missing", "none is known"),
    ],
)
async def test_which_control_plane_a_gateway_serves_must_be_known(
    plane: DataPlane, known: tuple[str, ...], named: str | None, outcome: str, detail: str
) -> None:
    check = of(await asked(plane, known=known, control_plane=named), "control plane known")
    assert (check.outcome, check.detail) == (outcome, detail)
    assert bool(check.next_step) == (outcome == "missing")


async def test_a_gateway_that_reads_config_maps_needs_no_control_plane(plane: DataPlane) -> None:
    checks = await asked(plane, known=(), mode="kubernetes")
    assert "control plane known" not in {check.check for check in checks}


async def test_tags_that_are_not_configured_are_a_hint_and_no_failure(plane: DataPlane) -> None:
    check = of(await asked(plane, tags=None), "sharding tags")
    assert check.outcome == "not-needed" and "set `tags`" in check.next_step
    assert of(await asked(plane, tags=["internal"]), "sharding tags").detail == "internal"


def told_by(plane: DataPlane, name: str, *tags: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """What a control plane lists: the nodes of both pods, with these tags."""
    return {name: {server.gateway.id: tags for server in plane.servers.values()}}


async def test_the_tags_that_a_gateway_announced_are_proposed(plane: DataPlane) -> None:
    check = of(
        await asked(plane, tags=None, announced=told_by(plane, "apim", "internal", "!partner")),
        "sharding tags",
    )
    assert check.outcome == "not-needed" and "it announced internal, !partner" in check.detail
    assert check.next_step == 'set `tags: [internal, "!partner"]` of this gateway'


async def test_other_tags_than_announced_are_a_mistake(plane: DataPlane) -> None:
    found = missing(await asked(plane, tags=["partner"], announced=told_by(plane, "apim", "internal")))
    assert found.detail == "partner configured, but it announced internal"
    right = of(
        await asked(plane, tags=["Internal"], announced=told_by(plane, "apim", "internal")), found.check
    )
    assert right.outcome == "ok"


async def test_of_several_control_planes_the_one_it_announced_itself_to_is_proposed(plane: DataPlane) -> None:
    check = of(await asked(plane, known=("a", "b"), announced=told_by(plane, "b")), "control plane known")
    assert check.outcome == "missing" and check.next_step.endswith("to one of: b")


async def test_another_control_plane_than_it_announced_itself_to_is_a_mistake(plane: DataPlane) -> None:
    announced = {**told_by(plane, "b"), "a": {}}
    found = missing(await asked(plane, known=("a", "b"), control_plane="a", announced=announced))
    assert found.detail == "a, but its nodes announced themselves to b only"
    quiet = await asked(plane, known=("a", "b"), control_plane="a", announced=told_by(plane, "b"))
    assert of(quiet, found.check).outcome == "ok", "whether they did at a is not known"


async def test_the_second_of_one_name_is_told() -> None:
    specs = [GatewaySpec(name="edge", url="http://127.0.0.1:1")] * 2
    checks = await gateway_checks(
        specs, {}, list_pods=nobody, dial=nobody, control_planes=("apim",), announced={}
    )
    assert "is the name of more than one gateway" in of(checks, "configured").detail


async def nobody(*_where: object) -> Any:
    raise ClusterError("is not asked")
