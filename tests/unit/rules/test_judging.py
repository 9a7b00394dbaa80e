"""Verdicts: who moved since the last synced state, or, at first sight, what the times say."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.changes import ChangeKind, Origin, Redacted, path_text
from reconciler.model.verdicts import Verdict
from reconciler.rules.comparing import (
    Judgement,
    comparable_digest,
    judge,
    leaf_digests,
    pack_leaves,
    stated_metadata,
    unpack_leaves,
)
from reconciler.rules.normalise import normalise
from reconciler.rules.ruleset import STANDARD
from tests.unit.rules.schemas import API, NONE, api, resource

KEY = b"k" * 32
COMMIT = 1_700_000_000.0
BEFORE, AFTER = "2023-11-14T20:00:00Z", "2023-11-15T20:00:00Z"


def three_way(
    synced: dict[str, Any] | None, left: dict[str, Any], right: dict[str, Any], **evidence: Any
) -> Judgement:
    """Judge two bodies against a last synced one."""
    known = leaf_digests(normalise(synced, API, STANDARD), KEY) if synced is not None else None
    return judge(
        normalise(left, API, STANDARD),
        normalise(right, API, STANDARD),
        known,
        key=KEY,
        body=right,
        schema=API,
        **evidence,
    )


def origins(judgement: Judgement) -> dict[str, Origin]:
    """Which side each change comes from."""
    return {path_text(change.path): change.origin for change in judgement.changes}


def written(body: dict[str, Any], *entries: tuple[str, str, dict[str, Any]]) -> dict[str, Any]:
    """The body with managedFields: (manager, time, fields below f:spec)."""
    body["metadata"]["managedFields"] = [
        {"manager": manager, "operation": "Update", "time": time, "fieldsV1": {"f:spec": fields}}
        for manager, time, fields in entries
    ]
    return body


A, B, C = api(name="a"), api(name="b"), api(name="c")


def test_equal_after_normalising_is_synced() -> None:
    assert three_way(None, api(name="a"), api(name="a", state="STARTED")) == Judgement(Verdict.SYNCED)


@pytest.mark.parametrize(
    ("synced", "left", "right", "verdict", "origin"),
    [
        (A, B, A, Verdict.AHEAD, Origin.LEFT),
        (A, A, B, Verdict.DRIFTED, Origin.RIGHT),
        (A, B, C, Verdict.CONFLICT, Origin.BOTH),
    ],
)
def test_who_moved_is_told_by_the_last_synced_state(
    synced: dict[str, Any], left: dict[str, Any], right: dict[str, Any], verdict: Verdict, origin: Origin
) -> None:
    judgement = three_way(synced, left, right)
    assert (judgement.verdict, origins(judgement)) == (verdict, {"spec.name": origin})
    assert not judgement.first_sight


def test_both_sides_moved_in_different_leaves_is_a_conflict() -> None:
    judgement = three_way(api(name="a", version="1"), api(name="b", version="1"), api(name="a", version="2"))
    assert judgement.verdict is Verdict.CONFLICT
    assert origins(judgement) == {"spec.name": Origin.LEFT, "spec.version": Origin.RIGHT}


def test_both_sides_moved_to_the_same_place_is_synced() -> None:
    assert three_way(A, B, B).verdict is Verdict.SYNCED


GOLD: dict[str, Any] = {"gold": {"name": "Gold"}}
BOTH: dict[str, Any] = {"gold": {"name": "Gold"}, "free": {"name": "Free"}}


@pytest.mark.parametrize(
    ("synced", "left", "right", "verdict"),
    [
        (GOLD, GOLD, BOTH, Verdict.DRIFTED),
        (BOTH, GOLD, BOTH, Verdict.AHEAD),
        (BOTH, BOTH, GOLD, Verdict.DRIFTED),
        (GOLD, BOTH, GOLD, Verdict.AHEAD),
        (BOTH, GOLD, {**BOTH, "free": {"name": "Changed"}}, Verdict.CONFLICT),
    ],
)
def test_whole_plans_are_judged_as_one_thing(
    synced: dict[str, Any], left: dict[str, Any], right: dict[str, Any], verdict: Verdict
) -> None:
    judgement = three_way(api(plans=synced), api(plans=left), api(plans=right))
    assert judgement.verdict is verdict
    assert len(judgement.changes) == 1


def steps(*policies: str) -> dict[str, Any]:
    """An API whose only flow has these steps, which have no names."""
    return api(flows=[{"name": "f", "request": [{"policy": policy} for policy in policies]}])


def test_a_list_without_keys_is_judged_as_a_whole() -> None:
    assert three_way(steps("a"), steps("new", "a"), steps("a")).verdict is Verdict.AHEAD
    assert three_way(steps("a"), steps("a"), steps("new", "a")).verdict is Verdict.DRIFTED
    assert three_way(steps("a"), steps("a", "b"), steps("new", "a")).verdict is Verdict.CONFLICT


def test_a_move_is_judged_by_the_order_that_was_in_sync() -> None:
    one, two = ({"name": name} for name in ("one", "two"))
    straight, turned = api(flows=[one, two]), api(flows=[two, one])
    assert three_way(straight, turned, straight).verdict is Verdict.AHEAD
    assert three_way(straight, straight, turned).verdict is Verdict.DRIFTED


def test_a_label_taken_off_the_cluster_is_drift_and_so_is_one_put_on() -> None:
    left = api()
    left["metadata"]["labels"] = {"team": "a"}
    more = api()
    more["metadata"]["labels"] = {"team": "a", "extra": "1"}
    assert three_way(left, left, api()).verdict is Verdict.DRIFTED
    assert three_way(left, left, more).verdict is Verdict.DRIFTED


def test_at_first_sight_all_written_before_the_commit_is_ahead() -> None:
    right = written(api(name="b"), ("argocd-controller", BEFORE, {"f:name": {}}))
    judgement = three_way(None, api(name="a"), right, committed_at=COMMIT)
    assert (judgement.verdict, judgement.first_sight) == (Verdict.AHEAD, True)
    assert judgement.changes[0].origin is Origin.FIRST_SIGHT
    assert judgement.changes[0].manager == "argocd-controller"


@pytest.mark.parametrize("manager", ["kubectl-edit", "kubectl-patch", "k9s", "kubectl", "argocd-controller"])
def test_at_first_sight_a_write_after_the_commit_is_drift(manager: str) -> None:
    right = written(api(name="b"), (manager, AFTER, {"f:name": {}}))
    assert three_way(None, api(name="a"), right, committed_at=COMMIT).verdict is Verdict.DRIFTED


def test_at_first_sight_what_a_person_added_is_drift_however_old() -> None:
    def with_free(manager: str) -> dict[str, Any]:
        return written(api(plans=BOTH), (manager, BEFORE, {"f:plans": {"f:free": {".": {}, "f:name": {}}}}))

    left = api(plans=GOLD)
    assert three_way(None, left, with_free("kubectl-edit"), committed_at=COMMIT).verdict is Verdict.DRIFTED
    assert three_way(None, left, with_free("kubectl"), committed_at=COMMIT).verdict is Verdict.AHEAD


@pytest.mark.parametrize(("time", "verdict"), [(BEFORE, Verdict.AHEAD), (AFTER, Verdict.DRIFTED)])
def test_at_first_sight_what_is_missing_is_as_old_as_the_last_write(time: str, verdict: Verdict) -> None:
    right = written(api(name="a"), ("kubectl", time, {"f:name": {}}))
    judgement = three_way(None, api(name="a", version="1"), right, committed_at=COMMIT)
    assert judgement.verdict is verdict
    assert judgement.changes[0].manager is None


def test_at_first_sight_a_server_default_is_as_old_as_the_last_write() -> None:
    right = written(api(name="a"), ("kubectl", BEFORE, {"f:name": {}}))
    assert (
        three_way(None, api(name="a", state="STOPPED"), right, committed_at=COMMIT).verdict is Verdict.AHEAD
    )


@pytest.mark.parametrize("committed_at", [None, COMMIT])
def test_at_first_sight_without_times_doubt_goes_to_drift(committed_at: float | None) -> None:
    judgement = three_way(None, api(name="a"), api(name="b"), committed_at=committed_at)
    assert judgement.verdict is Verdict.DRIFTED


def context(**spec: Any) -> dict[str, Any]:
    """A normalised ManagementContext."""
    return normalise(resource("ManagementContext", **spec), NONE, STANDARD)


def test_what_the_cloud_webhook_fills_in_is_explained_by_its_rule() -> None:
    left = context(cloud={"secretRef": {"name": "token"}})
    right = context(
        cloud={"secretRef": {"name": "token"}},
        baseUrl="https://eu.cloudgate.gravitee.io",
        organizationId="o",
        environmentId="e",
    )
    judgement = judge(left, right, None, key=KEY)
    assert judgement.verdict is Verdict.SYNCED
    assert {entry.rule for entry in judgement.ignored} == {"management-context-cloud-webhook"}
    assert len(judgement.ignored) == 3


def test_an_address_added_by_hand_is_not_explained() -> None:
    cloud = {"secretRef": {"name": "token"}}
    right = context(cloud=cloud, baseUrl="https://evil.example/cloudgate.gravitee.io")
    assert judge(context(cloud=cloud), right, None, key=KEY).verdict is Verdict.DRIFTED
    without = context(auth={}), context(auth={}, baseUrl="https://eu.cloudgate.gravitee.io")
    assert judge(*without, None, key=KEY).verdict is Verdict.DRIFTED


def test_a_changed_secret_is_told_without_either_value() -> None:
    left, right = (
        normalise(resource("ManagementContext", auth={"bearerToken": token}), NONE, STANDARD)
        for token in ("hunter2-old", "hunter2-new")
    )
    (change,) = judge(left, right, leaf_digests(left, KEY), key=KEY).changes
    assert change.kind is ChangeKind.CHANGED
    assert isinstance(change.left, Redacted)
    assert isinstance(change.right, Redacted)
    assert change.left != change.right
    assert change.origin is Origin.RIGHT
    assert "hunter2" not in repr(change)


def test_packed_leaves_come_back_and_other_bytes_are_unknown() -> None:
    leaves = leaf_digests(normalise(api(plans=BOTH), API, STANDARD), KEY)
    packed = pack_leaves(leaves)
    assert unpack_leaves(packed) == leaves
    assert len(packed) == 16 * len(leaves) + 1
    assert packed == pack_leaves(dict(reversed(leaves.items())))
    assert unpack_leaves(b"") is None
    assert unpack_leaves(packed[:-1]) is None
    assert unpack_leaves(b"\x09" + packed[1:]) is None


def test_leaf_digests_hold_no_values_and_depend_on_the_key() -> None:
    document = normalise(api(name="hunter2"), API, STANDARD)
    assert b"hunter2" not in pack_leaves(leaf_digests(document, KEY))
    assert set(leaf_digests(document, KEY)).isdisjoint(leaf_digests(document, b"x" * 32))
    assert comparable_digest(document, KEY) != comparable_digest(document, b"x" * 32)


def test_labels_do_not_count_for_the_digest_of_what_is_comparable() -> None:
    labelled = api(name="a")
    labelled["metadata"]["labels"] = {"team": "x"}
    digests = [comparable_digest(normalise(body, API, STANDARD), KEY) for body in (labelled, api(name="a"))]
    assert digests[0] == digests[1]
    assert stated_metadata(normalise(labelled, API, STANDARD)) == {"labels": {"team": "x"}}
    assert stated_metadata({"spec": {}}) == {}


@pytest.mark.parametrize("value", [2**70, float("nan"), "\ud800", {1: "x"}, object()])
def test_values_that_json_cannot_hold_still_have_a_digest(value: object) -> None:
    assert len(comparable_digest({"spec": {"x": value}}, KEY)) == 16
