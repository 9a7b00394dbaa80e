"""Explaining: every rule in order, what it hid and for what; and verdicts in words."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.changes import path_text
from reconciler.model.verdicts import Verdict
from reconciler.rules.documentation import rule_documentation, verdict_documentation
from reconciler.rules.explaining import Explanation, explain
from reconciler.rules.kinds import BUILT_IN
from reconciler.rules.ownership import tool_of
from reconciler.rules.rules_file import parse_rules
from reconciler.rules.ruleset import STANDARD, RuleSet, Step
from tests.unit.rules.schemas import API, api

KEY = b"k" * 32
PACK = parse_rules("rules:\n  - {rule: no-state, ignore: spec.state, reason: stopped at night}", "rules.yaml")
RULES = STANDARD.ignoring(PACK.rules)


def _git() -> dict[str, Any]:
    return api(name="orders", tags=["b", "a"], flows=[{"name": "f", "response": []}])


def _cluster() -> dict[str, Any]:
    body = api(name="orders-2", state="STOPPED", tags=["a", "b"], flows=[{"name": "f", "enabled": True}])
    body["metadata"] |= {"uid": "1", "labels": {"argocd.argoproj.io/instance": "x"}}
    body["status"] = {"state": "STARTED"}
    return body


def explained(path: str | None = None) -> Explanation:
    """The explanation of the two documents."""
    return explain(_git(), _cluster(), API, RULES, path, key=KEY)


def test_every_rule_is_told_in_the_order_of_the_steps_with_what_it_hid() -> None:
    told = explained()
    rules = [fired.rule for fired in told.fired]
    assert [fired.step for fired in told.fired] == sorted(fired.step for fired in told.fired)
    assert rules[0] == "server-field"
    assert rules[-1] == "argocd-mark"
    found = {fired.rule: fired for fired in told.fired}
    assert found["server-field"].right == ("status", "metadata.uid")
    assert found["order-means-nothing"].left == ("spec.tags",)
    assert found["empty-is-absent"].left == ("spec.flows[f].response",)
    assert "spec.flows[f].enabled" in found["schema-default"].left
    assert found["no-state"].right == ("spec.state",)
    assert found["no-state"].what_for == "stopped at night (rules.yaml:2)"
    assert found["argocd-mark"].on_change == ('metadata.labels["argocd.argoproj.io/instance"]',)


def test_what_is_left_is_the_judgement_of_the_same_rules() -> None:
    told = explained()
    assert [path_text(change.path) for change in told.judgement.changes] == ["spec.name"]
    assert told.judgement.verdict is Verdict.DRIFTED
    assert told.hits["no-state"] == 2  # the default on the left, the value on the right


def test_asked_for_a_path_only_what_touches_it_is_told() -> None:
    assert [fired.rule for fired in explained("spec.state").fired] == ["schema-default", "no-state"]
    assert [fired.rule for fired in explained("/spec/tags").fired] == ["order-means-nothing"]
    assert "empty-is-absent" in {fired.rule for fired in explained("spec.flows[f].response").fired}
    assert explained("spec.version").fired == ()


def test_a_path_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        explained("spec..x")


def test_no_value_is_in_an_explanation() -> None:
    body = _cluster()
    body["spec"]["properties"] = [{"key": "password", "value": "hunter2"}]
    assert "hunter2" not in repr(explain(_git(), body, API, RULES, key=KEY))


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_is_documented_in_sentences(verdict: Verdict) -> None:
    text = verdict_documentation(verdict)
    assert text.verdict is verdict
    assert text.why.endswith(".") and text.next_step.endswith(".")
    assert not text.meaning.endswith(".")


def test_every_rule_that_can_fire_is_documented() -> None:
    unknown = rule_documentation("no such rule", STANDARD)[1]
    names = {rule.name for kind in BUILT_IN for rule in (*kind.rules, *kind.explanations)}
    marks = ("argocd.argoproj.io/x", "meta.helm.sh/x", "kustomize.toolkit.fluxcd.io/x", "gravitee.io/x")
    names |= {
        str(tool_of(mark, "")) for mark in (*marks, "config.kubernetes.io/x", "cattle.io/x", "node.k8s.io/x")
    }
    names |= {
        "server-field",
        "schema-default",
        "order-means-nothing",
        "one-format",
        "written-by-a-controller",
    }
    for name in names:
        assert rule_documentation(name, STANDARD)[1] != unknown, name


def test_a_rule_of_a_file_is_documented_by_its_reason() -> None:
    assert rule_documentation("no-state", RULES) == (Step.RULES, "stopped at night (rules.yaml:2)")
    assert RuleSet(ignore=PACK.rules).ignore == RULES.ignore
