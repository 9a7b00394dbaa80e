"""`gko-tui info`: versions, folders, the configuration in use; and the schemas of our documents."""

from __future__ import annotations

import platform as machine
import shutil
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any

from gko_tui.commands.invocation import Invocation
from gko_tui.output.cells import padded
from reconciler.model.errors import GkoError
from reconciler.model.verdicts import ExitCode
from reconciler.rules.text import printable
from reconciler.settings.paths import StatePaths, user_config_file

LIBRARIES = (
    "textual",
    "pygit2",
    "httpx",
    "orjson",
    "pydantic",
    "kubernetes",
    "deepdiff",
    "pyyaml",
    "structlog",
)
TOOLS = ("git", "kustomize", "helm", "kubectl")


def own_version() -> str:
    """The version of this program."""
    try:
        return version("gko-tui")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "unknown"


def run(invocation: Invocation) -> int:
    """Show what is in use."""
    if invocation.arguments.schema:
        invocation.console.write_bytes(schema_bytes(invocation.arguments.schema))
        return int(ExitCode.IN_SYNC)
    facts = _facts(invocation)
    if invocation.arguments.output != "table":
        from gko_tui.output.documents import encode

        invocation.console.write_bytes(encode(facts, invocation.arguments.output))
        return int(ExitCode.IN_SYNC)
    lines = list(_flat(facts))
    width = max(len(name) for name, _ in lines)
    invocation.console.write("".join(f"{padded(name, width)}  {printable(text)}\n" for name, text in lines))
    return int(ExitCode.IN_SYNC)


def schema_bytes(name: str) -> bytes:
    """The JSON Schema of one of our documents."""
    return files("gko_tui.output").joinpath("schemas", f"{name}.v1.json").read_bytes()


def _facts(invocation: Invocation) -> dict[str, Any]:
    paths = StatePaths.locate(invocation.environ)
    configuration: dict[str, Any]
    try:
        platform = invocation.platform()
        configuration = {
            "file": str(platform.path) if platform.path is not None else None,
            "sources": [source.name for source in platform.sources],
            "clusters": [cluster.name for cluster in platform.clusters],
            "applications": [application.name for application in platform.applications],
        }
    except GkoError as error:
        configuration = {"error": error.sentence()}
    return {
        "schema": "gko-tui/info/v1",
        "version": own_version(),
        "python": machine.python_version(),
        "system": machine.platform(terse=True),
        "configuration": configuration,
        "paths": {
            "state": str(paths.state),
            "cache": str(paths.cache),
            "userConfiguration": str(user_config_file(invocation.environ)),
        },
        "libraries": {name: _library(name) for name in LIBRARIES},
        "tools": {name: shutil.which(name, path=invocation.environ.get("PATH")) for name in TOOLS},
    }


def _library(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _flat(facts: dict[str, Any], above: str = "") -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    for name, value in facts.items():
        if name == "schema":
            continue
        if isinstance(value, dict):
            lines += _flat(value, f"{above}{name} ")
        elif isinstance(value, list):
            lines.append((f"{above}{name}", ", ".join(value) or "none"))
        else:
            lines.append((f"{above}{name}", str(value) if value is not None else "none"))
    return lines
