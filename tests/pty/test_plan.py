"""What somebody changed in the Console is put right from the terminal: seen, planned, armed, done."""

from __future__ import annotations

import sys

import pytest

from tests.pty.driver import Terminal

pytestmark = pytest.mark.pty

DRIFTED = "pickup-points"
"""The demo stopped it in the Console of prod-eu, which is protected."""


def test_a_drifted_api_of_the_demo_is_brought_in_line() -> None:
    with Terminal([sys.executable, "-m", "gko_tui", "demo"], size=(80, 24), timeout_s=60) as terminal:
        terminal.wait_for("dr-eu ⚠", "Synced")
        terminal.send("/", f"{DRIFTED} cluster:prod-eu", "enter")
        terminal.wait_for("1/1", "Drifted")
        terminal.send("R")
        terminal.wait_for("making the plan")
        terminal.wait_for("spec.state", "- STOPPED", "+ STARTED", "read-only: prod-eu", "PROTECTED prod-eu")
        terminal.send("y")
        terminal.wait_for(":write prod-eu 15m")
        terminal.send("enter")
        terminal.wait_for("RW 1", "y asks for 1 phrase")
        terminal.send("y")
        terminal.wait_for('type "prod-eu"')
        terminal.send("prod-eu", "enter")
        terminal.wait_for("y arms")
        terminal.send("y")
        terminal.wait_for("ARMED: ⏎ carries out")
        terminal.send("enter")
        terminal.wait_for("1 configured", "Exit code 0: done, and seen at every place", "= Synced 3/3")
        terminal.send("escape")
        terminal.wait_for(DRIFTED, "1/1", "= = = =  Synced")
        terminal.send("ctrl+c")
        assert terminal.wait_end() == 0
