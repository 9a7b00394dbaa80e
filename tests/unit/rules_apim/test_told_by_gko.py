"""The operator's own word, read for what it is worth (ENGINE §3, DOMAIN §2.7 and §10.4)."""

from __future__ import annotations

from typing import Any

from reconciler.model.verdicts import Verdict
from reconciler.rules.apim.gko_status import told_by_gko

NOON = "2026-01-01T12:00:00Z"


def condition(kind: str, status: str, *, at: int = 2, reason: str = "", message: str = "") -> dict[str, Any]:
    return {
        "type": kind,
        "status": status,
        "observedGeneration": at,
        "reason": reason or kind,
        "message": message,
        "lastTransitionTime": NOON,
    }


def resource(*conditions: dict[str, Any], **status: Any) -> dict[str, Any]:
    return {
        "kind": "ApiV4Definition",
        "metadata": {"name": "a", "namespace": "shop", "generation": 2},
        "status": {"conditions": list(conditions), **status},
    }


def test_a_resource_that_was_taken_adds_nothing_to_a_comparison() -> None:
    word = told_by_gko(resource(condition("Accepted", "True"), condition("ResolvedRefs", "True")))
    assert (word.verdict, word.causes, word.warnings, word.seen) == (None, (), (), True)


def test_a_refusal_is_told_whole_with_its_instant() -> None:
    message = 'url [https://apim/…], status [400], message [Validation error:\n "path" is taken]'
    word = told_by_gko(resource(condition("Accepted", "False", reason="ControlPlaneError", message=message)))
    assert word.verdict is Verdict.FAILED
    assert word.causes == ("ControlPlaneError: " + " ".join(message.split()),)
    assert word.since == 1_767_268_800.0
    assert not word.unresolved


def test_an_unresolved_reference_is_the_cause_where_the_operator_did_not_accept() -> None:
    missing = 'SharedPolicyGroup.gravitee.io "spg" not found'
    word = told_by_gko(
        resource(
            condition("Accepted", "False", reason="ReconcileFailed", message="ReconcileFailed"),
            condition("ResolvedRefs", "False", message=missing),
        )
    )
    assert word.verdict is Verdict.FAILED
    assert word.causes == (f"ReconcileFailed: {missing}",)
    assert word.unresolved


def test_an_unresolved_group_beside_an_acceptance_is_a_warning() -> None:
    word = told_by_gko(
        resource(
            condition("Accepted", "True"),
            condition("ResolvedRefs", "False", at=1, reason="GroupNotFound", message="group shop/g"),
        )
    )
    assert (word.verdict, word.warnings) == (None, ("GroupNotFound: group shop/g",))


def test_a_generation_that_the_operator_has_not_seen_is_ahead() -> None:
    word = told_by_gko(resource(condition("Accepted", "True", at=1)))
    assert (word.verdict, word.seen) == (Verdict.AHEAD, False)
    assert word.causes == ("the operator has seen generation 1, the resource is at 2",)


def test_an_old_refusal_of_another_generation_is_not_held_against_this_one() -> None:
    word = told_by_gko(resource(condition("Accepted", "False", at=1, message="no")))
    assert (word.verdict, word.seen) == (Verdict.AHEAD, False)


def test_another_condition_may_lag_behind() -> None:
    word = told_by_gko(
        resource(condition("Accepted", "True"), condition("AutomationAPIManaged", "True", at=1))
    )
    assert (word.verdict, word.seen) == (None, True)


def test_warnings_and_severe_errors_are_told_whole() -> None:
    errors = {"warning": ["w1", "w2"], "severe": ["s1"]}
    word = told_by_gko(resource(condition("Accepted", "True"), errors=errors))
    assert (word.verdict, word.causes, word.warnings) == (Verdict.FAILED, ("s1",), ("w1", "w2"))


def test_a_resource_that_no_operator_has_touched_is_ahead_for_that_reason() -> None:
    for untouched in ({"metadata": {"generation": 1}}, resource()):
        word = told_by_gko(untouched)
        assert (word.verdict, word.seen) == (Verdict.AHEAD, False)
        assert word.causes == ("no operator has acted on it yet",)


def test_the_status_of_an_older_operator_is_understood() -> None:
    failed = told_by_gko(resource(processingStatus="Failed", errors={"severe": ["boom"]}))
    assert (failed.verdict, failed.causes) == (Verdict.FAILED, ("boom",))
    done = told_by_gko(resource(processingStatus="Completed", id="1"))
    assert (done.verdict, done.seen) == (None, True)


def test_a_status_of_any_shape_is_read() -> None:
    shapes: tuple[Any, ...] = (
        None,
        [],
        "x",
        {"conditions": "x"},
        {"conditions": [1, {"type": 2}]},
        {"errors": ["x"]},
    )
    for status in shapes:
        assert told_by_gko({"status": status, "metadata": 3}).seen is False
    odd = told_by_gko(resource({"type": "Accepted", "status": "False", "lastTransitionTime": "soon"}))
    assert (odd.verdict, odd.since) == (Verdict.FAILED, None)
