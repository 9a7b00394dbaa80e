"""The debug log holds no secrets."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import pytest

from gko_tui.commands.logs import without_secrets


@pytest.mark.parametrize(
    "event",
    [
        {"token": "hunter2"},
        {"headers": {"Authorization": "Bearer hunter2"}},
        {"headers": ["Authorization: Bearer hunter2"]},
        {"event": "sent Basic hunter2=="},
        {"url": "https://me:hunter2@host/x"},
        {"event": "fetching ssh://git:hunter2@host failed"},
        {"client": {"nested": {"apiKey": "hunter2", "api_key": "hunter2", "PASSWORD": "hunter2"}}},
    ],
)
def test_credentials_are_hidden_by_name_and_by_form(event: MutableMapping[str, Any]) -> None:
    assert "hunter2" not in str(without_secrets(None, "debug", event))


def test_everything_else_stays() -> None:
    event = {
        "event": "place",
        "name": "prod-eu",
        "phase": "ready",
        "count": 3,
        "url": "https://host:6443/api",
    }
    assert without_secrets(None, "debug", dict(event)) == event
