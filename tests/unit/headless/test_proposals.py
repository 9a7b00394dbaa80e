"""Proposals are files of their user alone; the newest takes the place of the one before."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.headless.proposals import Proposals
from reconciler.model.errors import ConfigurationError
from reconciler.model.plan import Actor, Inputs, Plan, plan_from_document


def plan(note: str) -> Plan:
    return Plan("sync", Actor.LOOP, Inputs(), (), (note,))


def test_a_proposal_can_be_read_again_is_replaced_and_taken_back(tmp_path: Path) -> None:
    proposals = Proposals(tmp_path)
    proposals.keep("pay.v2", plan("first"))
    proposals.keep("pay.v2", plan("second"))
    file = proposals.file("pay.v2")
    assert plan_from_document(file.read_bytes()) == plan("second")
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["pay.v2.plan.json"]
    proposals.keep("pay.v2", None)
    proposals.keep("pay.v2", None)
    assert not file.exists()


def test_where_nothing_can_be_written_it_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "proposals").write_text("in the way")
    with pytest.raises(ConfigurationError, match="GKO_TUI_STATE"):
        Proposals(tmp_path).keep("pay", plan("first"))
