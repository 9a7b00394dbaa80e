"""Each recorded drift, path by path, with the side that moved; and what only looks like a drift."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.changes import ABSENT, ChangeKind, Origin, Redacted, path_text
from reconciler.model.verdicts import Verdict
from reconciler.rules.apim.comparing import compare, hop_lines, sent_leaves
from reconciler.rules.apim.templates import FromTemplate
from reconciler.rules.comparing import unpack_leaves
from reconciler.rules.judging import Judgement
from tests.unit.rules_apim.described import API, KEY, body_of, judged, put, told
from tests.unit.rules_apim.pairs import Sent

CHANGED, ADDED, REMOVED = ChangeKind.CHANGED, ChangeKind.ADDED, ChangeKind.REMOVED
LEFT, RIGHT, BOTH = Origin.LEFT, Origin.RIGHT, Origin.BOTH
Judged = Callable[[str, str, str], Judgement]


@pytest.fixture(name="recorded")
def fixture_recorded(shared_data: Path) -> Judged:
    """Compares a recorded PUT with a recorded GET, when a third one, a PUT, was last seen in sync."""

    def exchange(name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((shared_data / "exchanges" / f"{name}.json").read_bytes())
        return found

    def body(side: Any) -> dict[str, Any]:
        found = json.loads(side["body"]) if isinstance(side["body"], str) else side["body"]
        return found if isinstance(found, dict) else {}

    def sent(name: str) -> Sent:
        known = exchange(name)
        path = known["request"]["path"].partition("?")[0]
        return Sent(name, path, body(known["request"]), body(known["response"]))

    def compared(put_: str, get: str, synced: str) -> Judgement:
        known, last = sent(put_), sent(synced)
        leaves = unpack_leaves(sent_leaves(last.body(), KEY, last.resource()))
        held = body(exchange(get)["response"])
        return compare(known.body(), held, leaves, key=KEY, resource=known.resource())

    return compared


def directed(judgement: Judgement) -> set[tuple[str, ChangeKind, Origin]]:
    return {(path_text(change.path), change.kind, change.origin) for change in judgement.changes}


def test_an_edit_in_the_console_comes_from_the_right(recorded: Judged) -> None:
    was = "16e-automation-put-over-drift"
    judgement = recorded(was, "16b-automation-get-after-drift", was)
    assert judgement.verdict is Verdict.DRIFTED
    assert directed(judgement) == {
        ("spec.description", ADDED, RIGHT),
        ("spec.endpointGroups[default].endpoints[e1].configuration.target", CHANGED, RIGHT),
        ("spec.labels", ADDED, RIGHT),
    }


def test_an_api_stopped_by_hand_comes_from_the_right(recorded: Judged) -> None:
    was = "03b-api-put-again-identical"
    judgement = recorded(was, "13a3-automation-get-stopped", was)
    assert judgement.verdict is Verdict.DRIFTED
    assert directed(judgement) == {("spec.state", CHANGED, RIGHT)}


def test_a_body_that_was_refused_with_500_is_still_on_its_way(recorded: Judged) -> None:
    """That answer warned of nothing, so the categories and members that APIM drops show as left out, too."""
    judgement = recorded("32b-partial-500", "32c-get-after-500", "32a-partial-first")
    assert judgement.verdict is Verdict.AHEAD
    assert directed(judgement) == {
        ("spec.categories", REMOVED, LEFT),
        ("spec.description", CHANGED, LEFT),
        ("spec.labels[alpha]", ADDED, LEFT),
        ("spec.labels[half]", REMOVED, LEFT),
        ("spec.labels[zeta]", ADDED, LEFT),
        ("spec.members", REMOVED, LEFT),
    }


def test_a_plan_taken_out_of_the_manifest_is_on_its_way(recorded: Judged) -> None:
    judgement = recorded("21f2-put-removing-subscribed-plan", "04b-api-get-full", "03d-api-put-full")
    assert judgement.verdict is Verdict.AHEAD
    assert directed(judgement) == {("spec.plans[keyed]", ADDED, LEFT)}


def test_a_plan_taken_away_at_the_control_plane_comes_from_the_right(recorded: Judged) -> None:
    judgement = recorded("03d-api-put-full", "21f3-get", "03d-api-put-full")
    assert judgement.verdict is Verdict.DRIFTED
    assert directed(judgement) == {("spec.plans[keyed]", REMOVED, RIGHT)}


def test_a_plan_about_to_be_deprecated_is_on_its_way(recorded: Judged) -> None:
    judgement = recorded("24a-plan-deprecated", "24c2-get", "24b-plan-republished")
    assert judgement.verdict is Verdict.AHEAD
    assert directed(judgement) == {("spec.plans[keyed].status", CHANGED, LEFT)}


def test_a_change_on_each_side_is_a_conflict() -> None:
    leaves = unpack_leaves(sent_leaves(body_of(API), KEY))
    sent, held = put(API, "version", "2"), put(put(API, "version", "3"), "description", "by hand")
    judgement = compare(body_of(sent), held, leaves, key=KEY, resource={})
    assert judgement.verdict is Verdict.CONFLICT
    assert directed(judgement) == {("spec.version", CHANGED, BOTH), ("spec.description", CHANGED, RIGHT)}


# --- plans and pages --------------------------------------------------------------------


def _plan(hrid: str | None, name: str) -> dict[str, Any]:
    return {**API["plans"][0], "hrid": hrid, "name": name}


TWO = put(API, "plans", [_plan("gold", "Gold"), _plan("free", "Free")])
TURNED = put(API, "plans", [_plan("free", "Free"), _plan("gold", "Gold")])
STATED = {"in_order": frozenset({"plans"})}


def test_the_order_that_the_operator_draws_is_no_difference_and_is_named() -> None:
    judgement = judged(TWO, TURNED, body=STATED)
    assert judgement.verdict is Verdict.SYNCED
    assert [(path_text(one.path), one.rule) for one in judgement.ignored] == [
        ("spec.plans", "order-drawn-by-the-operator")
    ]


def test_an_order_that_nobody_states_is_not_even_named() -> None:
    assert judged(TWO, TURNED).ignored == ()


def test_a_stated_order_counts_where_we_are_the_ones_who_send() -> None:
    judgement = judged(TWO, TURNED, body=STATED, ordered=True)
    assert {kind for _, kind in told(judgement)} == {ChangeKind.MOVED}
    assert judged(TWO, TWO, body=STATED, ordered=True).verdict is Verdict.SYNCED
    assert judged(TWO, TURNED, ordered=True).verdict is Verdict.SYNCED


def test_a_plan_made_by_hand_has_no_hrid_and_leaves_the_others_theirs() -> None:
    held = put(TWO, "plans/2", _plan(None, "Silver"))
    assert told(judged(TWO, held)) == {("spec.plans[Silver]", ADDED)}
    edited = put(held, "plans/0/description", "by hand")
    assert told(judged(TWO, edited)) == {
        ("spec.plans[Silver]", ADDED),
        ("spec.plans[gold].description", ADDED),
    }


def test_a_plan_made_by_hand_under_a_name_that_is_taken_is_known_by_its_id() -> None:
    held = put(TWO, "plans/2", {**_plan(None, "gold"), "id": "123"})
    assert told(judged(TWO, held)) == {("spec.plans[123]", ADDED)}


def test_a_page_made_by_hand_is_known_by_its_name() -> None:
    page = {"hrid": None, "name": "Hints", "type": "MARKDOWN", "content": "x", "id": "1"}
    assert told(judged(API, put(API, "pages/1", page))) == {("spec.pages[Hints]", ADDED)}


# --- what APIM does not know ------------------------------------------------------------

_NO_GROUP = "Group [{}] could not be found in environment [DEFAULT]"
_NO_CATEGORY = "category [{}] is not defined in environment [DEFAULT]"
_NO_MEMBER = "member [{}] of source [{}] could not be found in organization [DEFAULT]"


@pytest.mark.parametrize(
    ("field", "warning"),
    [
        ("groups", _NO_GROUP.format("Support")),
        ("categories", _NO_CATEGORY.format("money")),
        ("members", _NO_MEMBER.format("ann", "memory")),
    ],
)
def test_what_apim_warned_of_leaving_out_is_no_difference(field: str, warning: str) -> None:
    held = put(API, field, [])
    assert judged(API, held, warned=(warning,)).verdict is Verdict.SYNCED
    assert told(judged(API, held)) == {(f"spec.{field}", REMOVED)}
    assert told(judged(API, held, warned=(warning.replace("[", "<"),))) == {(f"spec.{field}", REMOVED)}


def test_a_group_is_shown_by_its_hrid() -> None:
    held = put(API, "groups", ["shop-support"])
    known = {"group_hrids": {"Support": "shop-support"}}
    assert judged(API, held, body=known).verdict is Verdict.SYNCED
    assert told(judged(API, put(API, "groups", ["shop-other"]), body=known)) == {
        ("spec.groups[shop-other]", ADDED),
        ("spec.groups[shop-support]", REMOVED),
    }


def test_a_warning_that_is_older_than_its_group_hides_the_group_on_both_sides() -> None:
    known = {"group_hrids": {"Support": "shop-support"}}
    judgement = judged(
        API, put(API, "groups", ["shop-support"]), body=known, warned=(_NO_GROUP.format("Support"),)
    )
    assert judgement.verdict is Verdict.SYNCED


def test_a_console_notification_is_sent_and_never_returned() -> None:
    sent = {**API, "consoleNotification": {"events": ["API_STARTED"], "groups": []}}
    judgement = judged(sent, API)
    assert judgement.verdict is Verdict.SYNCED
    assert [one.rule for one in judgement.ignored] == ["console-notification-not-returned"]
    assert told(judged(API, sent)) == {("spec.consoleNotification", ADDED)}


# --- secrets ----------------------------------------------------------------------------

SECRET = put(API, "description", FromTemplate("hunter2"))


def test_a_text_from_a_secret_beside_a_real_change_is_no_difference() -> None:
    held = put(put(API, "description", "hunter2"), "version", "2")
    assert told(judged(SECRET, held)) == {("spec.version", CHANGED)}


def test_what_came_from_a_secret_is_shown_on_neither_side() -> None:
    judgement = judged(SECRET, put(API, "description", "hunter3"))
    (change,) = judgement.changes
    assert isinstance(change.left, Redacted)
    assert isinstance(change.right, Redacted)
    assert change.left != change.right
    for lines in hop_lines(body_of(SECRET), put(API, "description", "hunter3"), key=KEY):
        assert lines
        assert "hunter" not in "\n".join(lines)


def test_an_element_with_a_text_from_a_secret_is_hidden_whole_where_it_is_missing() -> None:
    sent = put(API, "properties/1", {"key": "pin", "value": FromTemplate("hunter2")})
    (change,) = judged(sent, API).changes
    assert path_text(change.path) == "spec.properties[pin]"
    assert change.right is ABSENT
    assert "hunter" not in repr(change)


def test_nothing_of_a_body_is_changed_by_comparing_it() -> None:
    sent, held = put(SECRET, "failover", None), put(TWO, "flows/0/id", "x")
    before = json.dumps([sent, held])
    judged(sent, held, noting=True)
    hop_lines(body_of(sent), held, key=KEY)
    assert json.dumps([sent, held]) == before
