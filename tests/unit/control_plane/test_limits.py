"""The rate at which a control plane is asked, and the budget of what nobody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from reconciler.control_plane.limits import (
    BUDGET_BURST,
    BUDGET_RATE,
    FIRST_RATE,
    HIGHEST_RATE,
    LOWEST_RATE,
    Budget,
    RateLimiter,
)
from tests.unit.control_plane.virtual_time import clock, rim, virtually


def limited(act: Callable[[RateLimiter], Awaitable[None]]) -> RateLimiter:
    async def main() -> RateLimiter:
        limiter = RateLimiter(rim())
        await act(limiter)
        return limiter

    return virtually(main)


async def ask(limiter: RateLimiter, seconds: float) -> int:
    """Ask in good order for so long; how many requests that were."""
    begun, asked = clock(), 0
    while clock() < begun + seconds:
        await limiter.turn()
        limiter.went_well()
        asked += 1
    return asked


def test_it_begins_with_twenty_a_second_and_doubles_with_each_clean_second_up_to_a_hundred() -> None:
    async def act(limiter: RateLimiter) -> None:
        asked = [await ask(limiter, 1.0) for _ in range(6)]
        assert asked[0] == pytest.approx(FIRST_RATE, abs=2)
        assert asked[1] == pytest.approx(2 * FIRST_RATE, abs=4)
        assert asked[2] == pytest.approx(4 * FIRST_RATE, abs=8)
        assert asked[3:] == pytest.approx([HIGHEST_RATE] * 3, abs=2)

    assert limited(act).rate == HIGHEST_RATE


def test_many_workers_share_one_rate() -> None:
    async def act(limiter: RateLimiter) -> None:
        turns: list[float] = []

        async def worker() -> None:
            for _ in range(5):
                turns.append(await limiter.turn())

        begun = clock()
        await asyncio.gather(*(worker() for _ in range(20)))
        assert clock() - begun == pytest.approx(99 / FIRST_RATE)
        assert len(set(turns)) == 100

    limited(act)


def test_a_busy_server_halves_it_once_for_all_that_was_on_its_way() -> None:
    async def act(limiter: RateLimiter) -> None:
        await ask(limiter, 4.0)
        turns = [await limiter.turn() for _ in range(8)]
        await asyncio.sleep(0.2)
        for turn in turns:
            limiter.throttled(turn, None)
        assert limiter.rate == HIGHEST_RATE / 2
        later = await limiter.turn()
        limiter.throttled(later, None)
        assert limiter.rate == HIGHEST_RATE / 4

    limited(act)


def test_it_never_falls_below_one_a_second_and_recovers() -> None:
    async def act(limiter: RateLimiter) -> None:
        for _ in range(20):
            limiter.throttled(await limiter.turn(), None)
        assert limiter.rate == LOWEST_RATE
        await ask(limiter, 12.0)

    assert limited(act).rate == HIGHEST_RATE


def test_retry_after_keeps_everyone_waiting_also_those_whose_turn_had_been_set() -> None:
    async def act(limiter: RateLimiter) -> None:
        first = await limiter.turn()
        waiting = [asyncio.create_task(limiter.turn()) for _ in range(4)]
        await asyncio.sleep(0)
        limiter.throttled(first, 30.0)
        turns = await asyncio.gather(*waiting)
        assert min(turns) >= first + 30.0

    limited(act)


def test_a_budget_lets_a_few_through_at_once_and_then_its_rate() -> None:
    budget = Budget(0.0)
    for _ in range(int(BUDGET_BURST)):
        assert budget.wait(0.0) == 0.0
        budget.spend(0.0)
    assert budget.wait(0.0) == pytest.approx(1 / BUDGET_RATE)
    assert budget.wait(10.0) == 0.0


def test_what_was_spent_beyond_the_budget_is_paid_off_before_the_round_goes_on() -> None:
    budget = Budget(0.0)
    budget.spend(0.0, BUDGET_BURST + 40.0)
    assert budget.wait(0.0) == pytest.approx(41 / BUDGET_RATE)
    assert budget.wait(41 / BUDGET_RATE + 0.01) == 0.0
