"""Where the engine's log goes: nowhere, or with `--debug` to a private file and to standard error."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, TextIO, cast

_SECRET_NAME = re.compile(
    r"(?i)token|password|passphrase|secret|authorization|credential|api_?key|private_?key|cookie"
)
_SECRET_VALUE = re.compile(r"(?i)((?:bearer|basic)\s+)[\w.~+/=-]+|(://[^/\s:@]*):[^/\s@]+(?=@)")
HIDDEN = "‹redacted›"


def import_structlog() -> None:
    """Import structlog without Rich, which it would load only to colour tracebacks: 0.2 s."""
    if "structlog" in sys.modules or "rich" in sys.modules:
        return
    sys.modules["rich"] = None  # type: ignore[assignment]  # the documented way to make an import fail
    try:
        import structlog  # noqa: F401
    finally:
        del sys.modules["rich"]


def log_quietly() -> None:
    """Log nothing: what a person must know stands in the answer."""
    import_structlog()
    import structlog

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )


def log_for_debugging(state: Path, err: TextIO) -> Path:
    """Log every event as a JSON line to `debug.log` in the state folder and to `err`.

    Returns:
        the file.

    Raises:
        OSError: it cannot be written.
    """
    import_structlog()
    import structlog

    file = state / "debug.log"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    stream = os.fdopen(descriptor, "a", buffering=1, encoding="utf-8")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            without_secrets,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.PrintLoggerFactory(file=cast(TextIO, _Both(stream, err))),
    )
    return file


def without_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide whatever is named or looks like a credential in one log event."""
    return {name: _hidden(name, value) for name, value in event.items()}


def _hidden(name: str, value: Any) -> Any:
    if _SECRET_NAME.search(name):
        return HIDDEN
    if isinstance(value, str):
        return _SECRET_VALUE.sub(lambda found: f"{found[1] or f'{found[2]}:'}{HIDDEN}", value)
    if isinstance(value, Mapping):
        return {str(key): _hidden(str(key), item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_hidden("", item) for item in value]
    return value


class _Both:
    """Two streams as one."""

    def __init__(self, first: TextIO, second: TextIO) -> None:
        self._streams = (first, second)

    def write(self, text: str) -> int:
        for stream in self._streams:
            stream.write(text)
        return len(text)

    def flush(self) -> None:
        for stream in self._streams:
            stream.flush()
