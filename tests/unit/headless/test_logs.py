"""The log: JSON lines that hold no secrets, and nothing at all unless it is wanted."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest

from reconciler.headless.logs import ENGINE, log_json, without_secrets


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


@pytest.fixture
def engine_logger() -> Iterator[logging.Logger]:
    logger = logging.getLogger(ENGINE)
    before = (list(logger.handlers), logger.level, logger.propagate)
    yield logger
    logger.handlers, logger.level, logger.propagate = before


def test_a_fault_is_one_json_line_without_the_secret_it_carries(engine_logger: logging.Logger) -> None:
    out = io.StringIO()
    log_json(out)
    log = logging.getLogger("reconciler.engine.service")
    try:
        raise ValueError("GET https://me:hunter2@host/ failed")
    except ValueError:
        log.exception("fault", extra={"place": "prod-eu", "token": "hunter2"})
    log.debug("not wanted")
    (line,) = out.getvalue().splitlines()
    told = json.loads(line)
    assert (told["event"], told["place"], told["level"]) == ("fault", "prod-eu", "error")
    assert "ValueError" in told["exception"]
    assert "hunter2" not in line


def test_nothing_is_written_unless_somebody_wants_a_log() -> None:
    script = "import logging, reconciler; logging.getLogger('reconciler.x').error('over the screen')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")
