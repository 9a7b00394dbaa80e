"""`sync` with a person in front of it: the plan, the question, the phrases, Ctrl-C."""

from __future__ import annotations

import pytest

from tests.integration.acting_commands.scene import Acting
from tests.integration.chain.scene import API, api
from tests.pty.driver import Terminal

pytestmark = pytest.mark.pty
ONE_HOP = ("--hop", "cluster")


async def test_a_person_reads_the_plan_answers_and_sees_what_was_done(scene: Acting) -> None:
    scene.commit(api("orders"))

    def drive(terminal: Terminal) -> int:
        terminal.wait_for("create  cluster  eu:ApiV4Definition/pay/orders", "[y/N]")
        assert scene.cluster.get(API, "pay", "orders") is None
        terminal.send("y", "enter")
        terminal.wait_for("2 created")
        return terminal.wait_end()

    assert await scene.at_terminal(drive, "sync", *ONE_HOP) == 0
    assert scene.cluster.get(API, "pay", "orders") is not None


async def test_enter_alone_writes_nothing(scene: Acting) -> None:
    scene.commit(api("orders"))

    def drive(terminal: Terminal) -> int:
        terminal.wait_for("[y/N]")
        terminal.send("enter")
        terminal.wait_for("nothing was written: it was not confirmed")
        return terminal.wait_end()

    assert await scene.at_terminal(drive, "sync", *ONE_HOP) == 4
    assert scene.cluster.get(API, "pay", "orders") is None


async def test_what_has_to_be_typed_is_typed_even_after_yes(scene: Acting) -> None:
    scene.commit(api("orders"), api("payments"))
    await scene.gko_tui("sync", "--yes", *ONE_HOP)
    scene.commit(api("payments"))

    def drive(terminal: Terminal) -> int:
        terminal.wait_for('deletions cannot be undone: type "delete 1" to confirm:')
        terminal.send("delete 1", "enter")
        return terminal.wait_end()

    assert await scene.at_terminal(drive, "sync", "--yes", *ONE_HOP) == 0
    assert scene.cluster.get(API, "pay", "orders") is None


async def test_ctrl_c_at_the_question_ends_at_once_with_nothing_written(scene: Acting) -> None:
    scene.commit(api("orders"))

    def drive(terminal: Terminal) -> int:
        terminal.wait_for("[y/N]")
        terminal.send("ctrl+c")
        terminal.wait_for("nothing was written")
        return terminal.wait_end()

    assert await scene.at_terminal(drive, "sync", *ONE_HOP) == 130
    assert scene.cluster.get(API, "pay", "orders") is None
