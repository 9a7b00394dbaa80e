"""The language of `/`."""

from __future__ import annotations

import pytest

from gko_tui.view.filtering import FIELDS, NO_FILTER, parse_filter
from reconciler.model.errors import UsageError
from reconciler.model.rows import Row
from reconciler.model.verdicts import Verdict
from tests.terminal.replay import row

ROWS = (
    row(
        "payments-api",
        namespace="pay",
        verdict=Verdict.DRIFTED,
        manager="kubectl-edit",
        labels=(("team", "pay"),),
    ),
    row("orders", namespace="shop", cluster="prod-us", verdict=Verdict.UNKNOWN, author="ben"),
    row(
        "catalog",
        namespace="shop",
        cluster="stage",
        kind="ApiDefinition",
        labels=(("team", "shop"), ("tier", "1")),
    ),
)


def found(text: str) -> list[str]:
    wanted = parse_filter(text)
    return [row.key.name for row in ROWS if wanted(row)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("pay", ["payments-api"]),
        ("PAY", ["payments-api"]),
        ("shop", ["orders", "catalog"]),
        ("shop stage", ["catalog"]),
        ("!shop", ["payments-api"]),
        ("^cat", ["catalog"]),
        ("^(orders|catalog)", ["orders", "catalog"]),
        ("!^(orders|catalog)", ["payments-api"]),
        ("-f pmtsapi", ["payments-api"]),
        ("-f ctlg", ["catalog"]),
        ("-f", ["payments-api", "orders", "catalog"]),
        ("sync:drifted", ["payments-api"]),
        ("sync:unk", ["orders"]),
        ("sync:drifted,unknown", ["payments-api", "orders"]),
        ("!sync:synced", ["payments-api", "orders"]),
        ("sync:synced", ["catalog"]),
        ("cluster:prod*", ["payments-api", "orders"]),
        ("cluster:eu", ["payments-api"]),
        ("ns:shop kind:apidef", ["catalog"]),
        ("app:team-pay", ["payments-api"]),
        ("author:ben", ["orders"]),
        ("author:kubectl", ["payments-api"]),
        ("label:team", ["payments-api", "catalog"]),
        ("label:team=shop", ["catalog"]),
        ("label:tier=2", []),
        ("namespace:shop state:unknown", ["orders"]),
        ("cluster:", ["payments-api", "orders", "catalog"]),
        ("!", ["payments-api", "orders", "catalog"]),
        ("", ["payments-api", "orders", "catalog"]),
    ],
)
def test_a_filter_finds(text: str, names: list[str]) -> None:
    assert found(text) == names


def test_a_field_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(UsageError) as caught:
        parse_filter("owners:ana")
    assert "owners" in str(caught.value)
    assert all(field in str(caught.value) for field in FIELDS)


def test_an_unfinished_regular_expression_is_searched_as_text_and_says_so() -> None:
    wanted = parse_filter("pay(")
    assert "searched as text" in wanted.note
    assert not any(wanted(row) for row in ROWS)


def test_a_very_long_pattern_is_text_so_that_it_cannot_be_slow() -> None:
    assert parse_filter("(a+)+" * 60 + "$").note == ""


def test_no_text_is_no_filter() -> None:
    assert parse_filter("  ") is NO_FILTER
    assert not NO_FILTER


def test_a_row_without_any_verdict_counts_as_unknown() -> None:
    nothing = Row(row("x").key)
    assert parse_filter("sync:unknown")(nothing)
