"""What is expected of an API beside what pods report: each verdict, its words, and how they fold."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.gateways.facts import NodeFacts, SyncFacts, deployed_api
from reconciler.gateways.folding import (
    Expectation,
    PodVerdict,
    PodView,
    cell_of,
    comparing,
    fold,
    fold_gateways,
    judge_pod,
)
from reconciler.gateways.sharding import takes
from reconciler.gateways.showing import pod_diff
from reconciler.model.verdicts import Verdict
from tests.unit.gateways.fake_gateway import definition

NOW = 1_700_000_000.0
LONG_AGO = NOW - 3600
KEY = b"k" * 32


def expected(**changes: Any) -> Expectation:
    known: dict[str, Any] = {
        "revision": "4",
        "published_at": LONG_AGO,
        "read_at": NOW,
        "definition": definition("orders"),
    }
    return Expectation("orders", **(known | changes))


def pod(
    revision: str = "4",
    *,
    at: float = LONG_AGO,
    read: float = NOW,
    runs: dict[str, Any] | None = None,
    absent: bool = False,
    enabled: bool = True,
    **changes: Any,
) -> PodView:
    body = {
        "definition": runs or definition("orders"),
        "revision": revision,
        "deployedAt": at * 1000,
        "enabled": enabled,
    }
    known: dict[str, Any] = {
        "facts": NodeFacts("node-1", tags=()),
        "listed": frozenset() if absent else frozenset({"orders"}),
        "listed_at": read,
        "deployed": {} if absent else {"orders": deployed_api("orders", body, repr(body).encode())},
        "read_at": {} if absent else {"orders": read},
    }
    return PodView("edge", "pod-1", **(known | changes))


def judged(wanted: Expectation | None, view: PodView) -> PodVerdict:
    return judge_pod(wanted, "orders", view, comparing(KEY))


def test_the_published_revision_and_definition_are_in_sync() -> None:
    verdict = judged(expected(), pod())
    assert (verdict.verdict, verdict.cause, verdict.revision) == (Verdict.SYNCED, "", "4")
    assert verdict.observed_at == NOW


def test_a_pod_a_revision_behind_is_ahead_at_first_and_drifted_when_it_had_time() -> None:
    just_now = expected(published_at=NOW - 3)
    assert judged(just_now, pod("3")).verdict is Verdict.AHEAD
    late = judged(expected(published_at=NOW - 60), pod("3"))
    assert late.verdict is Verdict.DRIFTED
    assert late.cause == "runs revision 3, not 4"


def test_a_pod_that_was_read_before_the_deployment_accuses_nobody() -> None:
    wanted = expected(published_at=NOW - 60)
    assert judged(wanted, pod("3", read=NOW - 61)).verdict is Verdict.AHEAD


def test_revisions_are_ordered_as_numbers() -> None:
    behind = judged(expected(revision="10"), pod("9"))
    assert (behind.verdict, behind.cause) == (Verdict.DRIFTED, "runs revision 9, not 10")


def test_a_pod_newer_than_what_was_read_of_the_control_plane_is_a_change_on_its_way() -> None:
    assert judged(expected(read_at=NOW - 10), pod("5")).verdict is Verdict.AHEAD
    since = judged(expected(read_at=NOW + 10), pod("5"))
    assert since.verdict is Verdict.DRIFTED
    assert "newer than 4" in since.cause


def test_an_absent_api_is_on_its_way_then_missing_with_the_gateways_own_reason() -> None:
    assert judged(expected(published_at=NOW - 3), pod(absent=True)).verdict is Verdict.AHEAD
    broken = SyncFacts(True, last_error_at=NOW - 60, last_error="the repository does not answer")
    missing = judged(expected(), pod(absent=True, sync=broken))
    assert missing.verdict is Verdict.MISSING
    assert missing.cause == "is not deployed; its synchronisation fails: the repository does not answer"
    still = SyncFacts(True, last_error="the repository does not answer", failing=True)
    assert judged(expected(), pod(absent=True, sync=still)).cause == missing.cause


def test_a_stopped_api_is_absent_as_it_should_be_and_drift_where_it_runs_on() -> None:
    stopped = expected(started=False)
    assert judged(stopped, pod(absent=True)).verdict is Verdict.SYNCED
    running = judged(stopped, pod())
    assert (running.verdict, running.cause) == (Verdict.DRIFTED, "still runs although it is stopped")
    assert judged(expected(started=False, published_at=NOW - 2), pod()).verdict is Verdict.AHEAD


def test_another_definition_under_the_same_revision_is_drift_with_its_paths() -> None:
    runs = definition("orders", name="Orders by hand")
    verdict = judged(expected(), pod(runs=runs))
    assert verdict.verdict is Verdict.DRIFTED
    assert [(change.path, change.left, change.right) for change in verdict.changes] == [
        (("definition", "name"), "API orders", "Orders by hand")
    ]


def test_a_disabled_api_is_drift() -> None:
    assert judged(expected(), pod(enabled=False)).verdict is Verdict.DRIFTED


def test_without_a_revision_the_instant_of_the_deployment_decides() -> None:
    wanted = expected(revision="", published_at=NOW - 60)
    assert judged(wanted, pod(at=NOW - 60)).verdict is Verdict.SYNCED
    assert judged(wanted, pod(at=NOW - 90)).verdict is Verdict.DRIFTED


def test_when_nothing_is_known_of_what_was_published_the_verdict_is_unknown() -> None:
    nothing = Expectation("orders", read_at=NOW)
    assert judged(nothing, pod()).verdict is Verdict.UNKNOWN


def test_an_api_that_the_control_plane_does_not_have_is_an_orphan() -> None:
    assert judged(None, pod()).verdict is Verdict.ORPHAN
    assert judged(None, pod(absent=True)).verdict is None


# -- local ConfigMap mode --------------------------------------------------------------------


def test_in_configmap_mode_the_resource_version_counts_and_is_not_ordered() -> None:
    local = expected(revision="88123", sync_from="KUBERNETES", published_at=NOW - 60)
    assert judged(local, pod("88123", at=NOW - 5)).verdict is Verdict.SYNCED
    other = judged(local, pod("99999"))
    assert (other.verdict, other.cause) == (Verdict.DRIFTED, "runs revision 99999, not 88123")


# -- what cannot be read ---------------------------------------------------------------------


def test_a_pod_that_was_never_read_is_unknown_with_the_reason() -> None:
    never = judged(expected(), PodView("edge", "pod-1", problem="refused the connection"))
    assert (never.verdict, never.cause) == (Verdict.UNKNOWN, "refused the connection")


def test_a_pod_that_stopped_answering_keeps_its_verdict_and_says_since_when() -> None:
    view = pod("3", read=NOW - 40, problem="did not answer in time")
    late = judged(expected(), view)
    assert late.verdict is Verdict.DRIFTED
    assert "when last read; now: did not answer in time" in late.cause
    assert late.observed_at == NOW - 40


def test_a_pod_that_stopped_answering_before_the_deployment_is_unknown() -> None:
    view = pod("3", read=NOW - 40, problem="did not answer in time")
    assert judged(expected(published_at=NOW - 30), view).verdict is Verdict.UNKNOWN


def test_a_listed_api_whose_details_were_not_read_is_unknown() -> None:
    assert judged(expected(), pod(deployed={}, read_at={})).verdict is Verdict.UNKNOWN


# -- sharding tags and environments ----------------------------------------------------------


@pytest.mark.parametrize(
    ("gateway", "api", "taken"),
    [
        ((), (), True),
        ((), ("internal",), True),
        (("internal",), (), True),
        (("internal",), ("internal", "external"), True),
        (("internal",), ("external",), False),
        (("Internal ",), ("internal",), True),
        (("!beta",), ("beta",), False),
        (("!beta",), ("stable",), True),
        (("internal", "!beta"), ("internal", "beta"), False),
        (("!beta",), (), True),
        (None, (), True),
        (None, ("internal",), None),
    ],
)
def test_tags_decide_which_gateway_takes_what(
    gateway: tuple[str, ...] | None, api: tuple[str, ...], taken: bool | None
) -> None:
    assert takes(gateway, api) is taken


def test_where_tags_keep_an_api_off_the_hop_does_not_exist() -> None:
    inside = NodeFacts("node-1", tags=("internal",))
    outside = expected(tags=("external",))
    assert judged(outside, pod(absent=True, facts=inside)).verdict is None
    there = judged(outside, pod(facts=inside))
    assert there.verdict is Verdict.DRIFTED
    assert there.cause == "runs here although its tags (external) are not for this gateway"


def test_tags_told_from_elsewhere_count_where_the_node_tells_none() -> None:
    silent = NodeFacts("node-1", tags=None)
    view = pod(absent=True, facts=silent, tags=("internal",))
    assert judged(expected(tags=("external",)), view).verdict is None


def test_an_absent_api_with_tags_on_a_gateway_of_unknown_tags_is_unknown() -> None:
    view = pod(absent=True, facts=NodeFacts("node-1", tags=None))
    verdict = judged(expected(tags=("external",)), view)
    assert verdict.verdict is Verdict.UNKNOWN
    assert "external" in verdict.cause


def test_a_gateway_of_another_environment_is_not_concerned() -> None:
    prod = NodeFacts("node-1", tags=(), environments=("prod",))
    wanted = expected(environments=frozenset({"DEFAULT", "default"}))
    assert judged(wanted, pod(absent=True, facts=prod)).verdict is None
    mine = expected(environments=frozenset({"id-of-prod", "PROD"}))
    assert judged(mine, pod(facts=prod)).verdict is Verdict.SYNCED


# -- folding -----------------------------------------------------------------------------------


def said(verdict: Verdict | None, name: str, cause: str = "", at: float = NOW) -> PodVerdict:
    return PodVerdict("edge", name, verdict, cause, at)


def test_pods_fold_into_the_worst_with_the_count_beside_it() -> None:
    folded = fold(
        "edge",
        [
            said(Verdict.SYNCED, "a"),
            said(Verdict.DRIFTED, "b", "runs revision 3, not 4", NOW - 7),
            said(Verdict.SYNCED, "c"),
            said(None, "d"),
        ],
    )
    assert (folded.verdict, folded.text, folded.observed_at) == (Verdict.DRIFTED, "2/3", NOW - 7)
    assert folded.causes == ("edge/b runs revision 3, not 4",)
    cell = cell_of(folded)
    assert cell.causes == ("2/3 in sync", "edge/b runs revision 3, not 4")


def test_gateways_fold_into_the_worst_and_one_concerned_alone_speaks_for_itself() -> None:
    good = fold("edge", [said(Verdict.SYNCED, "a"), said(Verdict.SYNCED, "b")])
    bad = fold("dmz", [said(Verdict.MISSING, "a", "is not deployed")])
    off = fold("lab", [said(None, "a")])

    both = fold_gateways([good, bad, off])
    assert (both.verdict, both.text) == (Verdict.MISSING, "1/2")
    alone = fold_gateways([good, off])
    assert (alone.verdict, alone.text) == (Verdict.SYNCED, "2/2")
    assert fold_gateways([off]).verdict is None
    assert cell_of(fold_gateways([off])).verdict is None


def test_an_unread_pod_is_never_drawn_as_in_sync() -> None:
    folded = fold("edge", [said(Verdict.SYNCED, "a"), said(Verdict.UNKNOWN, "b", "refused")])
    assert (folded.verdict, folded.text) == (Verdict.UNKNOWN, "1/2")


# -- showing -----------------------------------------------------------------------------------


def test_a_pods_diff_shows_both_sides_as_far_as_they_are_compared() -> None:
    wanted, view = expected(), pod(runs=definition("orders", name="By hand", flows=[]))
    diff = pod_diff(wanted, view, judged(wanted, view), "orders", key=KEY)
    assert (diff.left, diff.right) == ("published revision 4", "edge/pod-1 revision 4")
    assert diff.verdict is Verdict.DRIFTED
    assert "  name: API orders" in diff.left_lines
    assert "  name: By hand" in diff.right_lines
    assert not any("flows" in line for line in diff.right_lines), "what is empty is not compared"


def test_the_diff_of_an_absent_api_has_one_side_only() -> None:
    wanted, view = expected(), pod(absent=True)
    diff = pod_diff(wanted, view, judged(wanted, view), "orders", key=KEY)
    assert diff.left_lines
    assert diff.right_lines == ()
    assert diff.causes == ("is not deployed",)
