"""The whole way over real sockets: a ManagementContext in a cluster leads to an APIM, which is read."""

from __future__ import annotations

import asyncio

import pytest

from reconciler.cluster.client import KubeClient
from reconciler.control_plane.failures import ControlPlaneError
from reconciler.control_plane.management import ManagementApi
from reconciler.control_plane.management_v1 import ManagementV1Api
from reconciler.control_plane.watching import ControlPlaneObserver
from reconciler.rules.identity import part_id, resource_id
from reconciler.simulator.apim import Apim, ApimServer, Gateway
from reconciler.simulator.kube.cluster import SimCluster
from tests.integration.control_plane.scene import (
    EVERYTHING,
    ORDERS,
    PASSWORD,
    SUB,
    USER,
    context,
    declared,
    discovered,
    give_context,
    opened,
    secret,
    v2_body,
)
from tests.integration.control_plane.waking import Waking
from tests.unit.control_plane.recording import Told

ORDERS_ID = resource_id("DEFAULT", "DEFAULT", "shop-orders")


async def test_a_management_context_leads_to_everything_that_its_apim_holds(
    apim: Apim, served: ApimServer, simulated: SimCluster, cluster: KubeClient
) -> None:
    give_context(simulated, served.url)
    client = opened(await discovered(cluster))
    told = Told()
    observer = ControlPlaneObserver(client)
    observer.expect(EVERYTHING)
    await observer.observe_once(told)
    assert (told.phase, told.message) == ("ready", "")
    assert set(told.states) == set(EVERYTHING)
    assert [ref for ref, state in told.states.items() if state is None] == []
    assert told.body(ORDERS)["name"] == "Shop-Orders"
    assert told.body(EVERYTHING[-1])["definitionVersion"] == "V2"
    origins = {entry.name: (entry.origin, entry.definition_version) for entry in told.entries.values()}
    assert origins == {
        "Shop-Orders": ("KUBERNETES", "V4"),
        "Handmade": ("MANAGEMENT", "V4"),
        "Old": ("KUBERNETES", "V2"),
    }
    (status,) = told.subs[ORDERS_ID]
    assert (status.id, status.status) == (
        part_id("DEFAULT", "DEFAULT", "shop-orders", "shop-sub"),
        "ACCEPTED",
    )
    event = told.deployments[ORDERS_ID]
    assert event is not None
    assert event.number == "1"
    assert PASSWORD not in repr(client.target)
    await client.aclose()


async def test_a_write_is_seen_by_the_running_observer(apim: Apim, served: ApimServer) -> None:
    client = opened(declared(served.url))
    told = Waking()
    observer = ControlPlaneObserver(client)
    observer.expect(EVERYTHING)
    watching = asyncio.create_task(observer.run(told))
    await told.until(lambda: told.phase == "ready")
    apim.put_v2_api("DEFAULT", v2_body(name="Renamed"))
    observer.touched(EVERYTHING[-1])
    await told.until(lambda: told.body(EVERYTHING[-1])["name"] == "Renamed")
    apim.delete("DEFAULT", "subscriptions", "shop-sub", parent="shop-orders")
    observer.touched(ORDERS)
    await told.until(lambda: told.subs[ORDERS_ID][0].status == "CLOSED")
    assert told.states[SUB] is not None, "the Automation API does not tell that it is closed"
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await client.aclose()


async def test_events_audits_and_what_is_saved_tell_an_apis_story(apim: Apim, served: ApimServer) -> None:
    apim.edit_plan(
        "DEFAULT", ORDERS_ID, part_id("DEFAULT", "DEFAULT", "shop-orders", "keyed"), name="By hand"
    )
    apim.edit_api("DEFAULT", ORDERS_ID, description="by hand")
    apim.deploy("DEFAULT", ORDERS_ID, label="hot fix")
    client = opened(declared(served.url))
    management = ManagementApi(client)
    events = await management.events(ORDERS_ID)
    assert (events[0].number, events[0].label) == ("2", "hot fix")
    assert events[0].hrid() == "shop-orders"
    audits = await management.audits(ORDERS_ID)
    assert {"API_CREATED", "API_UPDATED", "PLAN_UPDATED"} <= {audit.event for audit in audits}
    assert all(audit.by for audit in audits)
    edited = next(audit for audit in audits if audit.event == "PLAN_UPDATED")
    assert "/name" in edited.paths
    saved = await management.current_deployment(ORDERS_ID)
    assert saved is not None
    await client.aclose()


async def test_the_gateways_of_an_environment_are_listed(apim: Apim, served: ApimServer) -> None:
    gateway = Gateway(apim, "gw-1")
    gateway.poll()
    client = opened(declared(served.url))
    (instance,) = await ManagementV1Api(client).instances()
    assert instance.hostname == "gw-1"
    assert instance.state == "STARTED"
    await client.aclose()


# -- contexts that are not as they should be ----------------------------------------------------------


async def test_a_context_whose_secret_is_missing_is_known_and_says_which_secret(
    served: ApimServer, simulated: SimCluster, cluster: KubeClient
) -> None:
    simulated.create(context(served.url), manager="kubectl")
    client = opened(await discovered(cluster))
    told = Told()
    await ControlPlaneObserver(client).observe_once(told)
    assert told.phase == "failed"
    assert "its Secret platform/apim-credentials cannot be read" in told.message
    assert served.requests == [], "nothing is asked without credentials"
    await client.aclose()


async def test_a_context_without_a_secret_says_so(
    served: ApimServer, simulated: SimCluster, cluster: KubeClient
) -> None:
    simulated.create(context(served.url, secret=None), manager="kubectl")
    client = opened(await discovered(cluster))
    told = Told()
    await ControlPlaneObserver(client).observe_once(told)
    assert told.phase == "failed"
    assert "has neither `auth` nor `cloud`" in told.message
    await client.aclose()


async def test_a_secret_without_its_keys_says_which(
    served: ApimServer, simulated: SimCluster, cluster: KubeClient
) -> None:
    give_context(simulated, served.url, user="typo")
    client = opened(await discovered(cluster))
    told = Told()
    await ControlPlaneObserver(client).observe_once(told)
    assert told.phase == "failed"
    assert "has neither bearerToken nor username and password" in told.message
    assert "typo" not in told.message
    await client.aclose()


async def test_a_secret_that_is_corrected_is_used_without_a_restart(
    served: ApimServer, simulated: SimCluster, cluster: KubeClient
) -> None:
    give_context(simulated, served.url, username=USER, password="wrong-one")
    client = opened(await discovered(cluster))
    told = Told()
    observer = ControlPlaneObserver(client)
    await observer.observe_once(told)
    assert told.phase == "failed"
    assert "refused the credentials (401)" in told.message
    assert "wrong-one" not in told.message
    simulated.update(secret(username=USER, password=PASSWORD), manager="kubectl")
    await observer.observe_once(told)
    assert told.phase == "ready"
    await client.aclose()


async def test_an_environment_that_apim_does_not_know_is_named_as_the_cause(
    served: ApimServer, simulated: SimCluster, cluster: KubeClient
) -> None:
    simulated.create(secret(username=USER, password=PASSWORD), manager="kubectl")
    simulated.create(context(served.url, environmentId="prod"), manager="kubectl")
    client = opened(await discovered(cluster))
    with pytest.raises(ControlPlaneError) as caught:
        await ManagementApi(client).api(ORDERS_ID)
    assert caught.value.reason == "environment"
    assert "the ManagementContext's ids" in caught.value.next_step
    await client.aclose()
