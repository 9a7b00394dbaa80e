"""`gko-tui info`: versions, folders, the configuration in use; and the schemas of our documents."""

from __future__ import annotations

import platform as machine
import shutil
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from gko_tui.commands.invocation import Invocation
from gko_tui.output.cells import padded
from reconciler.model.errors import GkoError
from reconciler.model.verdicts import ExitCode
from reconciler.rules.text import printable
from reconciler.settings.paths import StatePaths, user_config_file

if TYPE_CHECKING:
    from reconciler.settings.model import ControlPlane, ControlPlaneAuth, GatewayAuth, GatewaySpec

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
            "controlPlanes": [_control_plane(spec) for spec in platform.control_planes],
            "gateways": [_gateway(spec) for spec in platform.gateways],
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


def _control_plane(spec: ControlPlane) -> dict[str, Any]:
    return {
        "name": spec.name,
        "url": spec.url,
        "organization": spec.organization,
        "environment": spec.environment,
        "clusters": list(spec.clusters),
        "credentials": _credentials(spec.auth),
    }


def _gateway(spec: GatewaySpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "url": spec.url,
        "cluster": spec.cluster,
        "namespace": spec.namespace,
        "selector": spec.selector,
        "mode": spec.mode,
        "controlPlane": spec.control_plane,
        "tags": list(spec.tags) if spec.tags is not None else None,
        "credentials": _credentials(spec.auth),
    }


def _credentials(auth: ControlPlaneAuth | GatewayAuth | None) -> str | None:
    """Where credentials come from: names of variables and files, and of a command without its arguments,
    which may hold a secret."""
    if auth is None:
        return None
    for field in ("token_env", "password_env", "token_file", "password_file"):
        if (found := getattr(auth, field, None)) is not None:
            return f"{'variable' if field.endswith('env') else 'file'} {found}"
    command = getattr(auth, "token_command", None) or getattr(auth, "password_command", None)
    return f"command {command[0]}" if command else None


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
            between = "; " if any(isinstance(item, dict) for item in value) else ", "
            lines.append((f"{above}{_words(name)}", between.join(map(_item, value)) or "none"))
        else:
            lines.append((f"{above}{name}", str(value) if value is not None else "none"))
    return lines


def _item(item: Any) -> str:
    """A thing of a list: its name, with what is known of it behind."""
    if not isinstance(item, dict):
        return str(item)
    known = [f"{_words(name)} {_told(value)}" for name, value in item.items() if name != "name" and value]
    return f"{item['name']} ({', '.join(known)})" if known else str(item["name"])


def _told(value: Any) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)


def _words(name: str) -> str:
    """`controlPlanes` as a person writes it."""
    return "".join(f" {char.lower()}" if char.isupper() else char for char in name)
