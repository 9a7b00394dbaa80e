"""No credential is shown, different ones show as different, and everything else stays readable."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.changes import ABSENT, Change, ChangeKind, KeyStep, Redacted, path_text
from reconciler.rules.comparing import differences, judge
from reconciler.rules.credentials import names_credential
from reconciler.rules.normalise import normalise
from reconciler.rules.redact import redact_body, redact_changes
from reconciler.rules.ruleset import STANDARD
from reconciler.rules.text import document_lines
from tests.unit.rules.schemas import NONE, api, resource

KEY = b"k" * 32
Planter = Callable[[str], dict[str, Any]]


def _step(configuration: dict[str, Any]) -> dict[str, Any]:
    return api(flows=[{"name": "f", "request": [{"policy": "p", "configuration": configuration}]}])


def _endpoint(**fields: Any) -> dict[str, Any]:
    return api(endpointGroups=[{"name": "g", "endpoints": [{"name": "e", **fields}]}])


def _resource(configuration: dict[str, Any]) -> dict[str, Any]:
    return resource("ApiResource", name="r", type="t", configuration=configuration)


def _plan(**security: Any) -> dict[str, Any]:
    return api(plans={"API_KEY": {"name": "p", "security": security}})


def _with_last_applied(secret: str) -> dict[str, Any]:
    body = api(name="a")
    body["metadata"]["annotations"] = {
        "kubectl.kubernetes.io/last-applied-configuration": f'{{"x":"{secret}"}}'
    }
    return body


PLANTED: dict[str, Planter] = {
    "Secret.data": lambda s: {"kind": "Secret", "metadata": {}, "data": {"tls.crt": s}},
    "Secret.stringData": lambda s: {"kind": "Secret", "metadata": {}, "stringData": {"any": s}},
    "last-applied-configuration": _with_last_applied,
    "context bearerToken": lambda s: resource("ManagementContext", auth={"bearerToken": s}),
    "context password": lambda s: resource("ManagementContext", auth={"credentials": {"password": s}}),
    "context cloud token": lambda s: resource("ManagementContext", cloud={"token": s}),
    "context url": lambda s: resource("ManagementContext", baseUrl=f"https://admin:{s}@apim.example"),
    "subscription key": lambda s: resource("Subscription", apiKeys=[{"key": s, "expireAt": "x"}]),
    "subscription webhook": lambda s: resource(
        "Subscription", consumerConfiguration={"entrypointConfiguration": {"auth": {"token": {"value": s}}}}
    ),
    "subscription header": lambda s: resource(
        "Subscription",
        consumerConfiguration={
            "entrypointConfiguration": {"headers": [{"name": "Authorization", "value": s}]}
        },
    ),
    "property encrypted": lambda s: api(properties=[{"key": "backend", "value": s, "encrypted": True}]),
    "property by name": lambda s: api(properties=[{"key": "backend-password", "value": s}]),
    "metadata by name": lambda s: api(metadata=[{"key": "a", "name": "api-token", "value": s}]),
    "endpoint header": lambda s: _endpoint(configuration={"headers": [{"name": "X-API-Key", "value": s}]}),
    "endpoint header map": lambda s: api(endpointGroups=[{"name": "g", "headers": {"Authorization": s}}]),
    "endpoint target": lambda s: _endpoint(configuration={"target": f"http://user:{s}@host/"}),
    "endpoint targets": lambda s: _endpoint(configuration={"targets": [f"http://user:{s}@host/"]}),
    "endpoint sasl": lambda s: _endpoint(configuration={"security": {"sasl": {"jaasConfig": s}}}),
    "endpoint keystore": lambda s: _endpoint(configuration={"ssl": {"keyStore": {"content": s}}}),
    "endpoint keystore key": lambda s: _endpoint(configuration={"ssl": {"keyStore": {"keyContent": s}}}),
    "endpoint truststore": lambda s: _endpoint(configuration={"ssl": {"trustStore": {"password": s}}}),
    "endpoint proxy": lambda s: _endpoint(configuration={"proxy": {"username": "u", "password": s}}),
    "step clientSecret": lambda s: _step({"clientSecret": s}),
    "step access token": lambda s: _step({"auth": {"accessToken": s}}),
    "step nested credentials": lambda s: _step({"credentials": {"first": [{"deep": s}]}}),
    "step list of secrets": lambda s: _step({"secrets": [s]}),
    "step number": lambda s: _step({"signingKey": s}),
    "added step": lambda s: _step({"aws": {"secretAccessKey": s, "privateKey": s}}),
    "v4 plan verification key": lambda s: _plan(type="JWT", configuration={"resolverParameter": s}),
    "v2 plan": lambda s: resource("ApiDefinition", plans=[{"name": "p", "securityDefinition": s}]),
    "v2 endpoint": lambda s: resource(
        "ApiDefinition",
        proxy={"groups": [{"name": "g", "endpoints": [{"name": "e", "proxy": {"password": s}}]}]},
    ),
    "v2 endpoint keystore": lambda s: resource(
        "ApiDefinition",
        proxy={"groups": [{"name": "g", "endpoints": [{"name": "e", "ssl": {"keyStore": {"content": s}}}]}]},
    ),
    "v2 step": lambda s: resource("ApiDefinition", flows=[{"pre": [{"configuration": {"password": s}}]}]),
    "shared policy group": lambda s: resource(
        "SharedPolicyGroup", steps=[{"policy": "x", "configuration": {"oauthClientSecret": s}}]
    ),
    "resource password": lambda s: _resource({"sentinel": {"password": s}}),
    "resource users": lambda s: _resource({"users": [{"username": "u", "password": s}]}),
    "dictionary header": lambda s: resource(
        "Dictionary", dynamic={"provider": {"headers": [{"name": "Authorization", "value": s}]}}
    ),
    "dictionary property": lambda s: resource("Dictionary", manual={"properties": {"api-key": s}}),
    "page source": lambda s: api(pages={"p": {"source": {"configuration": {"privateToken": s}}}}),
    "gateway environment": lambda s: resource(
        "GatewayClassParameters",
        kubernetes={"deployment": {"env": [{"name": "DB_PASSWORD", "value": s}]}},
    ),
    "unknown kind": lambda s: resource("Brandnew", anything={"refreshToken": s}),
}
"""A place for a credential in every kind → the document with a secret planted there."""


def everything_shown(one: dict[str, Any], other: dict[str, Any]) -> str:
    """All text that the program makes of two documents."""
    kind = one["kind"]
    left, right = (normalise(body, NONE, STANDARD) for body in (one, other))
    raw = differences(left, right)
    judged = judge(left, right, None, key=KEY, body=other).changes
    shown = redact_changes(raw, kind, KEY)
    lines = [
        line for body in (left, right, one, other) for line in document_lines(redact_body(body, kind, KEY))
    ]
    paths = [path_text(change.path) for change in raw]
    return "\n".join([*lines, repr(shown), repr(judged), str(redact_body(one, kind, KEY)), *paths])


# The marks of a generated secret keep it from being a part of some field's name by chance.
SECRETS = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789", min_size=10, max_size=22).map(
    "Q{}Z".format
)


@pytest.mark.parametrize("place", sorted(PLANTED))
@settings(max_examples=8, deadline=None)
@given(secret=SECRETS, other=SECRETS)
def test_a_planted_secret_is_never_shown(place: str, secret: str, other: str) -> None:
    shown = everything_shown(PLANTED[place](secret), PLANTED[place](other))
    assert secret not in shown
    assert other not in shown


@pytest.mark.parametrize("place", sorted(PLANTED))
def test_a_planted_secret_is_not_shown_when_its_surroundings_are_only_on_one_side(place: str) -> None:
    full = PLANTED[place]("swordfish-123456")
    empty = {"kind": full["kind"], "metadata": {}}
    for one, other in ((full, empty), (empty, full)):
        assert "swordfish" not in everything_shown(one, other)


@pytest.mark.parametrize("place", sorted(PLANTED.keys() - {"last-applied-configuration"}))
def test_two_different_secrets_show_as_different_and_equal_ones_as_equal(place: str) -> None:
    def left(secret: str) -> Any:
        return redact_body(normalise(PLANTED[place](secret), NONE, STANDARD), PLANTED[place]("")["kind"], KEY)

    assert left("swordfish-1") == left("swordfish-1")
    assert left("swordfish-1") != left("swordfish-2")
    assert differences(left("swordfish-1"), left("swordfish-2"))
    assert not differences(left("swordfish-1"), left("swordfish-1"))


def test_what_is_no_credential_stays_readable() -> None:
    body = api(
        plans={
            "API_KEY": {
                "name": "Keys",
                "security": {
                    "type": "JWT",
                    "configuration": {"publicKeyResolver": "JWKS_URL", "resolverParameter": "https://x/jwks"},
                },
            }
        },
        responseTemplates={
            "API_KEY_MISSING": {"*/*": {"body": "no key"}},
            "INVALID_TOKEN": {"*/*": {"status": 401}},
        },
        endpointGroups=[
            {"name": "token-service", "endpoints": [{"configuration": {"target": "https://backend/"}}]}
        ],
        flows=[
            {
                "name": "secret santa",
                "request": [
                    {
                        "policy": "oauth2",
                        "configuration": {
                            "tokenUrl": "https://idp/token",
                            "passwordHeaderName": "X",
                            "propagateApiKey": True,
                            "secretRef": {"name": "s", "key": "k"},
                            "headers": [{"name": "X-Team", "value": "blue"}],
                        },
                    }
                ],
            }
        ],
        properties=[{"key": "region", "value": "eu"}],
    )
    assert redact_body(body, "ApiV4Definition", KEY) == body


def test_a_reference_to_a_secret_is_shown_and_a_literal_beside_it_is_not() -> None:
    reference = "Bearer [[ secret `idp/token` ]]"
    for value, shown in (
        (reference, True),
        ("[[ secret `a/b` ]] and hunter2", False),
        ('[[ "hunter2" ]]', False),
    ):
        (item,) = redact_body(_step({"token": value}), "ApiV4Definition", KEY)["spec"]["flows"]
        token = item["request"][0]["configuration"]["token"]
        assert (token == value) is shown
        assert isinstance(token, Redacted) is not shown


def test_redacting_changes_nothing_of_the_input_and_twice_is_once() -> None:
    body = _step({"password": "swordfish"})
    before = copy.deepcopy(body)
    once = redact_body(body, "ApiV4Definition", KEY)
    assert body == before
    assert redact_body(once, "ApiV4Definition", KEY) == once


def test_redaction_keeps_every_path() -> None:
    left, right = (
        normalise(_step({"password": p, "url": u}), NONE, STANDARD) for p, u in (("a", "x"), ("b", "y"))
    )
    paths = [change.path for change in differences(left, right)]
    kind = "ApiV4Definition"
    assert paths == [c.path for c in differences(redact_body(left, kind, KEY), redact_body(right, kind, KEY))]


def test_a_raw_change_of_a_property_is_hidden_because_its_neighbours_are_not_seen() -> None:
    change = Change(
        ("spec", "properties", KeyStep("backend"), "value"), ChangeKind.CHANGED, "hunter2", "hunter3"
    )
    (shown,) = redact_changes([change], "ApiV4Definition", KEY)
    assert isinstance(shown.left, Redacted)
    assert shown.left != shown.right
    assert redact_changes([shown], "ApiV4Definition", KEY) == (shown,)


def test_changes_of_a_judgement_keep_what_the_whole_document_allowed_to_show() -> None:
    left, right = (
        normalise(api(properties=[{"key": "region", "value": v}]), NONE, STANDARD) for v in ("eu", "us")
    )
    (change,) = redact_changes(judge(left, right, None, key=KEY).changes, "ApiV4Definition", KEY)
    assert (change.left, change.right) == ("eu", "us")


def test_an_absent_side_and_a_move_stay_what_they_are() -> None:
    added = Change(("spec", "auth", "bearerToken"), ChangeKind.ADDED, ABSENT, "hunter2")
    moved = Change(("spec", "flows", KeyStep("password")), ChangeKind.MOVED, 0, 1)
    shown = redact_changes([added, moved], "ManagementContext", KEY)
    assert shown[0].left is ABSENT
    assert isinstance(shown[0].right, Redacted)
    assert shown[1] == moved


CREDENTIALS = """
password Password keyPassword db_password X-API-Key apikey api-keys Authorization Proxy-Authorization token
access_token clientSecret secretKey privateKey SECRET passphrase sasl.jaas.config Cookie accountKey
"""
HARMLESS = """
name key value tokenUrl tokenEndpoint secretRef passwordHeaderName keyId keyAlias publicKey author compass
monkey clientId securityDomain tokenTypeHint secretsLocation apiKeyHeader pinned
"""


@pytest.mark.parametrize("name", CREDENTIALS.split())
def test_names_of_credentials(name: str) -> None:
    assert names_credential(name)


@pytest.mark.parametrize("name", HARMLESS.split())
def test_names_that_only_speak_of_them(name: str) -> None:
    assert not names_credential(name)
