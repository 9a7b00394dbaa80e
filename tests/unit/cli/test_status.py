"""`status` and `get`: what is written, and the exit code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import pytest
import yaml

from gko_tui.commands.selection import NothingSelected
from gko_tui.commands.status import answer
from gko_tui.output.cells import cells
from reconciler.model.rows import PlaceState, Problem, Row
from reconciler.model.verdicts import Place, Verdict
from tests.unit.cli.fleets import BROKEN_FILE, DEAD, READY, ROWS, Run, cell, fleet_of, row
from tests.unit.cli.schemas import validate


def status(
    line: str,
    rows: Sequence[Row] = ROWS,
    places: Sequence[PlaceState] = READY,
    problems: Sequence[Problem] = (),
    **console: Any,
) -> tuple[int, Run]:
    run = Run(line.split(), fleet_of(rows, places, problems), **console)
    return answer(run.invocation, run.reading, overview=line.startswith("status")), run


def test_the_table_has_a_line_for_each_resource_with_its_strip_and_cause() -> None:
    code, run = status("status")
    lines = run.written.splitlines()
    assert code == 3
    assert lines[0].split() == [
        "CLUSTER",
        "KIND",
        "NAMESPACE",
        "NAME",
        "G",
        "K",
        "C",
        "W",
        "STATE",
        "REV",
        "AGE",
        "CAUSE",
    ]
    assert [line.split()[3] for line in lines[1:4]] == ["orders", "payments-api", "catalog"]
    drifted = lines[2]
    assert "= ≠ · ·  Drifted  8f21c0a  5m   spec.plans[free] was added by kubectl-edit" in drifted
    assert lines[3].endswith("= = · ·  Synced   8f21c0a  5m")


def test_below_the_table_stand_summary_places_and_problems() -> None:
    _, run = status("status", places=(*READY, DEAD), problems=(BROKEN_FILE,))
    tail = run.written.splitlines()[-8:]
    assert tail == [
        "3 resources: ≠ 1 Drifted, ∅ 1 Missing, = 1 Synced",
        "  G Git: = 3",
        "  K cluster: ≠ 1, ∅ 1, = 1",
        "",
        "source apis: ready, 8f21c0a",
        "cluster prod-eu: ready, v1.36.3",
        "cluster stage: failed, does not answer; check the VPN, next try in 8s",
        "error: apis: pay/bad.yaml:7: is indented with a tab; use blanks",
    ]


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160, 200])
def test_no_line_of_the_table_is_wider_than_the_terminal_and_every_cause_is_seen(width: int) -> None:
    long = row("a-name-that-goes-on-and-on-and-on-for-longer-than-any-column-would", Verdict.DRIFTED, "why")
    wide = row("数据" * 20, Verdict.FAILED, "because", cluster="a-cluster-with-a-long-name")
    _, run = status("status", rows=(*ROWS, long, wide), width=width)
    table = run.written.split("\n\n")[0].splitlines()
    assert max(cells(line) for line in table if not line.startswith("    ")) <= width
    for cause in ("why", "because", "spec.plans[free]", "is in Git"):
        assert any(cause in line for line in table)
    assert all("G K C W" in table[0] and word in run.written for word in ("Drifted", "Failed", "Missing"))


def test_narrow_terminals_lose_rev_first_then_age() -> None:
    assert "REV" in status("status", width=100)[1].written.splitlines()[0]
    assert "REV" not in status("status", width=75)[1].written.splitlines()[0]
    assert "AGE" in status("status", width=75)[1].written.splitlines()[0]


def test_ascii_mode_writes_ascii_only() -> None:
    _, run = status("status", ascii_only=True, width=60, places=(*READY, DEAD))
    assert run.written.isascii()
    assert "= # . ." in run.written and "= 0 . ." in run.written


def test_colours_add_nothing_but_colour() -> None:
    import re

    _, plain = status("status", width=120)
    _, coloured = status("status", width=120, colour=True)
    assert "\x1b[33m" in coloured.written and "\x1b" not in plain.written
    assert re.sub(r"\x1b\[\d+m", "", coloured.written) == plain.written


def test_hostile_text_cannot_act_on_the_terminal() -> None:
    hostile = row("a\x1b[31m[red]\u202e", Verdict.FAILED, "\x1b]0;title\x07 and \x9b1m")
    problem = Problem(Place.GIT, "s\x1b[2J", "p:1", "m\x1b[2J", "n\x1b[2J")
    _, run = status("status", rows=(hostile,), problems=(problem,))
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(run.written)
    assert "[red]" in run.written
    for form in ("json", "yaml"):
        _, run = status(f"status -o {form}", rows=(hostile,), problems=(problem,))
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(run.written)
        assert yaml.safe_load(run.written)["resources"][0]["name"] == hostile.key.name


@pytest.mark.parametrize("form", ["json", "yaml", "table"])
def test_names_that_are_no_unicode_are_written_all_the_same(form: str) -> None:
    latin = row("a\udce9b", Verdict.FAILED, "author \udcff")
    _, run = status(f"status -o {form}", rows=(latin,))
    assert "udce9b" in run.written and "udcff" in run.written


def test_json_is_the_documented_document() -> None:
    code, run = status("status -o json", places=(*READY, DEAD), problems=(BROKEN_FILE,))
    document = orjson.loads(run.written)
    validate(document)
    assert document["exitCode"] == code == 3
    assert document["observedAt"] == "2026-09-21T14:13:20Z"
    assert document["summary"]["Drifted"] == 1 and document["summary"]["Conflict"] == 0
    drifted = document["resources"][1]
    assert drifted["name"] == "payments-api"
    assert drifted["places"]["cluster"] == {
        "verdict": "Drifted",
        "since": "2026-09-21T14:08:20Z",
        "observedAt": "2026-09-21T14:13:19Z",
        "causes": ["spec.plans[free] was added by kubectl-edit"],
        "firstSight": False,
        "changes": 2,
    }
    assert drifted["places"]["gateway"]["verdict"] is None
    assert drifted["git"]["path"] == "pay/payments-api.yaml"
    assert drifted["clusterObject"]["manager"] == "kubectl-edit"


def test_yaml_is_the_same_document() -> None:
    _, json_run = status("status -o json")
    _, yaml_run = status("status -o yaml")

    class Plain(yaml.SafeLoader):
        """Instants stay text."""

    Plain.yaml_implicit_resolvers = {
        first: [pair for pair in pairs if "timestamp" not in pair[0]]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    assert yaml.load(yaml_run.written, Loader=Plain) == orjson.loads(json_run.written)


def test_an_orphan_and_a_resource_that_is_only_in_git_fit_the_schema() -> None:
    only_git = Row(ROWS[0].key, git=cell(Verdict.FAILED, "defined 2 times"))
    _, run = status("get -o json", rows=(only_git,))
    document = orjson.loads(run.written)
    validate(document)
    assert document["resources"][0]["git"] is None and document["resources"][0]["application"] is None


@pytest.mark.parametrize(
    ("line", "rows", "places", "code"),
    [
        ("status", [row("a")], READY, 0),
        ("status", [row("a", Verdict.UNMANAGED, "made by hand")], READY, 0),
        ("status", [row("a", Verdict.AHEAD, "on its way")], READY, 2),
        ("status", [row("a", Verdict.AHEAD, "x"), row("b", Verdict.CONFLICT, "x")], READY, 3),
        ("status", [row("a", Verdict.UNKNOWN, "x")], READY, 5),
        ("status", [row("a")], (*READY, DEAD), 5),
        ("status --allow-unknown", [row("a")], (*READY, DEAD), 0),
        ("status --allow-unknown", [row("a", Verdict.MISSING, "x")], (*READY, DEAD), 2),
        ("status", [row("a", Verdict.UNKNOWN, "x")], (DEAD,), 1),
        ("status", [], READY, 0),
    ],
)
def test_the_exit_code_is_the_worst_of_what_was_asked_for(
    line: str, rows: list[Row], places: tuple[PlaceState, ...], code: int
) -> None:
    assert status(line, rows, places)[0] == code


def test_selected_rows_alone_decide_the_exit_code() -> None:
    assert status("status --application shop")[0] == 0
    assert status("get orders")[0] == 2


def test_get_shows_every_cause_below_its_row() -> None:
    twice = row("b", Verdict.CONFLICT, "first cause", "second cause")
    _, run = status("get b", rows=(twice,))
    assert run.written.splitlines()[2:] == ["    first cause", "    second cause"]


def test_get_says_beside_the_answer_what_stands_in_its_way() -> None:
    _, run = status("get orders", places=(*READY, DEAD))
    assert "stage: failed, does not answer" in run.err.getvalue()
    assert "stage" not in run.written


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("get", ["orders", "payments-api", "catalog"]),
        ("get pay*", ["payments-api"]),
        ("get prod-eu:ApiV4Definition/pay/orders", ["orders"]),
        ("get apiv4definitions/orders catalog", ["orders", "catalog"]),
        ("status --cluster prod-us", ["catalog"]),
        ("status --cluster prod-us,prod-eu -n pay", ["orders", "payments-api"]),
        ("status --cluster prod-us --cluster prod-eu -n shop", ["catalog"]),
        ("status -l team=pay", ["orders"]),
        ("status -l team!=pay --kind apiv4definitions", ["payments-api", "catalog"]),
        ("status --application shop", ["catalog"]),
    ],
)
def test_selectors_choose_rows(line: str, names: list[str]) -> None:
    _, run = status(f"{line} -o json")
    assert [resource["name"] for resource in orjson.loads(run.written)["resources"]] == names


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "get payment-api",
            "payment-api: is not known; did you mean prod-eu:ApiV4Definition/pay/payments-api?",
        ),
        ("get Application/pay/orders", "did you mean prod-eu:ApiV4Definition/pay/orders?"),
        ("get zzz", "zzz: is not known; list what is: gko-tui get"),
        ("status -n paj", "--namespace paj: matches nothing; did you mean pay? known namespaces: pay, shop"),
        ("status --kind Portal", "--kind Portal: matches nothing; known kinds: ApiV4Definition"),
        ("status --application shp", "did you mean shop?"),
        ("status -n pay --application shop", "the selectors match nothing together; 3 resources were read"),
    ],
)
def test_a_selector_that_matches_nothing_names_the_closest(line: str, said: str) -> None:
    with pytest.raises(NothingSelected) as caught:
        status(line)
    assert said in str(caught.value)


def test_a_fleet_of_two_thousand_is_written_in_a_moment() -> None:
    from time import perf_counter

    rows = [row(f"api-{number:04}", Verdict.DRIFTED, "x") for number in range(2000)]
    started = perf_counter()
    _, run = status("status -o json", rows=rows)
    assert perf_counter() - started < 1.0
    assert len(orjson.loads(run.written)["resources"]) == 2000
