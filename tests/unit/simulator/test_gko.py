"""The operator's stand-in follows its cluster: changes flow on, failures are told, deletions are finished."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest_asyncio

from reconciler.rules.identity import resource_id
from reconciler.simulator.apim import Apim
from reconciler.simulator.gko import Controllers, Operator
from reconciler.simulator.kube.cluster import SimCluster
from reconciler.simulator.platform import demo_crds

NOON = 1_767_268_800.0
URL = "https://apim.example.org"
Body = dict[str, Any]


def manifest(kind: str, name: str, spec: Body) -> Body:
    return {
        "apiVersion": "gravitee.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "team"},
        "spec": spec,
    }


def api(name: str = "orders", **spec: Any) -> Body:
    endpoint = {
        "name": "one",
        "type": "http-proxy",
        "inheritConfiguration": False,
        "configuration": {"target": "http://orders.svc:8080"},
    }
    return manifest(
        "ApiV4Definition",
        name,
        {
            "name": name,
            "version": "1",
            "type": "PROXY",
            "contextRef": {"name": "apim"},
            "listeners": [
                {"type": "HTTP", "paths": [{"path": f"/{name}"}], "entrypoints": [{"type": "http-proxy"}]}
            ],
            "endpointGroups": [{"name": "default", "type": "http-proxy", "endpoints": [endpoint]}],
            "plans": {"open": {"name": "Open", "security": {"type": "KEY_LESS"}}},
            **spec,
        },
    )


def secret(name: str, **values: str) -> Body:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": "team"},
        "data": data,
    }


class Scene:
    """One cluster with its GKO and one APIM, whose writes are waited for."""

    def __init__(self) -> None:
        self.now = NOON
        self.apim = Apim(lambda: self.now)
        self.apim.issue_token("admin", "a-token")
        self.cluster = SimCluster("paris", crds=demo_crds(), clock=lambda: self.now)
        self.controllers = Controllers(Operator(self.cluster, {URL: self.apim}, lambda: self.now))

    async def apply(self, body: Body, manager: str = "kubectl") -> Body:
        """Write an object, and let GKO see it."""
        self.now += 60
        stored = self.cluster.apply(body, manager=manager, force=True)
        await self.settled()
        metadata = stored["metadata"]
        return self.found(body["kind"], metadata["name"])

    async def delete(self, kind: str, name: str) -> None:
        self.now += 60
        self.cluster.delete(kind, "team", name)
        await self.settled()

    async def settled(self) -> None:
        for _ in range(4):  # GKO looks once for what was written, and once for what it wrote itself
            await asyncio.sleep(0)

    def found(self, kind: str, name: str) -> Body:
        body = self.cluster.get(kind, "team", name)
        assert body is not None
        return body

    def condition(self, kind: str, name: str, which: str = "Accepted") -> tuple[str, str, str]:
        conditions = self.found(kind, name)["status"]["conditions"]
        (found,) = [item for item in conditions if item["type"] == which]
        return found["status"], found["reason"], found["message"]

    def events(self, name: str) -> list[tuple[str, str]]:
        bodies = [self.cluster.get("Event", *place) for place in self.cluster.names("Event")]
        return [
            (body["reason"], body["message"])
            for body in bodies
            if body is not None and body["involvedObject"]["name"] == name
        ]

    @property
    def deployments(self) -> int:
        """How often the API `team/orders` was published."""
        return self.apim.api("DEFAULT", api_id("orders")).deployments


def api_id(name: str) -> str:
    return resource_id("DEFAULT", "DEFAULT", f"team-{name}")


CONTEXT = manifest(
    "ManagementContext",
    "apim",
    {
        "baseUrl": URL,
        "organizationId": "DEFAULT",
        "environmentId": "DEFAULT",
        "auth": {"secretRef": {"name": "credentials"}},
    },
)


@pytest_asyncio.fixture
async def scene() -> AsyncIterator[Scene]:
    """A cluster whose GKO runs, with a context that works."""
    made = Scene()
    made.controllers.start()
    await made.apply(secret("credentials", bearerToken="a-token"))
    await made.apply(CONTEXT)
    yield made
    made.controllers.stop()


async def test_a_new_resource_reaches_apim_and_is_marked(scene: Scene) -> None:
    stored = await scene.apply(api())

    assert scene.deployments == 1
    assert stored["metadata"]["finalizers"] == ["finalizers.gravitee.io/apidefinitiondeletion"]
    assert "gravitee.io/last-spec-hash" in stored["metadata"]["annotations"]
    assert stored["status"]["id"] == api_id("orders")
    assert stored["status"]["plans"] == {"open": ""}
    assert scene.condition("ApiV4Definition", "orders") == ("True", "Accepted", "Successfully reconciled")
    assert scene.condition("ApiV4Definition", "orders", "AutomationAPIManaged")[0] == "True"
    assert [reason for reason, _ in scene.events("orders")] == ["UpdateStarted", "UpdateSucceeded"]


async def test_a_change_of_the_spec_is_published_once_and_a_label_never(scene: Scene) -> None:
    await scene.apply(api())
    await scene.apply(api(version="2"))
    assert scene.deployments == 2

    labelled = api(version="2")
    labelled["metadata"]["labels"] = {"team": "orders"}
    await scene.apply(labelled)

    assert scene.deployments == 2
    assert scene.apim.get_api("DEFAULT", "team-orders")["version"] == "2"


async def test_a_change_in_apim_wakes_nobody(scene: Scene) -> None:
    await scene.apply(api())
    before = scene.cluster.revision

    scene.apim.edit_api("DEFAULT", api_id("orders"), labels=["by hand"])
    await scene.settled()

    assert scene.cluster.revision == before
    assert scene.apim.get_api("DEFAULT", "team-orders")["labels"] == ["by hand"]


async def test_what_apim_refuses_parks_the_resource_and_leaves_no_finalizer(scene: Scene) -> None:
    await scene.apply(api())
    rival = api("rival")
    rival["spec"]["listeners"] = api()["spec"]["listeners"]

    stored = await scene.apply(rival)

    status, reason, message = scene.condition("ApiV4Definition", "rival")
    assert (status, reason) == ("False", "ControlPlaneError")
    assert message.startswith(
        f"request [PUT] {URL}/automation/organizations/DEFAULT/environments/DEFAULT/apis?dryRun=false "
        "failed with status 400 (Unable to import because of errors [Path [/orders/] already exists]): {"
    )
    assert "finalizers" not in stored["metadata"]
    assert stored["status"]["processingStatus"] == "Failed"
    assert scene.events("rival")[-1] == ("UpdateFailed", message)


async def test_a_refused_change_keeps_what_an_earlier_success_told(scene: Scene) -> None:
    await scene.apply(api())
    await scene.apply(api("rival"))

    stored = await scene.apply(api("rival", listeners=api()["spec"]["listeners"]))

    assert stored["status"]["id"] == api_id("rival")
    assert scene.condition("ApiV4Definition", "rival", "AutomationAPIManaged")[0] == "True"


async def test_wrong_credentials_are_told_as_apim_puts_it(scene: Scene) -> None:
    await scene.apply(secret("credentials", bearerToken="another"))

    await scene.apply(api())

    status, reason, message = scene.condition("ApiV4Definition", "orders")
    assert (status, reason) == ("False", "ControlPlaneError")
    assert "failed with status 401 (Unauthorized)" in message
    assert "another" not in message


async def test_a_context_that_leads_nowhere_is_told(scene: Scene) -> None:
    elsewhere = manifest("ManagementContext", "apim", {**CONTEXT["spec"], "baseUrl": "http://apim.invalid"})
    await scene.apply(elsewhere)

    await scene.apply(api())

    message = scene.condition("ApiV4Definition", "orders")[2]
    assert message.startswith("unable to perform request [PUT] http://apim.invalid/automation/")


class TestReferences:
    async def test_a_missing_one_fails_until_it_is_there(self, scene: Scene) -> None:
        step = {"name": "shared", "sharedPolicyGroupRef": {"name": "headers"}}
        flow = {"name": "all", "selectors": [{"type": "HTTP", "path": "/"}], "request": [step]}
        await scene.apply(api(flows=[flow]))
        assert scene.condition("ApiV4Definition", "orders")[1:] == ("ReconcileFailed", "ReconcileFailed")
        assert scene.condition("ApiV4Definition", "orders", "ResolvedRefs")[2] == (
            'SharedPolicyGroup.gravitee.io "headers" not found'
        )

        await scene.apply(manifest("SharedPolicyGroup", "headers", policy_group("X-One")))

        assert scene.condition("ApiV4Definition", "orders")[0] == "True"
        sent = scene.apim.api("DEFAULT", api_id("orders")).raw["flows"][0]["request"][0]
        assert (
            sent["configuration"]["sharedPolicyGroupId"]
            == (scene.found("SharedPolicyGroup", "headers")["status"]["crossId"])
        )

    async def test_a_changed_one_sends_its_users_again(self, scene: Scene) -> None:
        await scene.apply(manifest("ApiResource", "cache", resource(60)))
        await scene.apply(api(resources=[{"ref": {"name": "cache", "namespace": "team"}}]))

        await scene.apply(manifest("ApiResource", "cache", resource(90)))

        (found,) = scene.apim.get_api("DEFAULT", "team-orders")["resources"]
        assert found["configuration"] == {"timeToLiveSeconds": 90}
        assert scene.deployments == 2

    async def test_one_in_use_is_not_deleted_before_its_users(self, scene: Scene) -> None:
        await scene.apply(manifest("ApiResource", "cache", resource(60)))
        await scene.apply(api(resources=[{"ref": {"name": "cache", "namespace": "team"}}]))

        await scene.delete("ApiResource", "cache")

        assert scene.found("ApiResource", "cache")["metadata"]["deletionTimestamp"]
        assert scene.events("cache")[-1] == (
            "DeleteFailed",
            "resource is still referenced by [ApiV4Definition/team/orders]",
        )

    async def test_a_missing_group_is_left_out_and_told(self, scene: Scene) -> None:
        await scene.apply(api(groupRefs=[{"name": "owners"}]))

        assert scene.condition("ApiV4Definition", "orders")[0] == "True"
        assert scene.condition("ApiV4Definition", "orders", "ResolvedRefs") == (
            "False",
            "GroupNotFound",
            "Group team/owners could not be found",
        )


class TestTemplates:
    PROPERTY: ClassVar = {"key": "password", "value": "[[ secret `backend/password` ]]"}

    async def test_take_values_from_secrets_and_mark_them(self, scene: Scene) -> None:
        await scene.apply(secret("backend", password="one"))
        await scene.apply(api(properties=[self.PROPERTY]))

        assert value_in_apim(scene) == "one"
        assert scene.found("ApiV4Definition", "orders")["spec"]["properties"][0] == self.PROPERTY
        metadata = scene.found("Secret", "backend")["metadata"]
        assert metadata["finalizers"] == ["finalizers.gravitee.io/templating"]
        assert metadata["annotations"] == {
            "gravitee.io/apiv4definitions": '["team/orders"]',
            "gravitee.io/references": "1",
        }

    async def test_are_resolved_anew_when_the_secret_changes(self, scene: Scene) -> None:
        await scene.apply(secret("backend", password="one"))
        await scene.apply(api(properties=[self.PROPERTY]))

        await scene.apply(secret("backend", password="two"))

        assert value_in_apim(scene) == "two"

    async def test_that_name_a_missing_key_park_the_resource(self, scene: Scene) -> None:
        await scene.apply(secret("backend", user="one"))

        await scene.apply(api(properties=[self.PROPERTY]))

        assert scene.condition("ApiV4Definition", "orders") == (
            "False",
            "CompileTemplateError",
            "key [password] not found in secret [team/backend]",
        )


def value_in_apim(scene: Scene) -> object:
    return scene.apim.get_api("DEFAULT", "team-orders")["properties"][0]["value"]


def policy_group(header: str) -> Body:
    step = {
        "name": "headers",
        "policy": "transform-headers",
        "configuration": {"addHeaders": [{"name": header, "value": "1"}]},
    }
    return {
        "name": "headers",
        "apiType": "PROXY",
        "phase": "REQUEST",
        "contextRef": {"name": "apim"},
        "steps": [step],
    }


def resource(seconds: int) -> Body:
    return {"name": "cache", "type": "cache", "configuration": {"timeToLiveSeconds": seconds}}


class TestDeletion:
    async def test_withdraws_from_apim_and_frees_the_resource(self, scene: Scene) -> None:
        await scene.apply(api())

        await scene.delete("ApiV4Definition", "orders")

        assert scene.cluster.get("ApiV4Definition", "team", "orders") is None
        assert scene.apim.environment("DEFAULT").apis == {}

    async def test_of_an_api_that_apim_has_lost_is_finished_all_the_same(self, scene: Scene) -> None:
        await scene.apply(api())
        scene.apim.delete_api("DEFAULT", "team-orders")

        await scene.delete("ApiV4Definition", "orders")

        assert scene.cluster.get("ApiV4Definition", "team", "orders") is None

    async def test_of_a_group_that_apim_has_lost_is_stuck_as_with_the_real_one(self, scene: Scene) -> None:
        group = {"name": "owners", "members": [], "contextRef": {"name": "apim"}}
        await scene.apply(manifest("Group", "owners", group))
        scene.apim.delete("DEFAULT", "groups", "team-owners")

        await scene.delete("Group", "owners")

        assert scene.found("Group", "owners")["metadata"]["deletionTimestamp"]


class TestTheLocalMode:
    SPEC: ClassVar = {"definitionContext": {"origin": "KUBERNETES", "syncFrom": "KUBERNETES"}}

    async def local_api(self, scene: Scene, **spec: Any) -> None:
        body = api(**self.SPEC, **spec)
        del body["spec"]["contextRef"]
        await scene.apply(body)

    async def test_writes_a_config_map_and_nothing_to_apim(self, scene: Scene) -> None:
        await self.local_api(scene)

        found = scene.found("ConfigMap", "orders")
        assert found["metadata"]["labels"] == {
            "managed-by": "gravitee.io",
            "gio-type": "apidefinitions.gravitee.io",
        }
        assert found["metadata"]["ownerReferences"][0]["name"] == "orders"
        assert found["data"]["apiDefinitionVersion"] == "4.0.0"
        assert '"type":"proxy"' in found["data"]["definition"]
        assert scene.apim.environment("DEFAULT").apis == {}

    async def test_takes_it_away_while_the_api_is_stopped(self, scene: Scene) -> None:
        await self.local_api(scene)
        await self.local_api(scene, state="STOPPED")
        assert scene.cluster.get("ConfigMap", "team", "orders") is None

        await self.local_api(scene, state="STARTED")
        assert scene.found("ConfigMap", "orders")
