"""Copying says what it did, and never floods the terminal."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

from gko_tui.clipboard import OSC52_MOST, Copied, copy_text


def copied(text: str, folder: Path, **environ: str) -> tuple[Copied, list[str]]:
    written: list[str] = []
    result = copy_text(text, "the name", environ=environ, folder=folder, write=written.append)
    return result, written


def test_a_short_text_goes_through_the_terminal(tmp_path: Path) -> None:
    result, written = copied("payments-api ≠", tmp_path)
    assert result.ok
    assert written == [f"\x1b]52;c;{base64.b64encode('payments-api ≠'.encode()).decode()}\a"]
    assert "OSC 52" in result.message


def test_in_tmux_it_says_what_tmux_needs(tmp_path: Path) -> None:
    result, _ = copied("x", tmp_path, TMUX="/tmp/tmux-0/default,1,0")
    assert "set-clipboard on" in result.message


def test_what_is_too_long_goes_into_a_private_file_that_is_named(tmp_path: Path) -> None:
    text = "y" * OSC52_MOST
    result, written = copied(text, tmp_path / "state")
    file = tmp_path / "state" / "clipboard.txt"
    assert result.ok
    assert not written
    assert str(file) in result.message
    assert file.read_text() == text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    result, _ = copied("y" * OSC52_MOST, blocked)
    assert not result.ok
    assert "cannot be written" in result.message


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    result, written = copied("x", tmp_path, GKO_CLIPBOARD="off")
    assert not result.ok
    assert not written


def test_a_native_tool_that_is_not_there_is_said(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result, written = copied("x", tmp_path, GKO_CLIPBOARD="native")
    assert not result.ok
    assert not written
    assert "xclip" in result.message


def test_a_native_tool_gets_the_text(tmp_path: Path, monkeypatch) -> None:
    tool = tmp_path / "xclip"
    tool.write_text(f'#!/bin/sh\nread line; printf "%s" "$line" > {tmp_path}/got\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    result, _ = copied("payments\n", tmp_path, GKO_CLIPBOARD="native")
    assert result.ok
    assert (tmp_path / "got").read_text() == "payments"
