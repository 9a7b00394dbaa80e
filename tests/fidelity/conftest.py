"""What the fidelity tests share: one replay of the recordings, and one more under other names."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.fidelity.recordings import Exchange, load
from tests.fidelity.renaming import ENVIRONMENT, ORGANIZATION, rename, renamed
from tests.fidelity.replay import Outcome, replay


@pytest.fixture(scope="session")
def exchanges(shared_data: Path) -> list[Exchange]:
    """The recordings in their order; tests that need them are skipped where they are not."""
    return load(shared_data)


@pytest.fixture(scope="session")
def outcomes(exchanges: list[Exchange]) -> list[Outcome]:
    """How the recordings went against the simulator."""
    return asyncio.run(replay(exchanges))


@pytest.fixture(scope="session")
def renamed_outcomes(exchanges: list[Exchange]) -> list[Outcome]:
    """How they went under other names."""
    return asyncio.run(
        replay(rename(exchanges), organization=ORGANIZATION, environment=ENVIRONMENT, renamed=renamed)
    )
