"""Ignore rules: what they hide, for whom, with which reason, and that a mistake hides nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.changes import Ignored, KeyStep, path_text
from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Place, Verdict
from reconciler.rules.comparing import Judgement, Subject, comparable_digest, judge
from reconciler.rules.ignoring import IgnoreRule
from reconciler.rules.normalise import normalise
from reconciler.rules.patterns import covers, parse_pattern, pattern_text
from reconciler.rules.rules_file import RulePack, new_rule, parse_rules
from reconciler.rules.rules_testing import run_cases
from reconciler.rules.ruleset import STANDARD, RuleSet, Step
from tests.unit.rules.schemas import API, NONE, api

KEY = b"k" * 32
EDGE = ResourceKey("eu-1", "ApiV4Definition", "shop", "orders")


def pack(*rules: str) -> RulePack:
    """A rules file with these rules, without a fault."""
    made = parse_rules("rules:\n" + "\n".join(f"  - {rule}" for rule in rules), "rules.yaml")
    assert not made.faults
    return made


def rule(path: str, where: str = "") -> IgnoreRule:
    """A rule that ignores a path."""
    (made,) = pack(f"{{rule: mine, ignore: '{path}', reason: because{where and f', where: {where}'}}}").rules
    return made


def judged(
    git: dict[str, Any],
    cluster: dict[str, Any],
    *rules: IgnoreRule,
    subject: Subject | None = None,
) -> Judgement:
    """The judgement of a hop under these rules."""
    ruleset = RuleSet(ignore=rules)
    left, right = (normalise(body, API, ruleset) for body in (git, cluster))
    return judge(left, right, None, key=KEY, body=cluster, ruleset=ruleset, subject=subject)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("spec.plans.gold.tags", ("spec", "plans", "gold", "tags")),
        ("spec.plans.*.tags", ("spec", "plans", "gold", "tags", KeyStep("a"))),
        ("spec.plans[gold].tags", ("spec", "plans", "gold", "tags")),
        ("spec.flows[*].request", ("spec", "flows", KeyStep("f"), "request", 0)),
        ("spec.flows[0]", ("spec", "flows", 0)),
        ("spec.**.enabled", ("spec", "flows", KeyStep("f"), "request", 0, "enabled")),
        ("/spec/plans/gold/tags", ("spec", "plans", "gold", "tags")),
        ("/metadata/labels/team.example~1tier", ("metadata", "labels", "team.example/tier")),
        ('metadata.labels["team.example/tier"]', ("metadata", "labels", "team.example/tier")),
        ('metadata.labels["a*b"]', ("metadata", "labels", "a*b")),
        ("metadata.labels.mesh-*", ("metadata", "labels", "mesh-x")),
        ("/spec/flows/0/name", ("spec", "flows", 0, "name")),
    ],
)
def test_paths_that_a_pattern_covers(pattern: str, path: tuple[Any, ...]) -> None:
    assert covers(parse_pattern(pattern), path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("spec.plans.gold", ("spec", "plans")),
        ("spec.plans.gold", ("spec", "plans", "golden")),
        ('metadata.labels["a*b"]', ("metadata", "labels", "aXb")),
        ("spec.*", ("metadata", "labels")),
    ],
)
def test_paths_that_a_pattern_does_not_cover(pattern: str, path: tuple[Any, ...]) -> None:
    assert not covers(parse_pattern(pattern), path)


@pytest.mark.parametrize("text", ["", "spec..x", "spec.[", "a]b", "/spec/~2", 'spec["x'])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_pattern(text)


def test_an_ignored_field_makes_no_difference_not_even_to_the_cheap_equality() -> None:
    git, cluster = api(name="a", state="STARTED"), api(name="a", state="STOPPED")
    ruleset = RuleSet(ignore=[rule("spec.state")])
    digests = {comparable_digest(normalise(body, API, ruleset), KEY) for body in (git, cluster)}
    assert len(digests) == 1
    assert judged(git, cluster, rule("spec.state")).verdict is Verdict.SYNCED
    assert judged(git, cluster).verdict is Verdict.DRIFTED


def test_only_what_is_named_is_ignored() -> None:
    git = api(plans={"gold": {"name": "a", "status": "STAGING"}})
    cluster = api(plans={"gold": {"name": "b", "status": "CLOSED"}})
    (change,) = judged(git, cluster, rule("spec.plans[*].status")).changes
    assert path_text(change.path) == "spec.plans.gold.name"


def test_every_hit_is_told_with_the_name_of_the_rule() -> None:
    ignored: list[Ignored] = []
    body = api(plans={"gold": {"status": "STAGING"}, "free": {"status": "CLOSED"}})
    normalise(body, API, RuleSet(ignore=[rule("spec.plans.*.status")]), ignored=ignored)
    hits = [path_text(entry.path) for entry in ignored if entry.rule == "mine"]
    assert hits == ["spec.plans.free.status", "spec.plans.gold.status"]


def test_labels_can_be_ignored() -> None:
    git, cluster = api(), api()
    cluster["metadata"]["labels"] = {"mesh-rev": "7"}
    assert judged(git, cluster).verdict is Verdict.DRIFTED
    assert judged(git, cluster, rule("metadata.labels.mesh-*")).verdict is Verdict.SYNCED


@pytest.mark.parametrize(
    ("where", "is_ignored"),
    [
        ("{kind: ApiV4Definition}", True),
        ("{kind: apiv4definitions}", True),
        ("{kind: Application}", False),
        ("{name: 'ord*'}", True),
        ("{name: payments}", False),
        ("{namespace: 'sh*'}", True),
        ("{namespace: other}", False),
        ("{cluster: 'eu-*'}", True),
        ("{cluster: 'us-*'}", False),
        ("{hop: cluster}", True),
        ("{hop: gateway}", False),
        ("{labels: 'tier in (edge, core)'}", True),
        ("{labels: tier!=edge}", False),
        ("{kind: ApiV4Definition, cluster: eu-1, namespace: shop, labels: tier}", True),
        ("{kind: ApiV4Definition, cluster: us-1}", False),
    ],
)
def test_a_rule_is_for_the_resources_that_it_selects(where: str, is_ignored: bool) -> None:
    subject = Subject(EDGE, Place.CLUSTER, {"tier": "edge"})
    told = judged(api(name="a"), api(name="b"), rule("spec.name", where), subject=subject)
    assert (told.verdict is Verdict.SYNCED) is is_ignored


def test_a_rule_that_needs_to_know_the_resource_hides_nothing_where_nobody_told() -> None:
    assert judged(api(name="a"), api(name="b"), rule("spec.name", "{cluster: '*'}")).changes


@pytest.mark.parametrize(("writer", "verdict"), [("istio-cd", Verdict.SYNCED), ("kubectl", Verdict.DRIFTED)])
def test_a_rule_may_ask_who_wrote_it(writer: str, verdict: Verdict) -> None:
    cluster = api(name="b")
    fields = {"f:spec": {"f:name": {}}}
    cluster["metadata"]["managedFields"] = [{"manager": writer, "operation": "Update", "fieldsV1": fields}]
    told = judged(api(name="a"), cluster, rule("spec.name", "{manager: 'istio*'}"), subject=Subject(EDGE))
    assert told.verdict is verdict
    assert (Ignored(("spec", "name"), "mine") in told.ignored) is (verdict is Verdict.SYNCED)


def test_the_digest_changes_when_a_rule_does() -> None:
    digests = [
        RuleSet(ignore=rules).digest
        for rules in (
            [],
            [rule("spec.name")],
            [rule("spec.state")],
            [rule("spec.name", "{kind: Group}")],
            [rule("spec.name"), *pack("{rule: b, ignore: x.y, reason: r}").rules],
        )
    ]
    assert len(set(digests)) == 5
    assert STANDARD.ignoring([rule("spec.name")]).digest == RuleSet(ignore=[rule("spec.name")]).digest


def test_repository_comes_before_user_and_both_hold() -> None:
    repository = pack("{rule: theirs, ignore: spec.name, reason: r}")
    user = pack("{rule: mine, ignore: spec.state, reason: r}")
    both = STANDARD.ignoring(repository.rules).ignoring(user.rules)
    assert [found.name for found in both.ignore] == ["theirs", "mine"]
    assert normalise(api(name="a", state="STOPPED"), NONE, both) == {"spec": {}}


def test_with_rules_switched_off_nothing_is_ignored() -> None:
    off = RuleSet(ignore=[rule("spec.name")], steps=set(Step) - {Step.RULES})
    assert normalise(api(name="a"), NONE, off)["spec"] == {"name": "a"}


FAULTY = {
    "rules: 7": (1, "is no list"),
    "rules:\n  - 7": (2, "is no map"),
    "surprise: 1": (1, "has no field 'surprise'"),
    "version: 2": (1, "is not of version 1"),
    "rules:\n  - rule: a\n    ignore: spec.x": (2, "needs 'reason'"),
    "rules:\n  - rule: a\n    reason: r": (2, "ignores nothing"),
    "rules:\n  - rule: a\n    reason: r\n    ignore: 'spec..x'": (4, "cannot be read from"),
    "rules:\n  - rule: a\n    reason: r\n    ignore: spec": (4, "would hide everything"),
    "rules:\n  - rule: a\n    reason: r\n    ignore: [[x]]": (4, "is no text"),
    "rules:\n  - rule: a\n    reason: r\n    ignore: x.y\n    where: {}": (5, "is empty"),
    "rules:\n  - rule: a\n    reason: r\n    ignore: x.y\n    where: {hop: moon}": (5, "is no hop"),
    "rules:\n  - rule: a\n    reason: r\n    ignore: x.y\n    where: {labels: 'a b'}": (5, "label selector"),
    "rules:\n  - rule: a\n    reason: r\n    ignore: x.y\n    were: {kind: A}": (5, "has no field 'were'"),
    "rules:\n  - rule: '\\e[31m'\n    reason: r\n    ignore: x.y": (2, "is no name"),
    "tests:\n  - case: a\n    git: {kind: A}": (2, "needs 'cluster'"),
    "tests:\n  - case: a\n    git: {kind: A}\n    cluster: {kind: A}": (2, "expects nothing"),
    "rules: [": (2, "is no YAML"),
    "rules: &a [*a]": (1, "is no map"),
    "tests:\n  - {case: a, git: &g {kind: A, x: *g}, cluster: {kind: A}, expect: []}": (1, "nested"),
    "\t- x": (1, "is no YAML"),
}


@pytest.mark.parametrize("text", FAULTY)
def test_a_mistake_is_told_with_its_line_and_hides_nothing(text: str) -> None:
    line, what = FAULTY[text]
    made = parse_rules(text, "shop/.gko-tui/rules.yaml")
    assert made.rules == ()
    assert made.cases == ()
    (fault,) = made.faults
    assert what in str(fault)
    assert str(fault).startswith(f"shop/.gko-tui/rules.yaml:{line}:")


def test_beside_a_mistake_the_other_rules_hold() -> None:
    second = "{rule: b, ignore: x.y, reason: r}"
    made = parse_rules(f"rules:\n  - {{rule: a}}\n  - {second}\n  - {second}\n", "r.yaml")
    assert [found.name for found in made.rules] == ["b"]
    assert [fault.line for fault in made.faults] == [2, 4]


def test_a_file_that_is_a_bomb_is_one_fault() -> None:
    levels = "".join(f"  - &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    text = "tests:\n  - case: a\n    cluster: {kind: A}\n    expect: []\n    git:\n      kind: A\n      x:\n"
    text += "".join("      " + line for line in ("  - &a0 [x]\n" + levels).splitlines(keepends=True))
    (fault,) = parse_rules(text, "r.yaml").faults
    assert "has more than" in fault.what
    assert parse_rules("[" * 5_000, "r.yaml").faults
    assert parse_rules("x" * 2_000_000, "r.yaml").faults


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "version: 1\nrules:\ntests:\n"])
def test_an_empty_file_is_no_mistake(text: str) -> None:
    assert parse_rules(text, "r.yaml") == RulePack("r.yaml")


CASES = """
rules:
  - rule: no-state
    ignore: spec.state
    reason: the night shift stops APIs
  - rule: on-the-edge
    ignore: [spec.name]
    reason: named by their clusters
    where: {cluster: 'edge-*'}
tests:
  - case: state is left alone
    git: {kind: ApiV4Definition, spec: {state: STARTED}}
    cluster: {kind: ApiV4Definition, spec: {state: STOPPED}}
    expect: []
    ignored: [no-state]
  - case: names count elsewhere
    git: {kind: ApiV4Definition, spec: {name: a}}
    cluster: {kind: ApiV4Definition, spec: {name: b}}
    on: {cluster: core-1}
    expect: [spec.name]
  - case: but not there
    git: {kind: ApiV4Definition, spec: {name: a}}
    cluster: {kind: ApiV4Definition, spec: {name: b}}
    on: {cluster: edge-1}
    expect: []
  - case: a wrong expectation
    git: {kind: ApiV4Definition, spec: {name: a, state: STARTED}}
    cluster: {kind: ApiV4Definition, spec: {name: b, state: STOPPED}}
    expect: [spec.state, spec.version]
    ignored: [on-the-edge]
"""


def test_the_tests_of_a_rules_file_tell_what_the_rules_do() -> None:
    made = parse_rules(CASES, "rules.yaml")
    assert not made.faults
    results = run_cases([made], STANDARD.ignoring(made.rules), {"ApiV4Definition": API})
    assert [result.passed for result in results] == [True, True, True, False]
    assert results[3].failures == (
        "spec.state should count, but no-state hides it",
        "spec.version should count, but it does not differ",
        "spec.name counts, but should not",
        "rule on-the-edge should have hidden something, but did not",
    )
    assert results[3].case.origin == "rules.yaml:26"


STEPS = st.one_of(
    st.text(min_size=1, max_size=6).map(KeyStep),
    st.sampled_from(
        [KeyStep("a]b"), KeyStep('"'), KeyStep("*"), KeyStep(""), KeyStep(" x "), KeyStep("a\\b")]
    ),
    st.integers(0, 9),
    st.text(max_size=6),
)


@settings(max_examples=200, deadline=None)
@given(steps=st.lists(STEPS, min_size=1, max_size=4))
def test_what_ignore_this_field_writes_names_the_field_and_no_other(steps: list[Any]) -> None:
    path = ("spec", *steps)
    pattern = parse_pattern(pattern_text(path))
    assert covers(pattern, path)
    assert len(pattern) == len(path)
    assert not any(part.glob for part in pattern)


def test_a_rule_that_was_written_is_read_back() -> None:
    path = ("spec", "plans", "gold: 1", "flows", KeyStep("f"), "enabled")
    where = {"kind": "ApiV4Definition", "cluster": "eu-1"}
    text = "rules:\n" + new_rule("night-shift", path, "switched off at night: #1", where)
    made = parse_rules(text, "rules.yaml")
    assert not made.faults
    (found,) = made.rules
    assert (found.name, found.reason, found.where.cluster) == (
        "night-shift",
        "switched off at night: #1",
        "eu-1",
    )
    assert covers(found.patterns[0], path)
