"""Folders rendered by programs: bounded, scrubbed, and silent about secrets."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from reconciler.git.documents import Rendering
from reconciler.git.source import GitSource
from reconciler.model.errors import SourceError
from reconciler.settings.model import CommandRender, HelmRender, KustomizeRender, YamlRender
from tests.unit.git.repository import Repo, manifest
from tests.unit.git.sources import local_source

SECRET = "p4ss-w0rd-of-the-registry"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo(tmp_path / "repo")
    made.commit({"apis/a.yaml": manifest("a"), "apis/b.yaml": manifest("b"), "base/c.yaml": manifest("c")})
    return made


def _python(code: str, **settings: Any) -> CommandRender:
    return CommandRender(argv=(sys.executable, "-c", code), **settings)


def _render(source: GitSource, render: Any, folder: str = "apis") -> Rendering:
    return source.render(source.refresh(), folder, render, recursive=True)


def test_a_command_prints_documents(repo: Repo) -> None:
    source = local_source(repo.path)
    rendering = _render(
        source, CommandRender(argv=("sh", "-c", "cat a.yaml; echo ---; cat b.yaml ../base/c.yaml"))
    )
    assert not rendering.complete  # b and c ran into one another
    rendering = _render(source, CommandRender(argv=("sh", "-c", "cat a.yaml; echo ---; cat ../base/c.yaml")))
    assert rendering.complete
    assert [d.key.name for d in rendering.documents] == ["a", "c"]
    assert {d.path for d in rendering.documents} == {"apis (command)"}
    assert source.body(rendering.documents[1])["metadata"]["name"] == "c"
    assert source.text(rendering.documents[1]) == manifest("c")


def test_rendered_documents_were_touched_with_their_folder(repo: Repo) -> None:
    second = repo.commit({"apis/b.yaml": manifest("b", extra="  c: 1\n")})
    repo.commit({"base/c.yaml": manifest("c", extra="  c: 1\n")})
    source = local_source(repo.path)
    rendering = _render(source, CommandRender(argv=("cat", "a.yaml")))
    touches = source.touched_documents(rendering.revision, rendering.documents)
    assert touches[("apis (command)", 0)].revision == second


def test_a_problem_in_the_output_names_its_line(repo: Repo) -> None:
    rendering = _render(local_source(repo.path), CommandRender(argv=("echo", "a: b: c")))
    assert [problem.where for problem in rendering.problems] == ["apis (command):1"]


def test_a_command_sees_only_what_is_passed(repo: Repo, tmp_path: Path) -> None:
    code = (
        "import os; print('apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: env}\\ndata:');"
        "[print(f'  {k}: {v!r}') for k, v in sorted(os.environ.items())]"
    )
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PASSED": "yes", "AWS_SECRET": SECRET}
    source = local_source(repo.path, environ=environ)
    rendering = _render(source, _python(code, env=("PASSED", "UNSET")))
    data = source.body(rendering.documents[0])["data"]
    assert data["PASSED"] == "yes"
    assert SECRET not in str(data)
    assert data["HOME"] != str(tmp_path)
    expected = {"PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "GIT_TERMINAL_PROMPT", "PASSED"}
    assert set(data) - {"LC_CTYPE", "__CF_USER_TEXT_ENCODING"} == expected


def test_the_files_are_those_of_the_revision_and_go_with_the_source(repo: Repo, tmp_path: Path) -> None:
    from pygit2.enums import FileMode

    repo.commit(
        {
            "apis/in.yaml": "a.yaml",
            "apis/out": "../../../../etc/passwd",
            "apis/run.sh": "#!/bin/sh\ncat in.yaml\n",
        },
        modes={
            "apis/in.yaml": FileMode.LINK,
            "apis/out": FileMode.LINK,
            "apis/run.sh": FileMode.BLOB_EXECUTABLE,
        },
    )
    note = tmp_path / "note"
    source = local_source(repo.path)
    command = ("sh", "-c", f"pwd > {note}; ls -l >> {note}; test ! -e out && cat in.yaml")
    rendering = _render(source, CommandRender(argv=command))
    assert [d.key.name for d in rendering.documents] == ["a"]
    where = Path(note.read_text().splitlines()[0])
    assert where.is_dir()
    assert where.parents[1].stat().st_mode & 0o777 == 0o700
    del source
    assert not where.exists()


def test_a_command_that_never_ends_is_stopped_with_its_children(repo: Repo, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    render = CommandRender(argv=("sh", "-c", f"sleep 600 & echo $! > {note}; wait"), timeout_s=0.5)
    with pytest.raises(SourceError, match=r"sh did not end within 0\.5 s"):
        _render(local_source(repo.path), render)
    _wait_until_gone(int(note.read_text()))


def test_while_a_command_runs_the_source_answers_others(repo: Repo, tmp_path: Path) -> None:
    go_on, began = tmp_path / "go", tmp_path / "began"
    code = f"touch {began}; while test ! -e {go_on}; do sleep 0.01; done; cat a.yaml"
    source = local_source(repo.path)
    revision = source.refresh()
    plain = source.render(revision, "base", YamlRender(), recursive=True)
    with ThreadPoolExecutor(1) as pool:
        rendering = pool.submit(_render, source, CommandRender(argv=("sh", "-c", code)))
        while not began.exists():
            assert not rendering.done()
        assert source.body(plain.documents[0])["metadata"]["name"] == "c"
        go_on.touch()
        assert rendering.result().complete


def test_a_child_that_outlives_its_command_is_ended_too(repo: Repo, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    render = CommandRender(argv=("sh", "-c", f"sleep 600 & echo $! > {note}; cat a.yaml"))
    rendering = _render(local_source(repo.path), render)
    assert [d.key.name for d in rendering.documents] == ["a"]
    _wait_until_gone(int(note.read_text()))


def _wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return
        if state == "Z":
            return
        time.sleep(0.01)
    raise AssertionError(f"{pid} still runs")


def test_a_command_that_prints_without_end_is_stopped(repo: Repo) -> None:
    with pytest.raises(SourceError, match="printed more than 100,000 bytes"):
        _render(local_source(repo.path), CommandRender(argv=("yes",), max_bytes=100_000))


def test_what_a_failing_command_says_is_shown_without_secrets_and_control_characters(repo: Repo) -> None:
    code = (
        "import os, sys; sys.stderr.write('x' * 100000 + '\\n\\x1b[31mlogin with '"
        " + os.environ['TOKEN'] + ' refused\\n'); sys.exit(7)"
    )
    source = local_source(repo.path, environ={"PATH": os.environ["PATH"], "TOKEN": SECRET})
    with pytest.raises(SourceError) as caught:
        _render(source, _python(code, env=("TOKEN",)))
    text = str(caught.value)
    assert "failed with exit code 7" in text
    assert "\\x1b[31mlogin with ‹TOKEN› refused" in text
    assert SECRET not in text
    assert "\x1b" not in text
    assert len(text) < 1000


def test_a_secret_of_several_lines_is_covered_line_by_line(repo: Repo) -> None:
    key = "-----BEGIN KEY-----\nMIIabcdefgh\nMIIjklmnopq\n-----END KEY-----"
    code = (
        "import os, sys; print('bad line', os.environ['KEY'].splitlines()[1], file=sys.stderr); sys.exit(1)"
    )
    source = local_source(repo.path, environ={"PATH": os.environ["PATH"], "KEY": key})
    with pytest.raises(SourceError, match="bad line ‹KEY›"):
        _render(source, _python(code, env=("KEY",)))


def test_a_command_that_is_not_there_is_named(repo: Repo) -> None:
    with pytest.raises(SourceError, match="no-such-program cannot be run"):
        _render(local_source(repo.path), CommandRender(argv=("no-such-program",)))


@pytest.mark.parametrize("render", [KustomizeRender(), HelmRender()])
def test_a_tool_that_is_not_on_path_is_named(repo: Repo, tmp_path: Path, render: Any) -> None:
    source = local_source(repo.path, environ={"PATH": str(tmp_path)})
    with pytest.raises(SourceError, match=f"{render.type} is not on PATH") as caught:
        _render(source, render)
    assert "install" in caught.value.next_step


def test_a_folder_that_is_not_there_is_named_before_anything_runs(repo: Repo) -> None:
    with pytest.raises(SourceError, match="no folder 'apiz'"):
        _render(local_source(repo.path), CommandRender(argv=("cat", "a.yaml")), "apiz")


def test_values_files_outside_the_repository_are_refused(repo: Repo, tmp_path: Path) -> None:
    fake = tmp_path / "bin" / "helm"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\nexit 0\n")
    fake.chmod(0o755)
    source = local_source(repo.path, environ={"PATH": f"{fake.parent}:{os.environ['PATH']}"})
    with pytest.raises(SourceError, match="is not in the repository"):
        _render(source, HelmRender(values=("../../../../etc/hostname",)))


@pytest.mark.peers
def test_real_kustomize_builds_an_overlay(tmp_path: Path, peer: Callable[[str], Path]) -> None:
    path = f"{peer('kustomize').parent}:{os.environ['PATH']}"
    repo = Repo(tmp_path / "overlay")
    repo.commit(
        {
            "base/kustomization.yaml": "resources: [a.yaml]\n",
            "base/a.yaml": manifest("a"),
            "prod/kustomization.yaml": "resources: [../base]\nnamePrefix: prod-\nnamespace: pay\n",
            "bad/kustomization.yaml": "resources: [missing.yaml]\n",
        }
    )
    source = local_source(repo.path, environ={"PATH": path})
    rendering = _render(source, KustomizeRender(), "prod")
    assert [str(d.key) for d in rendering.documents] == ["ApiV4Definition/pay/prod-a"]
    assert rendering.documents[0].path == "prod (kustomize)"
    with pytest.raises(SourceError, match=r"kustomize failed with exit code 1: .*missing\.yaml"):
        _render(source, KustomizeRender(), "bad")


@pytest.mark.peers
def test_real_helm_renders_a_chart_with_values(tmp_path: Path, peer: Callable[[str], Path]) -> None:
    path = f"{peer('helm').parent}:{os.environ['PATH']}"
    repo = Repo(tmp_path / "chart")
    template = manifest("{{ .Release.Name }}-{{ .Values.name }}", namespace="{{ .Release.Namespace }}")
    repo.commit(
        {
            "charts/pay/Chart.yaml": "apiVersion: v2\nname: pay\nversion: 1.0.0\n",
            "charts/pay/values.yaml": "name: standard\n",
            "charts/pay/prod.yaml": "name: prod\n",
            "charts/pay/templates/api.yaml": template,
        }
    )
    source = local_source(repo.path, environ={"PATH": path})
    rendering = _render(source, HelmRender(release="r", values=("prod.yaml",), namespace="ns"), "charts/pay")
    assert [str(d.key) for d in rendering.documents] == ["ApiV4Definition/ns/r-prod"]
    assert rendering.documents[0].path == "charts/pay/templates/api.yaml"
