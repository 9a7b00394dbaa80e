"""The grammar of the `:` bar and its completion."""

from __future__ import annotations

import pytest

from gko_tui.actions import command_names
from gko_tui.view.commands import Command, completions, parse_command
from reconciler.model.errors import UsageError

KNOWN = command_names()


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("apis", Command("apis")),
        ("APIS", Command("apis")),
        ("apis @prod-eu /pay now", Command("apis", (), ("prod-eu",), "pay now")),
        ("apis @a,b @c", Command("apis", (), ("a", "b", "c"))),
        ("diff payments-api", Command("diff", ("payments-api",))),
        ("sort -age", Command("sort", ("-age",))),
        ("@stage", Command("apis", (), ("stage",))),
        ("/pay", Command("filter", (), None, "pay")),
        ("q", Command("q")),
    ],
)
def test_a_line_is_read(text: str, command: Command) -> None:
    assert parse_command(text, KNOWN) == command


def test_an_empty_line_is_nothing() -> None:
    assert parse_command("   ", KNOWN) is None


def test_an_unknown_command_names_the_closest_one() -> None:
    with pytest.raises(UsageError, match="did you mean :resources"):
        parse_command("resorces", KNOWN)


def test_commands_complete_then_their_arguments_then_clusters() -> None:
    arguments = {"theme": ["gko-dark", "gko-light"], "@": ["prod-eu", "prod-us"]}
    names = ["theme", "table"]
    assert completions("th", names, arguments) == ["theme"]
    assert completions("theme gko-l", names, arguments) == ["theme gko-light"]
    assert completions("apis @prod-u", names, arguments) == ["apis @prod-us"]
    assert completions("apis @prod-eu,p", names, arguments) == [
        "apis @prod-eu,prod-eu",
        "apis @prod-eu,prod-us",
    ]
    assert completions("@s", names, arguments) == []
