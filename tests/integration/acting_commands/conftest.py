"""The scene of these tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.acting_commands.scene import Acting


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Acting]:
    """Give a served platform on which nothing is applied yet."""
    made = Acting(tmp_path)
    await made.start()
    made.configure()
    yield made
    await made.stop()
