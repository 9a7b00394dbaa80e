"""`diff`: field by field, with its direction, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from gko_tui.commands.diff import answer
from gko_tui.commands.selection import NothingSelected
from gko_tui.output.cells import cells
from gko_tui.output.diff_document import plain
from gko_tui.output.diff_table import diff_lines, value_text
from reconciler.model.changes import ABSENT, Change, ChangeKind, HopDiff, Redacted
from reconciler.model.rows import PlaceState, Row
from reconciler.model.verdicts import Place, Verdict
from tests.unit.cli.fleets import DEAD, NOW, READY, ROWS, Run, fleet_of, row
from tests.unit.cli.schemas import validate


async def diff(
    line: str, rows: Sequence[Row] = ROWS, places: Sequence[PlaceState] = READY, **console: Any
) -> tuple[int, Run]:
    run = Run(line.split(), fleet_of(rows, places), **console)
    return await answer(run.invocation, run.reading), run


async def test_a_drifted_resource_shows_each_field_with_both_values_and_who_wrote_it() -> None:
    code, run = await diff("diff payments-api")
    assert code == 3
    lines = run.written.splitlines()
    assert lines[0] == "prod-eu:ApiV4Definition/pay/payments-api  ≠ Drifted"
    assert lines[1] == "Git → cluster, 4 differences"
    assert lines[2].split(maxsplit=1)[0] == "spec.plans[free]"
    assert lines[2].endswith("kubectl-edit, 5m ago")
    assert lines[3:6] == ["    + key: ‹redacted›", "    + security:", "    +   type: KEY_LESS"]
    assert lines[6].split() == ["spec.name", "-", "Payments", "+", "Paymentz", "kubectl-edit,", "5m", "ago"]
    assert lines[7].split() == ["spec.tags", "-", '["a","b"]']
    assert lines[8].split() == ["spec.password", "-", "‹redacted›", "+", "‹redacted›"]
    assert len(lines) == 9


async def test_a_resource_in_sync_says_so() -> None:
    code, run = await diff("diff catalog")
    assert code == 0
    assert run.written == ("prod-us:ApiV4Definition/shop/catalog  = Synced, Git → cluster: no difference\n")


async def test_without_a_resource_all_that_differ_are_shown_and_nothing_else() -> None:
    code, run = await diff("diff")
    assert code == 3
    assert "payments-api  ≠ Drifted" in run.written
    assert "orders  ∅ Missing\nGit → cluster\n  is in Git and was not applied to prod-eu\n" in run.written
    assert "catalog" not in run.written
    code, run = await diff("diff --application shop")
    assert (code, run.written) == (0, "no difference in what could be read\n")


@pytest.mark.parametrize("width", [60, 80, 120])
async def test_on_a_terminal_no_line_is_wider_than_it(width: int) -> None:
    _, run = await diff("diff payments-api", width=width)
    assert max(map(cells, run.written.splitlines())) <= width
    assert "- Payments" in run.written and "+ Paymentz" in run.written


async def test_json_is_the_documented_document() -> None:
    code, run = await diff("diff payments-api catalog -o json", places=(*READY, DEAD))
    document = orjson.loads(run.written)
    validate(document)
    assert document["exitCode"] == code == 3
    in_sync, drifted = sorted(document["diffs"], key=lambda one: one["name"])
    assert in_sync["changes"] == []
    added, changed, removed, secret = drifted["changes"]
    assert added == {
        "path": "spec.plans[free]",
        "kind": "added",
        "right": {"security": {"type": "KEY_LESS"}, "key": {"redacted": True}},
        "origin": "right",
        "manager": "kubectl-edit",
        "at": "2026-09-21T14:08:20Z",
    }
    assert (changed["left"], changed["right"]) == ("Payments", "Paymentz")
    assert removed["left"] == ["a", "b"] and "right" not in removed
    assert secret["left"] == secret["right"] == {"redacted": True}


async def test_the_exit_code_is_of_the_hop_that_was_asked_for() -> None:
    assert (await diff("diff orders"))[0] == 2
    assert (await diff("diff catalog", places=(*READY, DEAD)))[0] == 0  # asked for by name, and read
    assert (await diff("diff -l team=shop --cluster prod-us", places=(*READY, DEAD)))[0] == 5
    unknown = row("x", Verdict.UNKNOWN, "stage does not answer")
    assert (await diff("diff x --allow-unknown", rows=(unknown,)))[0] == 0


async def test_what_cannot_be_compared_says_why() -> None:
    unknown = row("x", Verdict.UNKNOWN, "stage does not answer")
    _, run = await diff("diff x", rows=(unknown,))
    assert run.written.endswith("x  ? Unknown\nGit → cluster\n  stage does not answer\n")


async def test_a_name_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(NothingSelected, match="did you mean"):
        await diff("diff payments-ap")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("", '""'),
        (" padded ", '" padded "'),
        ("two\nlines", '"two\\nlines"'),
        (None, "null"),
        (True, "true"),
        ([1, {"a": Redacted(b"x")}], '[1,{"a":"‹redacted›"}]'),
        (2**70, f'"{2**70}"'),
    ],
)
def test_values_are_written_on_one_line(value: object, text: str) -> None:
    assert value_text(value) == text


def test_a_value_cannot_act_on_the_terminal() -> None:
    assert not {"\x1b", "\u202e", "\x9b"} & set(value_text("\x1b[2J \u202e \x9b2J"))
    assert not {"\x1b", "\u202e", "\x9b"} & set(value_text({"k\u202e": "\x9b2J"}))


def test_values_json_cannot_hold_become_text() -> None:
    assert plain({"a": 2**70, 3: ["\ud800"]}) == {"a": str(2**70), "3": ["?"]}


def test_a_large_subtree_is_lines_and_a_huge_one_is_cut_with_a_way_to_the_rest() -> None:
    added = Change(
        ("spec", "flows"), ChangeKind.ADDED, ABSENT, [{"name": f"flow {number}"} for number in range(100)]
    )
    hop = HopDiff(Place.CLUSTER, "Git", "cluster", Verdict.DRIFTED, (), (added,))
    console = Run(["diff"], fleet_of(ROWS), width=40).invocation.console
    lines = diff_lines(ROWS[0], hop, console, NOW)
    assert lines[2:4] == ["  spec.flows", "    + - name: flow 0"]
    assert lines[-1].startswith("    + … 40 lines more; -o json has")
    assert max(map(cells, lines[2:])) <= 40
