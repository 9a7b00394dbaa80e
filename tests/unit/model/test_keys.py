"""How people name resources on the command line, and what those names mean."""

from __future__ import annotations

import pytest

from reconciler.model.errors import UsageError
from reconciler.model.keys import LabelSelector, ResourceKey, ResourceSelector, same_kind

KEY = ResourceKey("prod-eu", "ApiV4Definition", "pay", "payments-api")


@pytest.mark.parametrize(
    "text",
    [
        "payments-api",
        "payments-*",
        "ApiV4Definition/payments-api",
        "apiv4definitions/pay/payments-api",
        "prod-eu:ApiV4Definition/pay/payments-api",
        "prod-*:payments-api",
        "*:*/*/*",
    ],
)
def test_a_selector_finds_the_resource(text: str) -> None:
    assert ResourceSelector.parse(text).matches(KEY)


@pytest.mark.parametrize(
    "text", ["payments", "Application/payments-api", "prod-us:payments-api", "ApiV4Definition/shop/*"]
)
def test_a_selector_leaves_others_out(text: str) -> None:
    assert not ResourceSelector.parse(text).matches(KEY)


@pytest.mark.parametrize("text", ["", "/", "a//b", "a/b/c/d", ":name", "kind/"])
def test_a_text_that_is_no_resource_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="NAMESPACE"):
        ResourceSelector.parse(text)


def test_a_kind_is_named_in_any_case_and_number() -> None:
    assert same_kind("Dictionaries", "Dictionary")
    assert same_kind("APPLICATION", "Application")
    assert not same_kind("api", "ApiDefinition")


@pytest.mark.parametrize(
    ("selector", "holds"),
    [
        ("team=pay", True),
        ("team==pay,tier", True),
        ("team!=pay", False),
        ("team in (shop, pay),!missing", True),
        ("team notin (pay)", False),
        ("absent!=x", True),
        ("tier in (gold)", False),
        ("!tier", False),
    ],
)
def test_label_selectors_mean_what_kubectl_means(selector: str, holds: bool) -> None:
    assert LabelSelector.parse(selector).matches({"team": "pay", "tier": "silver"}) is holds


@pytest.mark.parametrize("text", ["a=b=c", "team in pay", "!a=b", "a b"])
def test_a_text_that_is_no_label_selector_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="label selector"):
        LabelSelector.parse(text)
