"""The embedded platform beyond its clusters: GKO, APIM and gateways, alive and wired to one another."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio

from reconciler.model.keys import ResourceKey
from reconciler.rules.identity import hrid, part_id, resource_id
from reconciler.settings.load import load_settings
from reconciler.simulator.demo.data_planes import DATA_PLANES, TECHNICAL_USER
from reconciler.simulator.demo.folders import ANSWERING, ENVIRONMENTS, EU, PLANES, SILENT, STAGE, US
from reconciler.simulator.demo.incidents import INCIDENTS
from reconciler.simulator.demo.makings import Incident
from reconciler.simulator.platform import DemoPlatform
from tests.demo.stories import NOW

V1 = "/management/organizations/DEFAULT/environments"
V2 = "/management/v2/organizations/DEFAULT/environments"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def platform(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DemoPlatform]:
    """A platform inside this process, told up to a fixed instant; its tests change nothing."""
    running = DemoPlatform(clock=lambda: NOW)
    await running.start(tmp_path_factory.mktemp("demo"))
    await polled(running)
    yield running
    await running.stop()


async def polled(platform: DemoPlatform) -> None:
    """Let every gateway poll: they begin to on the event loop, once they listen."""
    assert platform.data_planes is not None
    while not all(gateway.polls for gateway in platform.data_planes.gateways.values()):  # noqa: ASYNC110
        await asyncio.sleep(0)


def api_id(cluster: str, namespace: str, name: str) -> str:
    return resource_id("DEFAULT", ENVIRONMENTS[cluster], hrid(namespace, name))


def incident(name: str) -> Incident:
    return next(one for one in INCIDENTS if one.id == name)


async def apim_get(platform: DemoPlatform, path: str) -> Any:
    apim = platform.describe()["apim"]
    login = (apim["user"], apim["password"])
    async with httpx.AsyncClient(auth=login, trust_env=False) as client:
        answer = await client.get(apim["url"] + path)
    assert answer.status_code == httpx.codes.OK, answer.text
    return answer.json()


def running(platform: DemoPlatform, pod: str) -> dict[str, str]:
    """The revision of each API that a pod runs, by id."""
    assert platform.data_planes is not None
    gateway = platform.data_planes.gateways[pod]
    return {identifier: api.revision for identifier, api in gateway.deployed.items()}


@pytest.mark.asyncio(loop_scope="module")
class TestTheControlPlane:
    async def test_answers_to_the_user_that_is_named(self, platform: DemoPlatform) -> None:
        listed = await apim_get(platform, V2)

        assert [item["id"] for item in listed] == [ENVIRONMENTS[name] for name in ANSWERING]

    async def test_refuses_another_password(self, platform: DemoPlatform) -> None:
        url = platform.describe()["apim"]["url"]
        async with httpx.AsyncClient(auth=("admin", "admin"), trust_env=False) as client:
            assert (await client.get(url + V2)).status_code == httpx.codes.UNAUTHORIZED

    async def test_lists_its_gateways(self, platform: DemoPlatform) -> None:
        pods = await apim_get(platform, f"{V1}/prod-eu/instances")

        named = {item["hostname"] for item in pods["content"]}
        assert named == {pod for plane in DATA_PLANES if plane.name == "eu-gw" for pod in plane.pods}

    async def test_is_found_by_the_contexts_of_every_cluster(self, platform: DemoPlatform) -> None:
        """Given the settings, when a context's organization and environment are looked up, then a control
        plane is declared for its cluster: contexts state an address that is good for pods only."""
        declared = {
            (cluster, plane.environment)
            for plane in load_settings(platform.folder.config).control_planes
            for cluster in plane.clusters
        }
        for name, cluster in platform.clusters.items():
            for namespace, context in cluster.names("ManagementContext"):
                body = cluster.get("ManagementContext", namespace, context)
                assert body is not None
                assert (name, body["spec"]["environmentId"]) in declared
                ref = body["spec"]["auth"]["secretRef"]["name"]
                assert cluster.get("Secret", namespace, ref) is not None

    async def test_deployments_tell_of_every_commit_that_touched_an_api(self, platform: DemoPlatform) -> None:
        environment = platform.apim.environment("prod-eu")
        subject = api_id(EU, "payments", "refunds")
        published = [event for event in environment.events if event.subject == subject]

        # Created, changed, its login resource changed, and patched at night.
        assert [event.revision for event in published] == ["1", "2", "3", "4"]
        assert [event.created_at for event in published] == sorted(event.created_at for event in published)

    async def test_plan_edit_moves_no_timestamp_and_is_not_deployed(self, platform: DemoPlatform) -> None:
        (key,) = incident("plan-approved-by-all").keys
        api = platform.apim.api("prod-eu", api_id(EU, key.namespace, key.name))
        plan = api.plans[part_id("DEFAULT", "prod-eu", hrid(key.namespace, key.name), "stores")]

        assert plan.body["validation"] == "AUTO"
        assert plan.updated_at > api.updated_at == api.deployed_at

    async def test_holds_what_only_it_has(self, platform: DemoPlatform) -> None:
        only = [key for one in INCIDENTS for key in one.keys if key.cluster in PLANES.values()]
        clusters = {plane: cluster for cluster, plane in PLANES.items()}
        for key in only:
            environment = platform.apim.environment(ENVIRONMENTS[clusters[key.cluster]])
            (api,) = [found for found in environment.apis.values() if found.name == key.name]
            assert api.owner.name.endswith("@example.org") == (api.origin == "MANAGEMENT")
            assert api.created_at < NOW * 1000 - 86_400_000

    async def test_of_two_writers_the_last_one_won(self, platform: DemoPlatform) -> None:
        body = platform.apim.get_api("prod-eu", "marketing-gift-finder")

        assert body["flows"][0]["request"][0]["configuration"]["rate"]["limit"] == 45
        for cluster in (EU, US):
            found = platform.clusters[cluster].get("ApiV4Definition", "marketing", "gift-finder")
            assert found is not None
            assert found["status"]["environmentId"] == "prod-eu"
            assert {item["status"] for item in found["status"]["conditions"]} == {"True"}

    async def test_refuses_one_manifest_and_takes_its_twin(self, platform: DemoPlatform) -> None:
        said = {}
        for cluster in (EU, STAGE):
            found = platform.clusters[cluster].get("ApiV4Definition", "data", "feature-flags")
            assert found is not None
            (accepted,) = [c for c in found["status"]["conditions"] if c["type"] == "Accepted"]
            said[cluster] = (accepted["reason"], accepted["message"])

        assert said[STAGE] == ("Accepted", "Successfully reconciled")
        assert said[EU][0] == "ControlPlaneError"
        assert "Path [/data/flags/] already exists" in said[EU][1]

    async def test_nothing_else_was_refused(self, platform: DemoPlatform) -> None:
        failed = []
        for name, cluster in platform.clusters.items():
            for resource in cluster.catalogue:
                for namespace, item in cluster.names(resource.kind) if resource.custom else ():
                    body = cluster.get(resource.kind, namespace, item) or {}
                    conditions = body.get("status", {}).get("conditions", ())
                    failed += [
                        ResourceKey(name, resource.kind, namespace, item)
                        for condition in conditions
                        if condition["status"] != "True"
                    ]
        assert tuple(failed) == incident("path-taken").keys


@pytest.mark.asyncio(loop_scope="module")
class TestTheGateways:
    async def test_run_what_was_published_for_their_environment(self, platform: DemoPlatform) -> None:
        for plane in DATA_PLANES:
            environment = platform.apim.environment(ENVIRONMENTS[plane.cluster])
            newest = {event.subject: event for event in environment.events}
            wanted = {name: event.revision for name, event in newest.items() if event.definition is not None}
            if plane.name == "us-gw":
                del wanted[api_id(US, "payments", "card-authorisation")]  # for gateways with the tag pci
            if plane.central:
                assert running(platform, plane.pods[0]) == wanted, plane.name

    async def test_one_pod_is_a_deployment_behind_with_one_api(self, platform: DemoPlatform) -> None:
        first, _, behind = (pod for plane in DATA_PLANES if plane.name == "eu-gw" for pod in plane.pods)
        ahead, late = running(platform, first), running(platform, behind)

        different = {name: (ahead[name], late.get(name)) for name in ahead if ahead[name] != late.get(name)}
        assert different == {api_id(EU, "platform", "echo"): ("2", "1")}

    async def test_at_the_edge_run_what_config_maps_say(self, platform: DemoPlatform) -> None:
        edge = running(platform, "edge-gw-0")

        assert sorted(edge.values()) == sorted(
            str(body["metadata"]["resourceVersion"])
            for namespace, name in platform.clusters[US].names("ConfigMap")
            if (body := platform.clusters[US].get("ConfigMap", namespace, name))
        )
        assert len(edge) == 2

    async def test_ask_for_the_password_in_the_file_beside_the_settings(self, platform: DemoPlatform) -> None:
        folder = platform.folder
        password = folder.gateway_password.read_text().strip()
        assert stat.S_IMODE(folder.gateway_password.stat().st_mode) == 0o600
        assert password not in folder.config.read_text()
        url = platform.describe()["gateways"]["us-gw-0"]
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"{url}/_node")).status_code == httpx.codes.UNAUTHORIZED
            answer = await client.get(f"{url}/_node", auth=(TECHNICAL_USER, password))
        assert answer.json()["metadata"]["node.hostname"] == "us-gw-0"

    async def test_are_pods_where_the_settings_look_for_them(self, platform: DemoPlatform) -> None:
        settings = load_settings(platform.folder.config)
        for spec in settings.gateways:
            if spec.selector is None or spec.cluster is None:
                continue
            label, _, value = spec.selector.partition("=")
            cluster = platform.clusters[spec.cluster]
            found = [
                name
                for namespace, name in cluster.names("Pod")
                if namespace == spec.namespace
                and (cluster.get("Pod", namespace, name) or {})["metadata"]["labels"][label] == value
            ]
            (plane,) = [plane for plane in DATA_PLANES if plane.name == spec.name]
            assert tuple(sorted(found)) == tuple(sorted(plane.pods))


class TestSomebodyChangesSomething:
    """Given a demo that runs; each test has its own, for it changes it."""

    @pytest_asyncio.fixture
    async def live(self, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DemoPlatform]:
        running = DemoPlatform()
        await running.start(tmp_path_factory.mktemp("demo"))
        await polled(running)
        yield running
        await running.stop()

    async def test_an_edit_on_a_cluster_reaches_apim_and_the_gateways(self, live: DemoPlatform) -> None:
        cluster = live.clusters[EU]
        subject = api_id(EU, "payments", "payouts")
        before = live.apim.api("prod-eu", subject).deployments

        cluster.merge_patch(
            "ApiV4Definition", "payments", "payouts", {"spec": {"version": "1.8.1"}}, manager="kubectl-edit"
        )
        await until(lambda: live.apim.api("prod-eu", subject).deployments == before + 1)

        assert live.apim.get_api("prod-eu", "payments-payouts")["version"] == "1.8.1"
        assert live.data_planes is not None
        for pod in DATA_PLANES[0].pods:
            gateway = live.data_planes.gateways[pod]
            gateway.poll()
            assert gateway.deployed[subject].definition["apiVersion"] == "1.8.1"

    async def test_a_context_may_state_where_apim_really_is(self, live: DemoPlatform) -> None:
        cluster, url = live.clusters[STAGE], live.describe()["apim"]["url"]
        patch = {"spec": {"baseUrl": url}}
        cluster.merge_patch("ManagementContext", "platform", "apim", patch, manager="kubectl-edit")
        patch = {"spec": {"version": "1.1.2"}}
        cluster.merge_patch("ApiV4Definition", "platform", "echo", patch, manager="kubectl-edit")

        await until(lambda: live.apim.get_api("stage", "platform-echo")["version"] == "1.1.2")

    async def test_a_console_edit_stays_until_the_spec_changes(self, live: DemoPlatform) -> None:
        subject = api_id(STAGE, "platform", "echo")
        live.apim.edit_api("stage", subject, labels=["by hand"])

        patch = {"spec": {"version": "1.1.1"}}
        live.clusters[STAGE].merge_patch("ApiV4Definition", "platform", "echo", patch, manager="flux")
        await until(lambda: live.apim.get_api("stage", "platform-echo")["version"] == "1.1.1")

        assert live.apim.get_api("stage", "platform-echo")["labels"] == []

    async def test_a_deleted_api_leaves_apim_and_the_gateways(self, live: DemoPlatform) -> None:
        subject = api_id(US, "shop", "prices")

        live.clusters[US].delete("ApiV4Definition", "shop", "prices")
        await until(lambda: subject not in live.apim.environment("prod-us").apis)

        assert live.clusters[US].get("ApiV4Definition", "shop", "prices") is None
        assert live.data_planes is not None
        live.data_planes.gateways["us-gw-0"].poll()
        assert subject not in live.data_planes.gateways["us-gw-0"].deployed

    async def test_an_edge_api_is_changed_through_its_config_map(self, live: DemoPlatform) -> None:
        assert live.data_planes is not None
        gateway = live.data_planes.gateways["edge-gw-0"]
        cluster = live.clusters[US]
        before = cluster.get("ConfigMap", "logistics", "depot-scans")

        patch = {"spec": {"version": "2.0.1"}}
        cluster.merge_patch("ApiV4Definition", "logistics", "depot-scans", patch, manager="kubectl-edit")
        await until(lambda: cluster.get("ConfigMap", "logistics", "depot-scans") != before)

        after = cluster.get("ConfigMap", "logistics", "depot-scans")
        assert after is not None
        gateway.poll()
        definition = json.loads(after["data"]["definition"])
        assert gateway.deployed[definition["id"]].definition["apiVersion"] == "2.0.1"
        assert gateway.deployed[definition["id"]].revision == after["metadata"]["resourceVersion"]


async def until(condition: Callable[[], bool]) -> None:
    """Let the event loop run until something is so; it takes a few turns."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - whatever is waited for happens on this loop
            await asyncio.sleep(0)


def test_the_silent_cluster_has_no_control_plane() -> None:
    assert SILENT not in PLANES
    assert ENVIRONMENTS[SILENT] not in {ENVIRONMENTS[name] for name in ANSWERING}
