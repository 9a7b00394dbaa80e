"""`gko-tui config check` and `gko-tui config example`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gko_tui.commands.invocation import Invocation
from gko_tui.view.words import counted
from reconciler.model.errors import ConfigurationError
from reconciler.model.verdicts import ExitCode
from reconciler.rules.text import printable


def check(invocation: Invocation) -> int:
    """Validate the configuration in use, or a file that was named."""
    from reconciler.settings.complaints import InvalidSettings
    from reconciler.settings.load import load_settings

    file = invocation.arguments.file
    try:
        platform = load_settings(invocation.cwd / Path(file)) if file else invocation.platform()
    except InvalidSettings as error:
        errors = [
            {
                "file": str(error.file),
                "line": found.line or None,
                "field": found.field or None,
                "message": found.message,
            }
            for found in error.complaints
        ]
        return _answer(invocation, str(error.file), errors, str(error).splitlines())
    except ConfigurationError as error:
        whole = {"file": error.subject, "line": None, "field": None, "message": error.sentence()}
        return _answer(invocation, error.subject, [whole], [error.sentence()])
    parts = ", ".join(
        counted(len(found), word)
        for found, word in (
            (platform.sources, "source"),
            (platform.clusters, "cluster"),
            (platform.applications, "application"),
            (platform.control_planes, "control plane"),
            (platform.gateways, "gateway"),
        )
        if found
    )
    where = str(platform.path) if platform.path is not None else "no file, the current context and folder"
    return _answer(invocation, where, [], [f"{where}: valid: {parts or 'empty'}"])


def _answer(invocation: Invocation, file: str, errors: list[dict[str, Any]], lines: list[str]) -> int:
    if invocation.arguments.output != "table":
        from gko_tui.output.documents import encode

        document = {"schema": "gko-tui/config-check/v1", "file": file, "valid": not errors, "errors": errors}
        invocation.console.write_bytes(encode(document, invocation.arguments.output))
    elif errors:
        for line in lines:
            invocation.console.warn(printable(line))
        invocation.console.warn(counted(len(errors), "error"))
    else:
        invocation.console.write("".join(f"{printable(line)}\n" for line in lines))
    return int(ExitCode.ERROR if errors else ExitCode.IN_SYNC)


def example(invocation: Invocation) -> int:
    """Print a commented configuration."""
    from reconciler.settings.example import EXAMPLE

    invocation.console.write(EXAMPLE)
    return int(ExitCode.IN_SYNC)
