"""What a configuration file may say that was merely found, not named: nothing that runs programs or
takes credentials.

Whoever clones a repository and starts gko-tui in it has not read its gko-tui.yaml. A file that the user
named (`--config`, `GKO_TUI_CONFIG`) or keeps in their own configuration folder may say everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reconciler.settings.marked_yaml import Complaint, Loc, MarkedData, loc_text
from reconciler.settings.model import (
    CommandRender,
    ControlPlaneAuth,
    GatewayAuth,
    GitAuth,
    KustomizeRender,
    Platform,
)

_CREDENTIALS = (
    "username_env",
    "password_env",
    "password_file",
    "token_env",
    "token_file",
    "ssh_key",
    "ssh_passphrase_env",
)


def needs_trust(platform: Platform, marked: MarkedData, file: Path) -> Iterator[Complaint]:
    """Everything in a found file that only a named one may say."""
    for loc, why in _risks(platform, file.parent.resolve()):
        yield Complaint(
            marked.line(loc),
            loc_text(loc),
            f"{why}, and this file was found, not named; if you trust it: gko-tui --config {file}",
        )


def _risks(platform: Platform, folder: Path) -> Iterator[tuple[Loc, str]]:
    for index, source in enumerate(platform.sources):
        yield from _auth_risks(("sources", index, "auth"), source.auth)
    for index, control_plane in enumerate(platform.control_planes):
        yield from _auth_risks(("control_planes", index, "auth"), control_plane.auth)
        if control_plane.auth is None and control_plane.clusters:
            # It stands in for the ManagementContexts of these clusters, and is logged in to as they say.
            yield ("control_planes", index, "url"), "sends credentials of a cluster to this address"
    for index, gateway in enumerate(platform.gateways):
        yield from _auth_risks(("gateways", index, "auth"), gateway.auth)
    for index, application in enumerate(platform.applications):
        render = application.render
        loc = ("applications", index, "render")
        if isinstance(render, CommandRender):
            yield loc, "runs a command"
        elif isinstance(render, KustomizeRender) and render.args:
            yield (*loc, "args"), "passes arguments to a program"
    for index, cluster in enumerate(platform.clusters):
        kubeconfig = cluster.kubeconfig
        if kubeconfig is not None and kubeconfig.resolve().is_relative_to(folder):
            yield ("clusters", index, "kubeconfig"), "may run a command (a kubeconfig beside the file)"


def _auth_risks(loc: Loc, auth: GitAuth | ControlPlaneAuth | GatewayAuth | None) -> Iterator[tuple[Loc, str]]:
    for field in _CREDENTIALS:
        if getattr(auth, field, None):
            yield (*loc, field), "reads a credential"
    for field in ("token_command", "password_command"):
        if getattr(auth, field, None):
            yield (*loc, field), "runs a command"
