"""A secret in every text field of every kind: nothing that the rules show holds it or tells its length."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.model.changes import ABSENT, ChangeKind, KeyPath, Redacted
from reconciler.rules.comparing import differences, judge, leaf_digests
from reconciler.rules.credentials import names_credential
from reconciler.rules.normalise import normalise
from reconciler.rules.redact import redact_body, redact_pair
from reconciler.rules.ruleset import STANDARD
from reconciler.rules.schema import Schema
from reconciler.rules.text import document_lines
from tests.unit.rules.skeletons import alone, skeleton, texts

KEY = b"k" * 32
FROM_SECRET = "[[ secret `vault/entry` ]]"
SECRETS = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=8, max_size=60).map("Q{}Z".format)
Kinds = dict[str, tuple[Schema, list[KeyPath]]]


@pytest.fixture(scope="module")
def kinds(gravitee_crds: Path) -> Kinds:
    """Every kind's schema and the path of every text in it."""
    found: Kinds = {}
    for path in sorted(gravitee_crds.glob("*.yaml")):
        spec = yaml.load(path.read_text(), yaml.CSafeLoader)["spec"]
        openapi = spec["versions"][0]["schema"]["openAPIV3Schema"]
        body = skeleton(spec["names"]["kind"], openapi)
        found[spec["names"]["kind"]] = (Schema(openapi), list(texts({"spec": body["spec"]})))
    return found


def shown_of(git: dict[str, Any], cluster: dict[str, Any], schema: Schema) -> str:
    """All that is shown of a hop: changes and both sides' lines."""
    left, right = (normalise(body, schema, STANDARD) for body in (git, cluster))
    sides = redact_pair(left, right, git["kind"], KEY)
    judged = judge(left, right, leaf_digests(left, KEY), key=KEY, body=cluster)
    return "\n".join([repr(judged), *(line for side in sides for line in document_lines(side))])


@settings(max_examples=1, deadline=None, suppress_health_check=list(HealthCheck))
@given(secret=SECRETS)
def test_where_git_takes_a_text_from_a_secret_the_clusters_own_is_hidden(kinds: Kinds, secret: str) -> None:
    fields = 0
    for kind, (schema, paths) in kinds.items():
        # Kubernetes' own pod template has some thousand; a part of those is asked.
        for path in paths if len(paths) < 400 else paths[:: len(paths) // 100]:
            git, cluster = alone(kind, path, FROM_SECRET), alone(kind, path, secret)
            assert secret not in shown_of(git, cluster, schema), path
            assert secret not in shown_of(cluster, git, schema), path
            fields += 1
    assert fields > 500


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(one=SECRETS, other=SECRETS, chance=st.randoms(use_true_random=False))
def test_credentials_by_name_and_kind_are_hidden_and_told_apart(
    kinds: Kinds, one: str, other: str, chance: Any
) -> None:
    for kind, (schema, paths) in kinds.items():
        fields = [path for path in paths if _holds_credential(kind, path)]
        for path in chance.sample(fields, min(4, len(fields))):
            bodies = [alone(kind, path, secret) for secret in (one, other)]
            shown = shown_of(*bodies, schema)
            assert one not in shown and other not in shown, path
            sides = redact_pair(*(normalise(b, schema, STANDARD) for b in bodies), kind, KEY)
            assert bool(differences(*sides)) is (one != other), path


def _holds_credential(kind: str, path: KeyPath) -> bool:
    """Fields whose own name says so, and those that this list knows."""
    last = next(step for step in reversed(path) if isinstance(step, str))
    listed = {
        "ManagementContext": {"bearerToken", "password", "token"},
        "ApiDefinition": {"securityDefinition", "password", "keyContent"},
        "ApiV4Definition": {"password", "keyContent"},
        "Subscription": {"key"},
    }
    return last in listed.get(kind, ()) or names_credential(last)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(secret=SECRETS, name=st.sampled_from(["password", "clientSecret", "X-API-Key", "sasl.jaas.config"]))
def test_free_form_settings_of_every_kind_hide_credentials_by_name(
    kinds: Kinds, secret: str, name: str
) -> None:
    free = 0
    for kind, (schema, paths) in kinds.items():
        for path in paths:
            if path[-1] == "setting":
                git, cluster = (alone(kind, path[:-1], {name: text}) for text in ("other", secret))
                assert secret not in shown_of(git, cluster, schema), path
                free += 1
    assert free > 10


@settings(max_examples=40, deadline=None)
@given(secrets=st.lists(SECRETS, min_size=2, max_size=2))
def test_the_length_of_a_secret_is_not_told(secrets: list[str]) -> None:
    lines = []
    for secret in secrets:
        body = {"kind": "Secret", "metadata": {"name": "s"}, "data": {"tls.key": secret}}
        lines.append(document_lines(redact_body(body, "Secret", KEY)))
    assert lines[0] == lines[1]
    assert not any(secret in "\n".join(lines[0]) for secret in secrets)


def test_a_secret_added_on_the_cluster_in_place_of_a_reference_shows_as_a_change_without_its_text() -> None:
    def api(value: str) -> dict[str, Any]:
        return {"kind": "ApiV4Definition", "spec": {"description": value}}

    schema = Schema({})
    git, cluster = (normalise(api(value), schema, STANDARD) for value in (FROM_SECRET, "hunter2-in-clear"))
    (change,) = judge(git, cluster, None, key=KEY).changes
    assert (change.kind, change.left) == (ChangeKind.CHANGED, FROM_SECRET)
    assert isinstance(change.right, Redacted)
    assert change.right is not ABSENT


def test_texts_in_other_fields_stay_readable_beside_a_reference() -> None:
    left = {"kind": "ApiV4Definition", "spec": {"description": FROM_SECRET, "name": "orders"}}
    right = {"kind": "ApiV4Definition", "spec": {"description": "x", "name": "orders-2"}}
    shown = redact_pair(left, right, "ApiV4Definition", KEY)
    assert [side["spec"]["name"] for side in shown] == ["orders", "orders-2"]
