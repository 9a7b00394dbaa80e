"""The cheap equality says "equal" exactly where comparing in full finds no difference."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.engine.fingerprint import Fingerprinter, same
from reconciler.rules.ruleset import RuleSet
from reconciler.rules.schema import Schema

KEY = b"k" * 32
ANY = Schema({})


def print_of(**metadata: Any) -> bytes:
    body = {
        "apiVersion": "gravitee.io/v1alpha1",
        "kind": "ApiV4Definition",
        "metadata": {"name": "payments", **metadata},
        "spec": {"name": "Payments"},
    }
    return Fingerprinter(KEY, RuleSet()).of(body, ANY)


def on_cluster(**metadata: Any) -> bytes:
    return print_of(uid="0c6e", **metadata)


TEAM = {"labels": {"team": "pay"}}


def test_two_sides_that_state_the_same_are_equal() -> None:
    assert same(print_of(**TEAM), on_cluster(**TEAM))


@pytest.mark.parametrize(
    "held",
    [
        {"labels": {"team": "shop"}},
        {},
        {"labels": {"team": "pay", "owner": "somebody"}},
        {**TEAM, "annotations": {"note": "by hand"}},
    ],
    ids=["another value", "taken away", "a label added", "an annotation added"],
)
def test_what_counts_of_metadata_makes_them_unequal(held: dict[str, Any]) -> None:
    assert not same(print_of(**TEAM), on_cluster(**held))


def test_a_mark_of_a_tool_counts_only_where_git_states_it_too() -> None:
    mark = "argocd.argoproj.io/tracking-id"
    marked = on_cluster(**TEAM, annotations={mark: "shop:1"})
    assert same(print_of(**TEAM), marked)
    assert same(print_of(**TEAM, annotations={mark: "shop:1"}), marked)
    assert not same(print_of(**TEAM, annotations={mark: "shop:2"}), marked)
    assert not same(print_of(**TEAM, annotations={mark: "shop:1"}), on_cluster(**TEAM))
