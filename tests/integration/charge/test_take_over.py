"""Taking over from GKO and handing back: never two writers, no duplicate, and nothing that hangs (ENGINE §8).

The same on a simulated cluster and on a real one, as far as the simulated one has the kinds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from reconciler.engine.charge.deciding import TakeOverRefused, hand_back, take_over
from reconciler.engine.charge.operators import LEASE, Who
from reconciler.engine.charge.post import Post
from reconciler.model.errors import ClusterError
from reconciler.rules.identity import resource_id
from tests.integration.chain.scene import api as manifest
from tests.integration.charge.conftest import Grounds
from tests.integration.charge.gko import Gko
from tests.integration.charge.ground import DURATION_S, GKO, OPERATORS, OURS, TEAM, Ground, until

pytestmark = pytest.mark.slow
_LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{OPERATORS}/leases/{LEASE}"
_LEGACY_ID = "7b2f6c1e-0f5e-4a57-9a3b-1f4f64b7c0de"


def api(name: str, description: str = "first", **spec: Any) -> dict[str, Any]:
    """An API of the team."""
    body = manifest(name, description=description, contextRef={"name": "apim"}, **spec)
    return {**body, "metadata": {"name": name, "namespace": TEAM}}


def id_of(name: str) -> str:
    """The id of the team's API of that name."""
    return resource_id("DEFAULT", "DEFAULT", f"{TEAM}-{name}")


@asynccontextmanager
async def manned(*posts: Post) -> AsyncIterator[asyncio.Event]:
    """Posts at work; they let go when told so, at the latest at the end."""
    stop = asyncio.Event()
    running = [asyncio.create_task(post.run(stop)) for post in posts]
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.gather(*running)


async def decide(ground: Ground) -> None:
    """Somebody decides that gko-tui takes over."""
    await take_over(
        ground.client, ground.spec(), None, owner="sre", reason="GKO never looks again", now=time.time()
    )


async def settled_gko(ground: Ground, *names: str) -> Gko:
    """A GKO that leads and has brought these APIs."""
    gko = Gko(ground, "a").start()
    await until(lambda: gko.leads, "GKO leads")
    for name in names:
        await ground.put(api(name))
        await ground.described(id_of(name), "first")
    return gko


async def taken_from(ground: Ground, gko: Gko, post: Post) -> Gko:
    """GKO restarts, and the post is in charge; the new replica waits as a standby."""
    await gko.kill()
    standby = Gko(ground, "b").start()
    await until(lambda: post.charge(TEAM).who is Who.GKO_TUI and post.is_working, "the post is in charge")
    return standby


async def test_a_living_gko_is_never_pushed_aside(grounds: Grounds) -> None:
    async with grounds() as ground:
        gko = await settled_gko(ground, "one")
        await decide(ground)
        post = ground.post()
        async with manned(post):
            await until(lambda: "waiting" in ground.states(), "the post waits")
            await ground.put(api("one", "second"))
            await ground.described(id_of("one"), "second")
            assert gko.leads
            assert post.charge(TEAM).who is Who.GKO
            assert not post.may_write()
        assert ground.writers() == [GKO]
        assert any("rollout restart" in str(one["why"]) for one in ground.told)
        await gko.kill()


async def test_a_gko_that_restarts_waits_as_a_standby_and_nothing_is_made_twice(grounds: Grounds) -> None:
    async with grounds() as ground:
        gko = await settled_gko(ground, "one", "two")
        legacy = await ground.put(api("old", path="/legacy"))
        await ground.described(id_of("old"), "first")
        before = set(ground.apis())
        writes = {who: len(server.writes) for who, server in ground.servers.items()}
        await decide(ground)
        post = ground.post()
        async with manned(post):
            standby = await taken_from(ground, gko, post)
            await ground.put(api("one", "second"))
            await ground.described(id_of("one"), "second")
            assert not standby.leads
            assert set(ground.apis()) == before, "nothing new was made"
            # Only what was changed is written: the rest is there already, and a PUT would redeploy it.
            assert len(ground.servers[OURS].writes) == 1
            assert len(ground.servers[GKO].writes) == writes[GKO]
            await until(lambda: bool(ground.kept), "what was sent is noted")
            brought = [one["resource"] for one in ground.told if one["event"] == "brought"]
            assert brought == [f"eu:ApiV4Definition/{TEAM}/one"]
            (deed,) = ground.kept
            assert (deed.who, deed.verb, deed.did, str(deed.key)) == (
                "gko-reconciler",
                "update",
                "configured",
                brought[0],
            )
            assert legacy["metadata"]["name"] == "old"
        await standby.kill()
        assert ground.writers() == [GKO, OURS]


async def test_what_was_changed_in_the_console_is_not_overwritten_by_a_change_of_operators(
    grounds: Grounds,
) -> None:
    async with grounds() as ground:
        gko = await settled_gko(ground, "one", "two")
        ground.edit(id_of("one"), "edited by hand")
        await gko.kill()
        await decide(ground)
        post = ground.post()
        async with manned(post):
            await until(lambda: post.is_working, "the post works")
            # The healing of drift follows the mode of the application; whoever takes over has no say in it.
            await ground.put(api("two", "second"))
            await ground.described(id_of("two"), "second")
            assert ground.apis()[id_of("one")] == "edited by hand"
            await ground.put(api("one", "third"))
            await ground.described(id_of("one"), "third")
        assert len(ground.servers[OURS].writes) == 2


async def test_a_legacy_object_keeps_its_uuid_under_another_operator(grounds: Grounds) -> None:
    async with grounds() as ground:
        gko = await settled_gko(ground)
        await gko.kill()  # the API below was made by a GKO before 4.12: it has an id and no condition
        body = await ground.put(api("old", path="/legacy"))
        await ground.client.request(
            "PUT",
            ground.path("ApiV4Definition", "old") + "/status",
            body={**body, "status": {"id": _LEGACY_ID, "crossId": _LEGACY_ID, "environmentId": "DEFAULT"}},
        )
        await decide(ground)
        post = ground.post()
        async with manned(post):
            await until(lambda: bool(ground.apis()), "the API was brought")
            await ground.put(api("old", "second", path="/legacy"))
            await ground.described(_LEGACY_ID, "second")
            assert set(ground.apis()) == {_LEGACY_ID}


async def test_of_two_reconcilers_one_works_and_the_other_takes_its_place(grounds: Grounds) -> None:
    async with grounds() as ground:
        await decide(ground)
        first, second = ground.post("first"), ground.post("second")
        async with manned(first) as stop:
            await until(lambda: first.is_working, "the first works")
            async with manned(second):
                await ground.put(api("one"))
                await ground.described(id_of("one"), "first")
                assert not second.is_working
                assert second.charge(TEAM).who is Who.GKO_TUI
                assert not second.serves(TEAM)
                stop.set()
                await until(lambda: second.is_working, "the second works")
                await ground.put(api("one", "second"))
                await ground.described(id_of("one"), "second")
        lease = await ground.at(_LEASE)
        assert lease is not None
        assert not lease["spec"].get("holderIdentity"), "who stops gives the lease back"


async def test_who_loses_the_lease_writes_nothing_more(grounds: Grounds) -> None:
    async with grounds() as ground:
        await decide(ground)
        post = ground.post()
        async with manned(post):
            await until(lambda: post.is_working, "the post works")
            lease = await ground.at(_LEASE)
            assert lease is not None
            lease["spec"]["holderIdentity"] = "somebody-with-kubectl"
            lease["spec"]["leaseDurationSeconds"] = 3600
            await ground.client.request("PUT", _LEASE, body=lease)
            await until(lambda: post.charge(TEAM).who is Who.GKO and not post.is_working, "it stopped")
            assert not post.may_write()
            await ground.put(api("one"))
            await asyncio.sleep(1.0)
            assert ground.writers() == []


async def test_a_process_that_slept_past_its_lease_may_write_nothing(simulated: Grounds) -> None:
    async with simulated() as ground:
        await decide(ground)
        post = ground.post()
        await post.turn()
        assert post.may_write() > time.time()
        post._clock = lambda: time.time() + DURATION_S + 1  # what a clock that counts sleep says afterwards
        assert not post.may_write()
        assert not post.serves(TEAM)
        stop = asyncio.Event()
        stop.set()
        await post.run(stop)


async def test_where_operators_cannot_be_looked_at_any_more_the_work_ends_with_the_lease(
    simulated: Grounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with simulated() as ground:
        await decide(ground)
        post = ground.post()
        async with manned(post):
            await until(lambda: post.is_working, "the post works")

            async def nobody_answers(*_: object, **__: object) -> None:
                raise ClusterError("does not answer", subject="eu", next_step="wait")

            monkeypatch.setattr(ground.client, "request", nobody_answers)
            await until(lambda: not post.is_working, "it rests")
            assert not post.may_write()
            assert post.charge(TEAM).who is Who.GKO
            monkeypatch.undo()
            await until(lambda: post.is_working, "it goes on")


async def test_without_a_decision_nothing_is_taken_though_nobody_else_is_there(grounds: Grounds) -> None:
    async with grounds() as ground:
        post = ground.post(operator="auto")
        async with manned(post):
            await until(lambda: "observing" in ground.states(), "it looked")
            assert not post.is_working
            assert post.charge(TEAM).who is Who.GKO
        assert await ground.at(_LEASE) is None


async def test_a_configured_operator_takes_what_is_free_and_writes_that_down(grounds: Grounds) -> None:
    async with grounds() as ground:
        post = ground.post(operator="gko-tui")
        async with manned(post):
            await until(lambda: post.is_working, "the post works")
            await ground.put(api("one"))
            await ground.described(id_of("one"), "first")
        record = await ground.at(f"/api/v1/namespaces/{OPERATORS}/configmaps/gko-tui-take-over")
        assert record is not None
        assert "operator: gko-tui is configured" in record["data"]["take-over.json"]


@pytest.mark.peers
async def test_handed_back_gko_goes_on_where_it_was_left(real: Grounds) -> None:
    async with real() as ground:
        gko = await settled_gko(ground, "one")
        await ground.gko_is_ready(1)
        await decide(ground)
        post = ground.post()
        async with manned(post):
            standby = await taken_from(ground, gko, post)
            await ground.put(api("two"))
            await ground.described(id_of("two"), "first")
            came = await hand_back(
                ground.client,
                ground.spec(),
                None,
                identity="gko-tui_hand",
                clock=time.time,
                within_s=60,
                duration_s=DURATION_S,
            )
            assert came.holder in ("", standby.identity)
            await until(lambda: standby.leads, "GKO leads again")
            ours = len(ground.servers[OURS].writes)
            await ground.put(api("two", "second"))
            await ground.described(id_of("two"), "second")
            assert len(ground.servers[OURS].writes) == ours
            assert post.charge(TEAM).who is Who.GKO
            # What was made under us goes under GKO: the finalizers have the same names.
            await ground.delete(ground.path("ApiV4Definition", "two"))
            await until(lambda: id_of("two") not in ground.apis(), "it was withdrawn")
        await standby.kill()
        assert ground.writers() == [GKO, OURS, GKO]


@pytest.mark.peers
async def test_a_namespace_that_is_deleted_goes_while_we_are_in_charge(real: Grounds) -> None:
    async with real() as ground:
        await decide(ground)
        post = ground.post()
        async with manned(post):
            await until(lambda: post.is_working, "the post works")
            await ground.put(api("one"))
            await ground.described(id_of("one"), "first")
            await ground.delete(f"/api/v1/namespaces/{TEAM}")
            await gone(ground, f"/api/v1/namespaces/{TEAM}")
            assert ground.apis() == {}, "nothing stays at the control plane"


@pytest.mark.peers
async def test_uninstalled_nothing_keeps_a_finalizer_that_nobody_serves(real: Grounds) -> None:
    async with real() as ground:
        await decide(ground)
        post = ground.post()
        async with manned(post):
            await until(lambda: post.is_working, "the post works")
            await ground.put(api("one"))
            await ground.described(id_of("one"), "first")
            with pytest.raises(TakeOverRefused, match="finalizers that nobody serves"):
                await hand_back(ground.client, ground.spec(), None, identity="x", clock=time.time, within_s=1)
            came = await hand_back(
                ground.client,
                ground.spec(),
                None,
                identity="gko-tui_hand",
                clock=time.time,
                within_s=60,
                uninstall=True,
                duration_s=DURATION_S,
            )
        assert came.released == 2, "the API and its context"
        body = await ground.get("ApiV4Definition", "one")
        assert body is not None
        assert not body["metadata"].get("finalizers")
        await ground.delete(f"/api/v1/namespaces/{TEAM}")
        await gone(ground, f"/api/v1/namespaces/{TEAM}")
        assert set(ground.apis()) == {id_of("one")}, "the API itself goes on serving"


@pytest.mark.peers
async def test_what_only_gko_serves_speaks_against_it(real: Grounds) -> None:
    async with real() as ground:
        ingress = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": "shop", "annotations": {"kubernetes.io/ingress.class": "graviteeio"}},
            "spec": {"defaultBackend": {"service": {"name": "shop", "port": {"number": 80}}}},
        }
        path = f"/apis/networking.k8s.io/v1/namespaces/{TEAM}/ingresses"
        await ground.client.request("POST", path, body=ingress)
        with pytest.raises(TakeOverRefused, match="Ingress team-a/shop"):
            await decide(ground)
        post = ground.post(operator="gko-tui")
        async with manned(post):
            await until(lambda: "refused" in ground.states(), "it is refused")
            assert not post.may_write()
            await ground.delete(f"{path}/shop")
            await until(lambda: post.is_working, "it is taken once the Ingress has gone")


@pytest.mark.peers
async def test_webhooks_that_nobody_answers_speak_against_it_and_pause_the_work(real: Grounds) -> None:
    async with real() as ground:
        webhooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
        await decide(ground)
        post = ground.post()
        async with manned(post):
            await until(lambda: post.is_working, "the post works")
            await ground.client.request("POST", webhooks, body=_webhook())
            try:
                await until(lambda: not post.is_working and not post.may_write(), "it pauses")
                assert "paused" in ground.states()
                with pytest.raises(Exception, match="failed calling webhook"):
                    await ground.put(api("one"))  # so it is: the cluster refuses every write
            finally:
                await ground.delete(f"{webhooks}/gko-validating-webhook-configurations")
            await until(lambda: post.is_working, "it goes on")
            await ground.put(api("one"))
            await ground.described(id_of("one"), "first")


@pytest.mark.peers
async def test_webhooks_with_an_endpoint_do_not(real: Grounds) -> None:
    async with real() as ground:
        await decide(ground)
        webhooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
        slices = f"/apis/discovery.k8s.io/v1/namespaces/{OPERATORS}/endpointslices"
        await ground.client.request(
            "POST",
            slices,
            body={
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {"name": "gko-1", "labels": {"kubernetes.io/service-name": "gko-webhook"}},
                "addressType": "IPv4",
                "endpoints": [{"addresses": ["192.0.2.7"], "conditions": {"ready": True}}],
            },
        )
        await ground.client.request("POST", webhooks, body=_webhook(operations=("CONNECT",)))
        post = ground.post()
        try:
            async with manned(post):
                await until(lambda: post.is_working, "the post works")
        finally:
            await ground.delete(f"{webhooks}/gko-validating-webhook-configurations")
            await ground.delete(f"{slices}/gko-1")


def _webhook(operations: tuple[str, ...] = ("CREATE", "UPDATE")) -> dict[str, Any]:
    rule = {
        "apiGroups": ["gravitee.io"],
        "apiVersions": ["*"],
        "resources": ["apiv4definitions"],
        "operations": list(operations),
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "gko-validating-webhook-configurations"},
        "webhooks": [
            {
                "name": "v4.api.gravitee.io",
                "failurePolicy": "Fail",
                "sideEffects": "None",
                "timeoutSeconds": 1,
                "admissionReviewVersions": ["v1"],
                "clientConfig": {"service": {"namespace": OPERATORS, "name": "gko-webhook", "path": "/v"}},
                "rules": [rule],
            }
        ],
    }


async def gone(ground: Ground, path: str) -> None:
    """Wait until nothing stands at a path."""
    end = time.monotonic() + 60
    while await ground.at(path) is not None:
        assert time.monotonic() < end, f"{path} is still there"
        await asyncio.sleep(0.2)
