"""`doctor`: what is there, what is missing, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pygit2
import pytest

from gko_tui.cli import main
from gko_tui.commands.checks import Check, check_lines
from reconciler.model.errors import ClusterError
from tests.unit.cli.schemas import validate

KINDS = tuple(SimpleNamespace(kind=name) for name in ("ApiV4Definition", "Application"))


def repository(folder: Path) -> Path:
    made = pygit2.init_repository(str(folder))
    tree = made.TreeBuilder().write()
    who = pygit2.Signature("Ana", "ana@example.org", 1_700_000_000, 0)
    made.create_commit("HEAD", who, who, "First", tree, [])
    return folder


def checks(capsys: pytest.CaptureFixture[str], code: int) -> dict[tuple[str, str], dict[str, Any]]:
    assert main(["doctor", "-o", "json"]) == code
    document = json.loads(capsys.readouterr().out)
    validate(document)
    assert document["exitCode"] == code
    return {(check["name"], check["check"]): check for check in document["checks"]}


class Answers:
    """A cluster whose answers are given."""

    server = "https://10.0.0.1:6443"

    def __init__(self, denied: Sequence[tuple[str, str]] = (), failure: ClusterError | None = None) -> None:
        self.denied = denied
        self.failure = failure
        self.closed = False

    async def aclose(self) -> None:
        self.closed = True


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Let every configured cluster be one set of answers."""
    answers = Answers()

    async def open_cluster(spec: object, *, environ: object) -> Answers:
        return answers

    async def server_version(client: Answers) -> str:
        if client.failure is not None:
            raise client.failure
        return "v1.36.3"

    async def served_kinds(client: Answers, group: str) -> Sequence[Any]:
        return KINDS

    async def review_access(
        client: Answers, kinds: Sequence[Any], namespaces: Sequence[str], verbs: Sequence[str]
    ) -> list[Any]:
        return [
            SimpleNamespace(
                verb=verb,
                kind=kind.kind,
                namespace=namespace,
                allowed=(verb, kind.kind) not in client.denied,
                reason="",
            )
            for namespace in namespaces or (None,)
            for kind in kinds
            for verb in verbs
        ]

    monkeypatch.setattr("reconciler.engine.downstream.clients.open_cluster", open_cluster)
    monkeypatch.setattr("reconciler.cluster.kinds.server_version", server_version)
    monkeypatch.setattr("reconciler.cluster.kinds.served_kinds", served_kinds)
    monkeypatch.setattr("reconciler.cluster.access.review_access", review_access)
    return answers


def configure(place: Path, mode: str = "observe", render: str = "yaml") -> None:
    repository(place / "apis")
    (place / "gko-tui.yaml").write_text(
        "sources: [{name: apis, path: apis}]\n"
        "clusters: [{name: prod}]\n"
        f"applications: [{{name: pay, source: apis, clusters: [prod], mode: {mode}, render: {render}}}]\n"
    )


def test_a_machine_where_all_is_well_is_0(
    place: Path, capsys: pytest.CaptureFixture[str], cluster: Answers
) -> None:
    configure(place)
    found = checks(capsys, 0)
    assert found[("apis", "reachable")]["detail"].endswith(
        ": HEAD is " + found[("apis", "reachable")]["detail"][-7:]
    )
    assert found[("prod", "reachable")]["detail"] == "https://10.0.0.1:6443 v1.36.3"
    assert found[("prod", "serves gravitee.io")]["kinds"] == ["ApiV4Definition", "Application"]
    assert found[("prod", "may watch")]["outcome"] == "ok"
    assert found[("state folder", "writable")]["outcome"] == "ok"
    assert cluster.closed


def test_a_missing_right_to_read_is_5_and_says_which(
    place: Path, capsys: pytest.CaptureFixture[str], cluster: Answers
) -> None:
    configure(place)
    cluster.denied = [("watch", "Application")]
    assert main(["doctor"]) == 5
    said = capsys.readouterr().out
    assert "missing     may watch: Application in every namespace" in said
    assert "ask for a Role with watch on these kinds of gravitee.io" in said
    assert "ok          may watch: ApiV4Definition in every namespace" in said
    assert "ok          may get, list, create, patch, delete: ApiV4Definition, Application in every" in said


def test_rights_to_write_are_needed_only_where_something_may_be_written(
    place: Path, capsys: pytest.CaptureFixture[str], cluster: Answers
) -> None:
    cluster.denied = [("patch", "ApiV4Definition"), ("patch", "Application")]
    configure(place)
    patch = checks(capsys, 0)[("prod", "may patch")]
    assert (patch["outcome"], patch["nextStep"]) == ("not-needed", None)
    (place / "gko-tui.yaml").write_text((place / "gko-tui.yaml").read_text().replace("observe", "heal"))
    assert checks(capsys, 5)[("prod", "may patch")]["outcome"] == "missing"


def test_a_renderer_that_is_not_installed_is_missing_only_where_it_is_used(
    place: Path, capsys: pytest.CaptureFixture[str], cluster: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(place))
    configure(place, render="kustomize")
    found = checks(capsys, 5)
    assert found[("kustomize", "on PATH")]["detail"] == "needed to render pay"
    assert found[("helm", "on PATH")]["outcome"] == "not-needed"


def test_a_cluster_that_does_not_answer_is_5_and_alone_is_1(
    place: Path, capsys: pytest.CaptureFixture[str], cluster: Answers
) -> None:
    configure(place)
    cluster.failure = ClusterError("does not answer", subject="prod", next_step="check the VPN")
    check = checks(capsys, 5)[("prod", "reachable")]
    assert (check["outcome"], check["detail"], check["nextStep"]) == (
        "missing",
        "does not answer",
        "check the VPN",
    )
    (place / "gko-tui.yaml").write_text("clusters: [{name: prod}]\n")
    checks(capsys, 1)


def test_a_source_that_cannot_be_read_says_why(
    place: Path, capsys: pytest.CaptureFixture[str], cluster: Answers
) -> None:
    configure(place)
    (place / "gko-tui.yaml").write_text(
        "sources: [{name: apis, path: apis, ref: no-such-branch}]\nclusters: [{name: prod}]\n"
    )
    check = checks(capsys, 5)[("apis", "reachable")]
    assert check["outcome"] == "missing" and "no-such-branch" in check["detail"]
    assert check["nextStep"]


def test_a_configuration_that_is_not_valid_is_1(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "gko-tui.yaml").write_text("clusters: [{nam: x}]\n")
    assert "unknown field" in checks(capsys, 1)[("configuration", "valid")]["detail"]


def test_a_state_folder_that_cannot_be_made_is_said(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "file").write_text("")
    monkeypatch.setenv("GKO_TUI_STATE", str(place / "file" / "state"))
    check = checks(capsys, 1)[("folders", "writable")]
    assert check["outcome"] == "missing" and "GKO_TUI_STATE" in check["nextStep"]


def test_names_from_outside_are_safe_to_print() -> None:
    from tests.unit.cli.fleets import Run, fleet_of

    hostile = Check("cluster", "a\x1b[2J", "reachable", "missing", "b\x1b[2J", "c\x1b[2J")
    console = Run(["doctor"], fleet_of(())).invocation.console
    assert "\x1b" not in "".join(check_lines([hostile], console))
