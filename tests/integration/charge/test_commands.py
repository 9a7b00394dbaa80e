"""`gko-tui operator`: what an SRE reads and types, on a simulated cluster."""

from __future__ import annotations

import asyncio
import io
import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from gko_tui.cli import build_parser
from gko_tui.commands import operator
from gko_tui.commands.doctor_charge import check_charge
from gko_tui.commands.invocation import Invocation
from gko_tui.output.console import Console, open_console
from reconciler.engine.charge.operators import LEASE
from tests.integration.charge.conftest import Grounds
from tests.integration.charge.ground import OPERATORS, Ground, until
from tests.unit.cli.schemas import validate


class Typing:
    """A person who types one thing."""

    is_there = True

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked: list[str] = []

    def ask(self, question: str) -> str:
        self.asked.append(question)
        return self.text


class Desk:
    """The command line on one ground."""

    def __init__(self, ground: Ground, folder: Path, operator_: str) -> None:
        cluster = {"name": "eu", "kubeconfig": str(ground.way_in.kubeconfig), "operator": operator_}
        config = {"clusters": [{**cluster, "state_namespace": OPERATORS}]}
        (folder / "gko-tui.yaml").write_text(yaml.safe_dump(config))
        self._folder = folder
        self.out, self.err = io.StringIO(), io.StringIO()

    def invocation(self, *words: str) -> Invocation:
        """What is given to a command."""
        file = str(self._folder / "gko-tui.yaml")
        arguments = build_parser().parse_args(["--config", file, "operator", *words])
        console: Console = open_console({}, ascii_only=False, no_colour=True, out=self.out, err=self.err)
        return Invocation(arguments, console, {"USER": "ana"}, self._folder, time.time)

    async def show(self) -> dict[str, Any]:
        """The document of `show`."""
        self.out.truncate(0)
        self.out.seek(0)
        code = await operator._show(self.invocation("show", "-o", "json"))
        document: dict[str, Any] = json.loads(self.out.getvalue())
        validate(document)
        assert code == 0
        return document


async def test_the_decision_is_typed_recorded_shown_and_taken_back(
    simulated: Grounds, tmp_path: Path
) -> None:
    async with simulated() as ground:
        desk = Desk(ground, tmp_path, "auto")
        (one,) = (await desk.show())["clusters"][0]["operators"]
        assert one["inCharge"] == "gko"
        words = ("take-over", "eu", "--reason", "GKO never looks again")
        person = Typing("eu")
        assert await operator.taking(desk.invocation(*words), person=person) == 0
        assert "stand in for GKO on eu" in person.asked[0]
        (one,) = (await desk.show())["clusters"][0]["operators"]
        assert (one["takeOver"]["owner"], one["takeOver"]["reason"]) == ("ana", "GKO never looks again")
        assert one["inCharge"] == "nobody"
        post, stop = ground.post(), asyncio.Event()
        running = asyncio.create_task(post.run(stop))
        await until(lambda: post.is_working, "the post works")
        (one,) = (await desk.show())["clusters"][0]["operators"]
        assert one["inCharge"] == "gko-tui"
        assert LEASE in one["why"]
        back = ("hand-back", "eu", "--uninstall", "--confirm", "eu")
        assert await operator.giving(desk.invocation(*back)) == 0
        assert "finalizers were taken off" in desk.out.getvalue()
        stop.set()
        await running
        (one,) = (await desk.show())["clusters"][0]["operators"]
        assert one["takeOver"] is None


async def test_another_word_than_the_clusters_name_decides_nothing(
    simulated: Grounds, tmp_path: Path
) -> None:
    async with simulated() as ground:
        desk = Desk(ground, tmp_path, "auto")
        words = ("take-over", "eu", "--reason", "because")
        assert await operator.taking(desk.invocation(*words), person=Typing("yes")) == 4
        assert (await desk.show())["clusters"][0]["operators"][0]["takeOver"] is None


async def test_where_gko_is_configured_nothing_is_taken(simulated: Grounds, tmp_path: Path) -> None:
    async with simulated() as ground:
        desk = Desk(ground, tmp_path, "gko")
        words = ("take-over", "eu", "--reason", "because", "--confirm", "eu")
        with pytest.raises(operator.TakeOverRefused, match="operator: gko is configured"):
            await operator.taking(desk.invocation(*words))


async def test_a_refusal_ends_with_4_and_says_what_to_do(simulated: Grounds, tmp_path: Path) -> None:
    async with simulated() as ground:
        desk = Desk(ground, tmp_path, "gko")
        words = ("take-over", "eu", "--reason", "because", "--confirm", "eu")
        assert await asyncio.to_thread(operator.take, desk.invocation(*words)) == 4
        assert "set operator: auto" in desk.err.getvalue()


async def test_a_cluster_that_does_not_answer_is_shown_as_gkos(simulated: Grounds, tmp_path: Path) -> None:
    async with simulated() as ground:
        desk = Desk(ground, tmp_path, "auto")
        kubeconfig = yaml.safe_load(Path(str(ground.way_in.kubeconfig)).read_text())
        kubeconfig["users"][0]["user"]["token"] = "wrong"
        Path(str(ground.way_in.kubeconfig)).write_text(yaml.safe_dump(kubeconfig))
        assert await operator._show(desk.invocation("show")) == 5
        assert "GKO counts as in charge" in desk.out.getvalue()


async def test_the_doctor_says_who_is_in_charge_where_it_may_be_gko_tui(
    simulated: Grounds, tmp_path: Path
) -> None:
    async with simulated() as ground:
        (check,) = await check_charge(ground.client, ground.spec("auto"))
        assert check.detail.startswith("gko is in charge of every namespace")
        assert await check_charge(ground.client, ground.spec("gko")) == []
        nowhere = ground.spec("auto").model_copy(update={"state_namespace": None})
        (check,) = await check_charge(ground.client, nowhere)
        assert check.next_step == "set state_namespace of this cluster"
