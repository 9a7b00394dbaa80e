"""From a ManagementContext to a control plane, by GKO's rules, whatever stands in it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from reconciler.control_plane.contexts import claims_of, gather, target_from_context
from reconciler.control_plane.failures import ControlPlaneError
from reconciler.control_plane.places import ContextName, Login, Target
from reconciler.model.errors import ClusterError

SECRET = "s3cr3t-value"
URL = "https://apim.example.org"


def token_of(**claims: object) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(orjson.dumps(value)).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}.signature"


CLOUD = token_of(org="acme", envs=["prod"], cpg="EU")


def target(
    spec: Mapping[str, Any], secrets: Mapping[tuple[str, str], Mapping[str, str]] | None = None
) -> Target:
    body = {"metadata": {"namespace": "platform", "name": "apim"}, "spec": spec}

    def read(namespace: str, name: str) -> Mapping[str, str]:
        data = (secrets or {}).get((namespace, name))
        if data is None:
            raise ClusterError("not found (404)", subject=f"Secret/{namespace}/{name}")
        return data

    return asyncio.run(target_from_context("eu", body, read))


def login(found: Target) -> Login:
    async def first() -> Login:
        return await found.logins[0]()

    return asyncio.run(first())


def spec(**changes: Any) -> dict[str, Any]:
    return {"baseUrl": URL, "organizationId": "DEFAULT", "environmentId": "DEFAULT", **changes}


def refused(act: Any, *words: str) -> ControlPlaneError:
    with pytest.raises(ControlPlaneError) as caught:
        act()
    error = caught.value
    assert error.subject == "eu:ManagementContext/platform/apim"
    for word in words:
        assert word in error.sentence()
    assert error.next_step
    assert SECRET not in error.sentence()
    return error


# -- where it is --------------------------------------------------------------------------------------


def test_it_tells_server_organization_and_environment() -> None:
    found = target(spec(environmentId="prod"))
    assert (found.server, found.organization, found.environment) == (URL, "DEFAULT", "prod")
    assert found.name == "apim.example.org/prod"
    assert found.paths.management_v2 == "/management/v2"
    assert found.contexts == (ContextName("eu", "platform", "apim"),)
    assert found.clusters == ("eu",)


def test_its_path_stands_in_for_both_prefixes() -> None:
    found = target(spec(path="/apim/"))
    assert (found.paths.automation, found.paths.management) == ("/apim", "/apim")


def test_a_cloud_token_tells_it_all() -> None:
    found = target({"cloud": {"token": CLOUD}})
    assert found.server == "https://eu.cloudgate.gravitee.io"
    assert (found.organization, found.environment) == ("acme", "prod")
    assert found.paths.automation == "/apim/automation"
    assert login(found) == Login(token=CLOUD)


def test_a_cloud_token_may_be_in_a_secret() -> None:
    secrets = {("platform", "cloud"): {"cloudToken": CLOUD}}
    found = target({"cloud": {"secretRef": {"name": "cloud"}}}, secrets)
    assert found.organization == "acme"


def test_a_cloud_token_for_several_environments_needs_one_to_be_named() -> None:
    several = token_of(org="acme", envs=["prod", "test"], cpg="eu")
    refused(lambda: target({"cloud": {"token": several}}), "for 2 environments", "spec.environmentId")
    assert target({"cloud": {"token": several}, "environmentId": "test"}).environment == "test"


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("no-jwt", "is not a token of Gravitee Cloud"),
        ("a.b.c", "is not a token of Gravitee Cloud"),
        (token_of(org="acme", envs=["prod"]), "names no region"),
        (token_of(org="acme", envs=["prod"], cpg="evil.example.org/"), "names no region"),
        (token_of(org="acme", envs=["prod"], cpg="eu.evil"), "names no region"),
        (token_of(envs=["prod"], cpg="eu"), "names no organization"),
    ],
)
def test_a_cloud_token_that_names_no_place_is_refused_without_being_shown(token: str, words: str) -> None:
    with pytest.raises(ControlPlaneError) as caught:
        claims_of(token, "eu:ManagementContext/platform/apim")
    assert words in caught.value.sentence()
    assert token not in caught.value.sentence()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"baseUrl": ""}, "names no baseUrl"),
        ({"baseUrl": 7}, "`baseUrl` is not text"),
        ({"baseUrl": "ftp://x"}, "its URL is not that of a server"),
        ({"baseUrl": "https://"}, "its URL is not that of a server"),
        ({"baseUrl": "https://a:notanumber"}, "its URL is not that of a server"),
        ({"baseUrl": f"https://admin:{SECRET}@x"}, "its URL holds credentials"),
        ({"environmentId": ""}, "environmentId is missing"),
        ({"organizationId": "../x"}, "organizationId is not an id"),
        ({"path": "a b"}, "its `path` is not a path"),
        ({"baseUrl": "[[ configmap `urls/apim` ]]"}, "is taken from a configmap"),
    ],
)
def test_what_does_not_say_where_it_is_is_refused(changes: dict[str, Any], words: str) -> None:
    refused(lambda: target(spec(**changes)), words)


def test_an_address_may_come_from_a_secret_by_a_template() -> None:
    secrets = {("platform", "where"): {"url": URL}}
    assert target(spec(baseUrl="[[ secret `where/url` ]]"), secrets).server == URL
    refused(lambda: target(spec(baseUrl="[[ secret `where/nope` ]]"), secrets), "has no nope")


# -- how one logs in ----------------------------------------------------------------------------------


def test_credentials_stand_in_it_or_in_its_secret_and_a_token_wins() -> None:
    pair = {"username": "gko", "password": SECRET}
    assert login(target(spec(auth={"credentials": pair}))) == Login(username="gko", password=SECRET)
    both = spec(auth={"bearerToken": SECRET, "credentials": pair})
    assert login(target(both)) == Login(token=SECRET)
    secrets = {("platform", "apim"): {**pair, "bearerToken": SECRET + "\n"}}
    assert login(target(spec(auth={"secretRef": {"name": "apim"}}), secrets)) == Login(token=SECRET)


def test_its_secret_may_be_in_another_namespace() -> None:
    secrets = {("vault", "apim"): {"username": "gko", "password": SECRET}}
    found = target(spec(auth={"secretRef": {"name": "apim", "namespace": "vault"}}), secrets)
    assert login(found).password == SECRET


def test_a_secret_is_read_anew_each_time() -> None:
    data = {"bearerToken": "old"}
    found = target(spec(auth={"secretRef": {"name": "apim"}}), {("platform", "apim"): data})
    assert login(found).token == "old"
    data["bearerToken"] = "new"
    assert login(found).token == "new"


@pytest.mark.parametrize(
    ("changes", "secrets", "words"),
    [
        ({}, {}, "has neither `auth` nor `cloud`"),
        ({"auth": {"other": 1}}, {}, "its `auth` holds no credentials"),
        ({"auth": {"secretRef": {}}}, {}, "names no Secret"),
        ({"auth": {"secretRef": {"name": "gone"}}}, {}, "Secret platform/gone cannot be read: not found"),
        (
            {"auth": {"secretRef": {"name": "s"}}},
            {("platform", "s"): {"user": SECRET}},
            "has neither bearerToken nor username and password",
        ),
    ],
)
def test_a_context_without_usable_credentials_is_found_all_the_same(
    changes: dict[str, Any], secrets: dict[tuple[str, str], dict[str, str]], words: str
) -> None:
    found = target(spec(**changes), secrets)
    assert found.server == URL
    error = refused(lambda: login(found), words)
    assert error.reason in ("credentials", "configuration")


def test_nothing_secret_is_in_a_repr() -> None:
    found = target(spec(auth={"bearerToken": SECRET}))
    assert SECRET not in repr(found)
    assert SECRET not in repr(login(found))


# -- several of them ----------------------------------------------------------------------------------


def place(name: str, server: str = URL, **changes: Any) -> Target:
    return Target(**{"name": name, "server": server, "organization": "O", "environment": "E", **changes})


def seen(cluster: str, name: str, server: str = URL, **changes: Any) -> Target:
    context = ContextName(cluster, "platform", name)
    return place("found/E", server, contexts=(context,), clusters=(cluster,), **changes)


def test_contexts_that_mean_the_same_environment_are_one_control_plane() -> None:
    gathered = gather((), (seen("eu", "a"), seen("us", "b")))
    (only,) = gathered.targets
    assert only.clusters == ("eu", "us")
    assert set(gathered.by_context.values()) == {"found/E"}


def test_a_declared_one_stands_for_the_contexts_of_its_clusters_at_another_address() -> None:
    declared = place("prod", declared=True, clusters=("eu",))
    inside = "http://apim.gravitee.svc:8083"
    gathered = gather((declared,), (seen("eu", "a", inside), seen("us", "b", inside)))
    assert gathered.by_context[ContextName("eu", "platform", "a")] == "prod"
    assert gathered.by_context[ContextName("us", "platform", "b")] == "found/E"
    assert [target.name for target in gathered.targets] == ["prod", "found/E"]


def test_a_declared_one_keeps_its_own_credentials_and_takes_a_contexts_where_it_has_none() -> None:
    async def own() -> Login:
        return Login(token="own")

    async def theirs() -> Login:
        return Login(token="theirs")

    found = seen("eu", "a", logins=(theirs,))
    (kept,) = gather((place("prod", declared=True, clusters=("eu",), logins=(own,)),), (found,)).targets
    assert kept.logins == (own,)
    (taken,) = gather((place("prod", declared=True, clusters=("eu",)),), (found,)).targets
    assert taken.logins == (theirs,)


def test_two_environments_are_two_whatever_they_are_called() -> None:
    gathered = gather((place("found/E", "https://other"),), (seen("eu", "a"),))
    assert len(gathered.targets) == 2
    assert len({target.name for target in gathered.targets}) == 2
