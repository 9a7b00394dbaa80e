"""The loop in virtual time: when it plans and writes, whom it lets wait, what it lets go of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise

from reconciler.engine.healing.healer import LOOK_EVERY_S, Healer
from reconciler.model.rows import Cell
from reconciler.model.steps import Block, Did, Outcome
from reconciler.model.verdicts import Place, Verdict
from tests.unit.control_plane.virtual_time import until, virtually
from tests.unit.healing.world import World, application, key, row

MOMENT = 2 * LOOK_EVERY_S


@asynccontextmanager
async def running(world: World) -> AsyncIterator[Healer]:
    stop, healer = asyncio.Event(), world.healer()
    task = asyncio.create_task(healer.run(stop))
    try:
        yield healer
    finally:
        stop.set()
        await task


def in_virtual_time(story: Callable[[], Awaitable[None]]) -> None:
    async def told() -> None:
        await story()

    virtually(told)


def test_what_drifted_is_healed_at_once_and_with_one_plan_for_all() -> None:
    async def story() -> None:
        world = World([application()])
        world.shows(*(row(f"a{number}") for number in range(20)))
        async with running(world):
            await asyncio.sleep(60)
            assert world.plans == [], "nothing differs, nothing is planned"
            for number in range(5):
                world.drift(f"a{number}")
            await asyncio.sleep(MOMENT)
        assert sorted(name for _, name in world.writes) == [f"a{number}" for number in range(5)]
        assert len(world.plans) == 1
        (_, request), *_ = world.plans
        assert request.keys == {key(f"a{number}") for number in range(5)} and not request.tried

    in_virtual_time(story)


def test_repeated_drift_is_healed_at_2_6_and_18_seconds() -> None:
    async def story() -> None:
        world = World([application()])
        async with running(world):
            for number in range(4):  # each time by somebody else: no fight
                world.drift("orders", f"person-{number}")
                await until(lambda: not world.drifts)
        times = [at for at, _ in world.writes]
        waits = [later - earlier for earlier, later in pairwise(times)]
        assert [round(wait) for wait in waits] == [2, 6, 18]

    in_virtual_time(story)


def test_a_slow_write_of_one_application_holds_up_no_other_and_no_decision() -> None:
    async def story() -> None:
        world = World([application("slow"), application("quick"), application("seen", "observe")])
        world.slow_s["slow"] = 100.0
        async with running(world) as healer:
            world.drift("a", of="slow")
            await asyncio.sleep(1)
            world.drift("b", of="quick")
            await asyncio.sleep(1)
            assert [name for _, name in world.writes] == ["b"]
            world.drift("c", of="slow")
            await asyncio.sleep(50)
            assert len([one for one in world.plans if one[1].applications == {"slow"}]) == 1
            await until(lambda: len(world.writes) == 3)
            assert world.most_at_once == 1 and healer.needed

    in_virtual_time(story)


def test_what_failed_is_tried_again_with_growing_waits_and_what_was_refused_waits_for_its_spec() -> None:
    async def story() -> None:
        world = World([application()])
        world.failing[key("orders")] = [
            Outcome("", Did.FAILED, "eu did not answer", "try again later") for _ in range(4)
        ]
        world.failing[key("refused")] = [
            Outcome("", Did.FAILED, "spec.name is required", "correct what the message names")
        ]
        async with running(world):
            world.drift("orders"), world.drift("refused")
            await until(lambda: world.of("done"))
            await asyncio.sleep(3600)
            assert [name for _, name in world.writes].count("refused") == 1
            assert [fact["again_in_s"] for fact in world.of("failed")] == [0.25, 0.5, 1.0, 2.0]
            assert world.of("refused")[0]["why"] == "spec.name is required; correct what the message names"
            world.answers("eu")
            now = world.fleet.row(key("refused"))
            assert now is not None and now.git_trace is not None
            world.shows(replace(now, git_trace=replace(now.git_trace, revision="b" * 40)))
            await asyncio.sleep(MOMENT)
            assert [name for _, name in world.writes].count("refused") == 2

    in_virtual_time(story)


def test_a_block_that_may_pass_is_asked_again_and_one_of_the_resource_itself_is_not() -> None:
    async def story() -> None:
        world = World([application()])
        world.blocks[key("waits")] = Block("subscriptions-unknown", "nobody can tell")
        world.blocks[key("stays")] = Block("owner", "some-operator owns spec.description")
        async with running(world):
            world.drift("waits"), world.drift("stays")
            await asyncio.sleep(10)
            del world.blocks[key("waits")], world.blocks[key("stays")]
            await until(lambda: world.writes)
            await asyncio.sleep(600)
        assert [name for _, name in world.writes] == ["waits"]
        whys = {str(one["resource"])[-5:]: one["why"] for one in world.of("left")}
        assert whys == {"waits": "nobody can tell", "stays": "some-operator owns spec.description"}
        assert len(world.of("left")) == 2, "each is said once"

    in_virtual_time(story)


def test_a_planner_that_fails_is_asked_again() -> None:
    async def story() -> None:
        world = World([application()], plan_fails=3)
        async with running(world):
            world.drift("orders")
            await until(lambda: world.writes, 60.0)
        assert [one["why"] for one in world.of("failed")] == ["the world: is gone"] * 3

    in_virtual_time(story)


def test_a_cluster_that_does_not_answer_is_left_alone_until_it_does() -> None:
    async def story() -> None:
        world = World([application()])
        async with running(world):
            world.shows(row("orders"))
            world.answers("eu", "failed")
            world.drift("orders")
            await asyncio.sleep(300)
            assert world.plans == []
            assert world.of("left")[0]["why"].startswith("eu does not answer")
            world.answers("eu")
            await asyncio.sleep(31)
            assert [name for _, name in world.writes] == ["orders"]

    in_virtual_time(story)


def test_a_window_that_opens_lets_what_waited_be_healed() -> None:
    async def story() -> None:
        window = {"kind": "allow", "cron": "0 * * * *", "duration": "5m"}
        world = World([application(windows=[window])])
        async with running(world):
            world.drift("orders")
            await asyncio.sleep(60)
            assert world.plans == [] and "no window for heal is open before" in world.of("left")[0]["why"]
            for _ in range(60):
                await asyncio.sleep(60)
                world.answers("eu")
            assert [name for _, name in world.writes] == ["orders"]

    in_virtual_time(story)


def test_a_take_over_is_tried_before_it_is_done() -> None:
    async def story() -> None:
        world = World([application()], takes=True)
        async with running(world):
            world.drift("orders")
            await until(lambda: world.writes)
        assert [request.tried for _, request in world.plans] == [False, True]

    in_virtual_time(story)


def test_a_fight_is_contended_until_git_wants_something_else() -> None:
    async def story() -> None:
        world = World([application()])
        async with running(world):
            for _ in range(2):
                world.drift("orders", "helm-cron")
                await until(lambda: not world.drifts)
            world.drift("orders", "helm-cron")
            await until(lambda: world.of("contended"))
            await asyncio.sleep(3600)
            world.answers("eu")
            shown = world.fleet.row(key("orders"))
            assert shown is not None and shown.cluster.verdict is Verdict.CONTENDED
            assert shown.cluster.causes[0].startswith("helm-cron wrote spec.description back 3 times")
            assert len(world.writes) == 2 and len(world.of("contended")) == 1
            assert world.of("contended")[0]["manager"] == "helm-cron"
            world.shows(row("orders", Cell(Verdict.DRIFTED), revision="c" * 40))
            await until(lambda: len(world.writes) == 3, 60.0)
            assert world.fleet.row(key("orders")).cluster.verdict is Verdict.SYNCED  # type: ignore[union-attr]

    in_virtual_time(story)


def test_a_fight_is_over_after_ten_minutes_in_sync() -> None:
    async def story() -> None:
        world = World([application()])
        async with running(world) as healer:
            for _ in range(3):
                world.drift("orders", "helm-cron")
                await until(lambda: not world.drifts or world.of("contended"))
            del world.drifts[key("orders")]
            world.shows(row("orders"))
            await asyncio.sleep(700)
            assert not healer._memory.is_contended(key("orders"), Place.CLUSTER)
            world.answers("eu")
            world.drift("orders", "helm-cron")
            await asyncio.sleep(MOMENT)
            assert not world.drifts, "healed at once, as the first time"

    in_virtual_time(story)


def test_after_a_storm_nothing_of_it_is_remembered() -> None:
    async def story() -> None:
        world = World([application()])
        async with running(world) as healer:
            for number in range(1200):
                world.drift(f"a{number}")
            await until(lambda: not world.drifts)
            for number in range(1200):
                world.fleet.publish({}, [key(f"a{number}")])
            await asyncio.sleep(800)
            memory = healer._memory
            sizes = (len(memory.queue), len(memory.pace), len(memory.fights), len(memory.backoffs))
            assert sizes == (0, 0, 0, 0) and memory.told == {} and healer._seen == {}
        assert len(world.writes) == 1200

    in_virtual_time(story)


def test_told_to_stop_it_ends_what_is_under_way_between_two_writes() -> None:
    async def story() -> None:
        world = World([application()])
        world.slow_s["apis"] = 2.0
        async with running(world):
            for number in range(10):
                world.drift(f"a{number}")
            await asyncio.sleep(3)
        assert 1 <= len(world.writes) <= 2
        assert world.now() < 6

    in_virtual_time(story)


def test_a_person_s_request_comes_first_and_a_mode_that_only_observes_needs_no_healer() -> None:
    async def story() -> None:
        world = World([application(mode="observe")])
        healer = world.healer()
        world.drift("orders")
        healer.nudge([key("orders"), key("unknown")])
        await healer.once()
        assert world.plans == [] and world.events == [] and not healer.needed

    in_virtual_time(story)


def test_what_failed_and_then_has_no_step_is_not_planned_again_and_again() -> None:
    async def story() -> None:
        world = World([application()])
        world.failing[key("orders")] = [Outcome("", Did.FAILED, "eu did not answer", "try again later")]
        async with running(world):
            world.drift("orders")
            await until(lambda: world.of("failed"))
            del world.drifts[key("orders")]  # its row still says that it drifted
            await asyncio.sleep(95)
            assert len(world.plans) <= 2 + 4

    in_virtual_time(story)


def test_what_fails_while_others_take_long_is_tried_again_right_afterwards() -> None:
    async def story() -> None:
        world = World([application()])
        world.blocks[key("waits")] = Block("subscriptions-unknown", "nobody can tell")
        world.slow_s["apis"] = 5.0
        async with running(world):
            world.drift("waits"), world.drift("slow")
            await asyncio.sleep(1)
            del world.blocks[key("waits")]
            await until(lambda: len(world.writes) == 2)
            assert world.now() < 15

    in_virtual_time(story)
