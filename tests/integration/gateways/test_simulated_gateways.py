"""The gateways room against the embedded APIM's gateways: deployments, pods that differ, bad answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.gateways.expecting import expectation_of_config_map
from reconciler.gateways.places import unique_gateways
from reconciler.model.verdicts import Verdict
from reconciler.settings.model import GatewaySpec
from reconciler.simulator.apim import Costs, Gateway
from tests.integration.gateways.data_plane import BY_PODS, DataPlane, data_plane


async def test_what_is_published_is_in_sync_once_every_pod_has_polled() -> None:
    async with data_plane("gw-0", "gw-1") as plane:
        orders = plane.publish("orders")
        plane.poll()
        assert await plane.look(**BY_PODS) == "ready"
        judged = plane.judge(orders)
        assert (judged.verdict, judged.text) == (Verdict.SYNCED, "2/2")
        assert plane.states["edge"].detail == "4.12.14"
        assert {dialled[:3] for dialled in plane.dialled} == {
            ("prod", "gravitee", "gw-0"),
            ("prod", "gravitee", "gw-1"),
        }
        assert {port for *_, port in plane.dialled} == {18082}, "the port that no pod names"


async def test_the_configured_port_is_dialled() -> None:
    async with data_plane("gw-0") as plane:
        await plane.look(**BY_PODS, port=19082)
        assert {port for *_, port in plane.dialled} == {19082}


async def test_a_deployment_is_on_its_way_until_a_poll_had_time_to_bring_it() -> None:
    async with data_plane("gw-0") as plane:
        plane.poll()
        orders = plane.publish("orders")
        await plane.look(**BY_PODS)
        assert plane.judge(orders).verdict is Verdict.AHEAD
        plane.poll(then_s=1)
        await plane.look(**BY_PODS)
        assert plane.judge(orders).verdict is Verdict.SYNCED


async def test_a_pod_a_revision_behind_is_named_with_both_revisions() -> None:
    async with data_plane("gw-0", "gw-1") as plane:
        orders = plane.publish("orders")
        plane.poll()
        plane.servers["gw-1"].gateway.hold(orders)
        plane.publish("orders", description="newer")
        plane.poll()
        await plane.look(**BY_PODS)
        judged = plane.judge(orders)
        assert (judged.verdict, judged.text) == (Verdict.DRIFTED, "1/2")
        assert judged.causes == ("edge/gw-1 runs revision 1, not 2",)


async def test_an_identical_write_is_a_new_revision_without_any_change() -> None:
    async with data_plane("gw-0") as plane:
        orders = plane.publish("orders")
        plane.publish("orders")
        plane.poll()
        await plane.look(**BY_PODS)
        assert plane.judge(orders).verdict is Verdict.SYNCED
        assert plane.views.of("edge")[0].deployed[orders].revision == "2"


async def test_a_plan_edited_in_the_console_runs_nowhere_before_it_is_deployed() -> None:
    async with data_plane("gw-0") as plane:
        orders = plane.publish("orders")
        plane.poll()
        (plan,) = plane.apim.get_api("DEFAULT", "orders")["plans"]
        plane.apim.edit_plan("DEFAULT", orders, plan["id"], name="Paid")
        plane.poll()
        await plane.look(**BY_PODS)
        assert plane.judge(orders).verdict is Verdict.SYNCED, "pods run what was published"
        plane.apim.deploy("DEFAULT", orders)
        plane.poll()
        await plane.look(**BY_PODS)
        assert plane.judge(orders).verdict is Verdict.SYNCED
        plans = plane.views.of("edge")[0].deployed[orders].definition()["plans"]
        assert [plan["name"] for plan in plans] == ["Paid"]


async def test_a_stopped_api_is_absent_and_that_is_in_sync_but_drift_where_it_runs_on() -> None:
    async with data_plane("gw-0", "gw-1") as plane:
        orders = plane.publish("orders")
        plane.poll()
        plane.servers["gw-1"].gateway.hold(orders)
        plane.apim.stop("DEFAULT", orders)
        plane.poll()
        await plane.look(**BY_PODS)
        judged = plane.judge(orders)
        assert [pod.verdict for pod in judged.pods] == [Verdict.SYNCED, Verdict.DRIFTED]
        assert judged.causes == ("edge/gw-1 still runs although it is stopped",)


async def test_a_deleted_api_that_still_runs_is_an_orphan() -> None:
    async with data_plane("gw-0") as plane:
        orders = plane.publish("orders")
        plane.poll()
        plane.servers["gw-0"].gateway.hold(orders)
        plane.apim.delete_api("DEFAULT", "orders")
        plane.poll()
        await plane.look(**BY_PODS)
        (view,) = plane.views.of("edge")
        assert view.listed == {orders}


async def test_sharding_tags_decide_which_gateway_runs_an_api() -> None:
    async with data_plane() as plane:
        await plane.pod("gw-0", tags=("internal",))
        orders = plane.publish("orders", tags=["partner"])
        stock = plane.publish("stock", tags=["internal"])
        plane.poll()
        await plane.look(**BY_PODS, tags=["internal"])
        assert plane.judge(orders).verdict is None, "that hop does not exist there"
        assert plane.judge(stock).verdict is Verdict.SYNCED


async def test_without_configured_tags_an_absent_api_with_tags_accuses_nobody() -> None:
    async with data_plane() as plane:
        await plane.pod("gw-0", tags=("internal",))
        orders = plane.publish("orders", tags=["partner"])
        plane.poll()
        await plane.look(**BY_PODS)
        judged = plane.judge(orders)
        assert judged.verdict is Verdict.UNKNOWN
        assert "whether its tags (partner) keep it off is not known" in judged.causes[0]


@pytest.mark.parametrize("told", [["internal"], None], ids=["tags configured", "tags not known"])
async def test_a_plan_meant_for_other_gateways_is_left_out_and_that_is_no_drift(
    told: list[str] | None,
) -> None:
    async with data_plane() as plane:
        await plane.pod("gw-0", tags=("internal",))
        orders = plane.publish("orders", plans=[plan("free"), plan("partners", tags=["partner"])])
        plane.poll()
        await plane.look(**BY_PODS, tags=told)
        plans = plane.views.of("edge")[0].deployed[orders].definition()["plans"]
        assert [one["name"] for one in plans] == ["free"]
        assert plane.judge(orders).verdict is Verdict.SYNCED


async def test_a_plan_that_should_be_there_and_is_not_is_drift_at_its_path() -> None:
    async with data_plane("gw-0") as plane:
        orders = plane.publish("orders", plans=[plan("free"), plan("paid")])
        plane.poll()
        gateway = plane.servers["gw-0"].gateway
        del gateway.deployed[orders].definition["plans"][1]
        await plane.look(**BY_PODS, tags=[])
        (pod,) = plane.judge(orders).pods
        assert pod.verdict is Verdict.DRIFTED
        assert {change.path[:2] for change in pod.changes} == {("definition", "plans")}


async def test_a_gateway_of_another_environment_is_not_concerned() -> None:
    async with data_plane() as plane:
        plane.apim.add_environment("TEST")
        await plane.pod("gw-0", environments=("TEST",))
        orders = plane.publish("orders")
        plane.poll()
        await plane.look(**BY_PODS)
        assert plane.judge(orders).verdict is None


async def test_a_restarted_pod_begins_anew_and_nothing_of_the_last_process_counts() -> None:
    async with data_plane("gw-0") as plane:
        orders = plane.publish("orders")
        plane.poll()
        await plane.look(**BY_PODS)
        before = plane.views.of("edge")[0].facts
        plane.views.drain()
        await plane.serve(Gateway(plane.apim, "gw-0"))
        assert await plane.look(**BY_PODS) == "partial"
        (view,) = plane.views.of("edge")
        assert before is not None and view.facts is not None and view.facts.id != before.id
        assert view.listed == frozenset() and orders not in view.deployed
        assert orders in plane.views.drain(), "whoever shows it is told"
        judged = plane.judge(orders)
        assert judged.verdict is Verdict.MISSING
        assert "has not finished its first synchronisation" in judged.causes[0]


async def test_a_pod_that_has_gone_is_forgotten() -> None:
    async with data_plane("gw-0", "gw-1") as plane:
        orders = plane.publish("orders")
        plane.poll()
        await plane.look(**BY_PODS)
        await plane.end("gw-1")
        await plane.look(**BY_PODS)
        assert [view.pod for view in plane.views.of("edge")] == ["gw-0"]
        assert plane.judge(orders).verdict is Verdict.SYNCED


async def test_an_api_listed_twice_is_told_and_still_judged() -> None:
    async with data_plane("gw-0") as plane:
        orders = plane.publish("orders")
        plane.poll()
        plane.servers["gw-0"].gateway.listed_twice.add(orders)
        assert await plane.look(**BY_PODS) == "partial"
        assert f"lists 1 API(s) more than once: {orders}" in plane.states["edge"].message
        assert plane.judge(orders).verdict is Verdict.SYNCED


async def test_of_two_gateways_with_one_name_the_second_is_refused() -> None:
    specs = [GatewaySpec(name="edge", url="http://a"), GatewaySpec(name="edge", url="http://b")]
    kept, refused = unique_gateways(specs)
    assert [spec.url for spec in kept] == ["http://a"]
    assert "is the name of more than one gateway" in refused[0].sentence()


# --- ConfigMap sync ------------------------------------------------------------------------------


def config_map(api_id: str, version: str) -> dict[str, Any]:
    definition = {
        "id": api_id,
        "name": "Local",
        "type": "proxy",
        "apiVersion": "1",
        "definitionVersion": "4.0.0",
    }
    return {
        "metadata": {
            "name": "local",
            "namespace": "shop",
            "resourceVersion": version,
            "labels": {"managed-by": "gravitee.io", "gio-type": "apidefinitions.gravitee.io"},
        },
        "data": {
            "definition": json.dumps(definition),
            "organizationId": "DEFAULT",
            "environmentId": "DEFAULT",
            "apiDefinitionVersion": "4.0.0",
        },
    }


async def test_a_gateway_that_reads_config_maps_shows_their_resource_version() -> None:
    held = [config_map("local-api", "41")]
    async with data_plane() as plane:
        await plane.pod("gw-0", config_maps=lambda: held, from_repository=False)
        plane.poll()
        assert await plane.look(**BY_PODS, mode="kubernetes", namespaces=["shop"]) == "ready"
        expected = expectation_of_config_map(held[0], read_at=plane.now)
        assert plane.judge("local-api", expected=expected).verdict is Verdict.SYNCED
        held[0] = config_map("local-api", "42")
        expected = expectation_of_config_map(held[0], read_at=plane.now)
        judged = plane.judge("local-api", expected=expected)
        assert judged.causes == ("edge/gw-0 runs revision 41, not 42",)


async def test_without_a_repository_the_hidden_probe_tells_that_the_first_round_is_not_done() -> None:
    async with data_plane() as plane:
        await plane.pod("gw-0", config_maps=list, from_repository=False)
        assert await plane.look(**BY_PODS, mode="kubernetes") == "partial"
        assert plane.states["edge"].message == "has not finished its first synchronisation"
        plane.poll()
        assert await plane.look(**BY_PODS, mode="kubernetes") == "ready"


# --- what goes wrong -----------------------------------------------------------------------------


async def test_before_its_first_round_a_gateway_is_read_and_nothing_counts_as_in_sync() -> None:
    async with data_plane("gw-0") as plane:
        orders = plane.publish("orders")
        plane.now += 60
        assert await plane.look(**BY_PODS) == "partial"
        judged = plane.judge(orders)
        assert judged.verdict is Verdict.MISSING
        assert "has not finished its first synchronisation" in judged.causes[0]


async def test_a_node_that_is_not_well_says_why_and_is_still_judged() -> None:
    async with data_plane("gw-0") as plane:
        orders = plane.publish("orders")
        plane.poll()
        plane.servers["gw-0"].gateway.probes["management-repository"] = "no connection"
        assert await plane.look(**BY_PODS) == "partial"
        assert "management-repository (no connection)" in plane.states["edge"].message
        assert plane.judge(orders).verdict is Verdict.SYNCED


@pytest.mark.parametrize(
    ("auth", "environ"),
    [(None, {}), ({"username": "admin", "password_env": "P"}, {"P": "wrong-pw"})],
    ids=["none configured", "wrong ones"],
)
async def test_credentials_are_never_guessed_and_a_refusal_says_so(
    auth: dict[str, str] | None, environ: dict[str, str]
) -> None:
    async with data_plane("gw-0") as plane:
        plane.poll()
        assert await plane.look(environ=environ, **BY_PODS, auth=auth) == "failed"
        message = plane.states["edge"].message
        assert "refused the credentials (401)" in message and "wrong-pw" not in message


async def test_a_variable_that_is_not_set_is_named() -> None:
    async with data_plane("gw-0") as plane:
        assert await plane.look(environ={}, **BY_PODS) == "failed"
        assert "GATEWAY_PASSWORD is not set" in plane.states["edge"].message
        assert plane.servers["gw-0"].requests == [], "nothing was sent without it"


async def misbehaving(plane: DataPlane, **faults: Any) -> str:
    """Read two pods of which one misbehaves; what is said of that one."""
    for name, value in faults.items():
        setattr(plane.servers["gw-1"].faults, name, value)
    assert await plane.look(**BY_PODS, request_timeout_s=0.2) == "partial"
    assert plane.states["edge/gw-0"].phase == "ready"
    assert plane.states["edge/gw-1"].phase == "failed"
    return plane.states["edge/gw-1"].message


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ({"page": "error"}, "text/html where JSON is expected"),
        ({"page": "login"}, "text/html where JSON is expected"),
        ({"redirect_to": "https://login.example.org"}, "redirects somewhere else (302)"),
        ({"status": 500, "path": "/_node/apis"}, "answered with an error (500)"),
        ({"truncated": True, "path": "/_node/apis"}, "JSON that is cut off or broken"),
        ({"hang": True}, "did not answer in time (0.2 s)"),
        ({"unauthorized_after": 2}, "refused the credentials (401)"),
    ],
    ids=["error page", "login page", "redirect", "500", "cut off", "hanging", "401 halfway"],
)
async def test_one_pod_that_misbehaves_is_named_and_the_other_is_read(
    faults: dict[str, Any], words: str
) -> None:
    async with data_plane("gw-0", "gw-1") as plane:
        orders = plane.publish("orders")
        plane.poll()
        await plane.look(**BY_PODS)
        assert words in await misbehaving(plane, **faults)
        judged = plane.judge(orders)
        assert judged.verdict is Verdict.SYNCED, "the last verdict is kept, with its age"


async def test_a_pod_that_never_answered_is_unknown_with_the_reason() -> None:
    async with data_plane("gw-0", "gw-1") as plane:
        orders = plane.publish("orders")
        plane.poll()
        await misbehaving(plane, hang=True)
        judged = plane.judge(orders)
        assert (judged.verdict, judged.text) == (Verdict.UNKNOWN, "1/2")
        assert "did not answer in time" in judged.causes[0]


async def test_a_slow_gateway_within_its_limit_is_read_whole() -> None:
    async with data_plane("gw-0") as plane:
        orders = plane.publish("orders")
        plane.poll()
        plane.servers["gw-0"].costs = Costs(list_s=0.2, get_s=0.05)
        assert await plane.look(**BY_PODS, request_timeout_s=5) == "ready"
        assert plane.judge(orders).verdict is Verdict.SYNCED


async def test_a_gateway_by_its_url_is_one_pod_without_a_name() -> None:
    async with data_plane("gw-0") as plane:
        orders = plane.publish("orders")
        plane.poll()
        assert await plane.look(url=f"{plane.servers['gw-0'].url}/_node") == "ready"
        assert [view.pod for view in plane.views.of("edge")] == [""]
        assert plane.judge(orders).verdict is Verdict.SYNCED


def plan(hrid: str, **changes: Any) -> dict[str, Any]:
    return {
        "hrid": hrid,
        "name": hrid,
        "security": {"type": "KEY_LESS"} if hrid == "free" else {"type": "API_KEY"},
        "status": "PUBLISHED",
        "type": "API",
        "validation": "AUTO",
        "mode": "STANDARD",
        **changes,
    }
