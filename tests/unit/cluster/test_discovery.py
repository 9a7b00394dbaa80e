"""Which kinds a cluster serves, and their schemas: read at run time, whatever the user may see."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from reconciler.cluster.client import KubeClient
from reconciler.cluster.kinds import ServedKind, served_kinds, server_version
from reconciler.cluster.schemas import CRDS, SchemaReader, kind_schemas
from reconciler.model.errors import ClusterError
from tests.unit.cluster.fake_api import Answer, FakeApi, status

Open = Callable[..., Awaitable[KubeClient]]
KIND = ServedKind("ApiV4Definition", "apiv4definitions", "v1alpha1", True, frozenset({"list"}))
CRD = f"{CRDS}/apiv4definitions.gravitee.io"
SCHEMA = {"type": "object", "properties": {"spec": {"type": "object", "default": {}}}}


def gives(body: dict[str, Any], code: int = 200) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=code)

    return answer


def refuses(code: int) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return status(code)

    return answer


def crd(schema: dict[str, Any], generation: int = 1) -> dict[str, Any]:
    versions = [
        {"name": "v1alpha0", "schema": {"openAPIV3Schema": {"type": "string"}}},
        {"name": "v1alpha1", "schema": {"openAPIV3Schema": schema}},
    ]
    return {"metadata": {"uid": "u", "generation": generation}, "spec": {"versions": versions}}


async def test_kinds_are_found_without_their_subresources(server: FakeApi, connect: Open) -> None:
    server.kinds = {"Zebra": "zebras", "ApiV4Definition": "apiv4definitions"}
    found = await served_kinds(await connect(server.url), "gravitee.io")
    assert [kind.kind for kind in found] == ["ApiV4Definition", "Zebra"]
    assert found[0].plural == "apiv4definitions"
    assert found[0].namespaced and "watch" in found[0].verbs


async def test_a_kind_of_an_older_version_only_is_found_there(server: FakeApi, connect: Open) -> None:
    def resources(*kinds: str) -> Answer:
        listed = [{"name": f"{kind.lower()}s", "kind": kind, "namespaced": False} for kind in kinds]
        return gives({"resources": listed})

    server.answers = {
        "/apis/gravitee.io": gives(
            {
                "versions": [{"version": "v1alpha1"}, {"version": "v1"}],
                "preferredVersion": {"version": "v1"},
            }
        ),
        "/apis/gravitee.io/v1": resources("Api"),
        "/apis/gravitee.io/v1alpha1": resources("Api", "Old"),
    }
    found = await served_kinds(await connect(server.url), "gravitee.io")
    assert [(kind.kind, kind.version, kind.namespaced) for kind in found] == [
        ("Api", "v1", False),
        ("Old", "v1alpha1", False),
    ]


async def test_a_cluster_without_the_crds_serves_nothing(server: FakeApi, connect: Open) -> None:
    server.kinds.clear()
    assert await served_kinds(await connect(server.url), "gravitee.io") == ()
    assert "/apis" in server.paths(), "a 404 alone could be a proxy's"


async def test_a_404_from_something_that_is_no_api_server_is_not_believed(
    server: FakeApi, connect: Open
) -> None:
    server.answers = {"/apis/gravitee.io": refuses(404), "/apis": gives({"groups": []})}
    with pytest.raises(ClusterError) as caught:
        await served_kinds(await connect(server.url), "gravitee.io")
    assert caught.value.reason == "protocol"


@pytest.mark.parametrize("body", [{}, {"resources": "none"}, {"resources": [{"kind": 1}]}])
async def test_discovery_of_another_shape(server: FakeApi, connect: Open, body: dict[str, Any]) -> None:
    server.answers["/apis/gravitee.io/v1alpha1"] = gives(body)
    with pytest.raises(ClusterError, match="answered discovery"):
        await served_kinds(await connect(server.url), "gravitee.io")


async def test_a_version_that_may_not_be_read_is_no_failure(server: FakeApi, connect: Open) -> None:
    client = await connect(server.url)
    assert await server_version(client) == "v1.33.1"
    server.answers["/version"] = refuses(403)
    assert await server_version(client) == ""
    server.answers["/version"] = refuses(500)
    with pytest.raises(ClusterError):
        await server_version(client)


# --- schemas ---------------------------------------------------------------------------------------


async def test_a_schema_comes_from_the_crd_in_the_served_version(server: FakeApi, connect: Open) -> None:
    server.answers[CRD] = gives(crd(SCHEMA))
    assert await kind_schemas(await connect(server.url), [KIND]) == {"ApiV4Definition": SCHEMA}


async def test_a_schema_is_read_again_only_when_the_crd_has_changed(server: FakeApi, connect: Open) -> None:
    client, reader = await connect(server.url), SchemaReader()
    server.answers[CRD] = gives(crd(SCHEMA))
    first = await reader.read(client, [KIND])
    assert await reader.read(client, [KIND]) == first
    assert "PartialObjectMetadata" in server.requests[-1].headers["Accept"]
    assert len(server.requests) == 2

    server.answers[CRD] = gives(crd({"type": "object"}, generation=2))
    assert await reader.read(client, [KIND]) == {"ApiV4Definition": {"type": "object"}}


def openapi(hash: str = "A1") -> dict[str, Answer]:
    group = {"group": "gravitee.io", "version": "v1alpha1"}
    schemas = {
        "io.gravitee.v1alpha1.ApiV4Definition": {
            "type": "object",
            "properties": {
                "metadata": {"allOf": [{"$ref": "#/components/schemas/ObjectMeta"}], "default": {}},
                "spec": {"type": "object", "properties": {"self": {"$ref": "#/components/schemas/Node"}}},
            },
            "x-kubernetes-group-version-kind": [{**group, "kind": "ApiV4Definition"}],
        },
        "io.gravitee.v1alpha1.ApiV4DefinitionList": {
            "x-kubernetes-group-version-kind": [{**group, "kind": "ApiV4DefinitionList"}]
        },
        "ObjectMeta": {"type": "object", "properties": {"name": {"type": "string"}}},
        "Node": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}},
    }
    path = "/openapi/v3/apis/gravitee.io/v1alpha1"
    entry = {"serverRelativeURL": f"{path}?hash={hash}"}
    return {
        CRD: refuses(403),
        "/openapi/v3": gives({"paths": {"apis/gravitee.io/v1alpha1": entry}}),
        path: gives({"components": {"schemas": schemas}}),
    }


async def test_where_crds_may_not_be_read_the_published_schema_serves(server: FakeApi, connect: Open) -> None:
    server.answers = openapi()
    client, reader = await connect(server.url), SchemaReader()
    found = (await reader.read(client, [KIND]))["ApiV4Definition"]
    metadata = found["properties"]["metadata"]
    assert metadata == {"type": "object", "properties": {"name": {"type": "string"}}, "default": {}}
    assert found["properties"]["spec"]["properties"]["self"]["type"] == "object", "ends in spite of the loop"
    assert server.requests[-1].query["hash"] == "A1"

    before = len(server.requests)
    await reader.read(client, [KIND])
    assert server.paths()[before:] == [CRD, "/openapi/v3"], "the same hash is not read again"


async def test_where_neither_may_be_read_the_schema_is_empty(server: FakeApi, connect: Open) -> None:
    server.answers = {CRD: refuses(403), "/openapi/v3": refuses(403)}
    assert await kind_schemas(await connect(server.url), [KIND]) == {"ApiV4Definition": {}}


async def test_a_server_that_is_away_while_schemas_are_read_is_a_failure(
    server: FakeApi, connect: Open
) -> None:
    server.answers[CRD] = refuses(401)
    with pytest.raises(ClusterError):
        await kind_schemas(await connect(server.url), [KIND])
