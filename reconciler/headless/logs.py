"""Where the engine's log goes: nowhere, or as JSON lines to the streams that a face names.

The engine logs through the standard library. Only here, at the rim, structlog makes lines of it: nothing
of it is loaded unless somebody wants a log.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, TextIO

_SECRET_NAME = re.compile(
    r"(?i)token|password|passphrase|secret|authorization|credential|api_?key|private_?key|cookie"
)
_SECRET_VALUE = re.compile(r"(?i)((?:bearer|basic)\s+)[\w.~+/=-]+|(://[^/\s:@]*):[^/\s@]+(?=@)")
HIDDEN = "‹redacted›"


ENGINE = "reconciler"
"""The logger of the whole engine."""


def log_json(*streams: TextIO, level: int = logging.WARNING) -> None:
    """Write the engine's log as JSON lines, credentials hidden.

    Args:
        streams: where each line goes.
        level: the least serious level that is written, as `logging` counts.
    """
    structlog = _structlog()
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            without_secrets,
            structlog.processors.JSONRenderer(),
        ],
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
    )
    logger = logging.getLogger(ENGINE)
    for stream in streams:
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter)
        logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False


def open_log(folder: Path, name: str) -> TextIO:
    """Open a log file of this user's for appending, mode 0600.

    Raises:
        OSError: it cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return os.fdopen(descriptor, "a", buffering=1, encoding="utf-8")


def _structlog() -> Any:
    """Import structlog without Rich, which it would load only to colour tracebacks: 0.2 s."""
    if "structlog" not in sys.modules and "rich" not in sys.modules:
        sys.modules["rich"] = None  # type: ignore[assignment]  # the documented way to make an import fail
        try:
            import structlog
        finally:
            del sys.modules["rich"]
    import structlog.processors
    import structlog.stdlib

    return structlog


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
