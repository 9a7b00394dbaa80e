"""Gateways for tests: a fake one that serves, and the ways to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.cluster.simulated_time import SimulatedTime
from tests.unit.gateways.fake_gateway import FakeGateway


@pytest.fixture
async def gateway() -> AsyncIterator[FakeGateway]:
    """Give a gateway without authentication that serves two APIs."""
    fake = FakeGateway()
    fake.deploy("orders", "3")
    fake.deploy("stock", "1")
    async with fake.serving():
        yield fake


@pytest.fixture
def time() -> SimulatedTime:
    """Give a clock that only the test moves."""
    return SimulatedTime()
