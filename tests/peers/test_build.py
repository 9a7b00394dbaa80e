"""Building the peers: what is built where, what is said when it is not, and that two at once do not collide.

Go itself is played by a small script here; that the true one builds is what every peers test shows.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.peers import build as subject
from tests.peers.recipes import DEFAULT_PEERS, RECIPES

_REPOSITORY = Path(__file__).resolve().parents[2]

# Answers `go env GOVERSION`; for `go build … -o FILE PACKAGE` notes the build and writes FILE, slowly.
_GO = """#!/bin/sh
if [ "$1" = env ]; then echo go1.99.0; exit 0; fi
echo "$CGO_ENABLED $PWD $*" >> "{notes}"
[ -n "$FAIL" ] && {{ echo "no such package" >&2; exit 2; }}
while [ "$1" != -o ]; do shift; done
sleep 0.3
echo '#!/bin/sh' > "$2"
chmod +x "$2"
"""


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GKO_TUI_PEERS", str(tmp_path / "peers"))
    monkeypatch.delenv("GKO_TUI_BUILD_PEERS", raising=False)
    monkeypatch.delenv("GKO_TUI_REQUIRE_PEERS", raising=False)


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the played Go in place and give the file in which it notes its builds."""
    monkeypatch.setenv("GO", _played_go(tmp_path))
    return tmp_path / "notes"


@pytest.mark.usefixtures("notes")
def test_what_is_not_built_is_not_built_by_asking_for_it() -> None:
    with pytest.raises(subject.PeerUnavailable) as caught:
        subject.peer_binary("kube-apiserver")

    assert caught.value.reason == "kube-apiserver not built: run python -m tests.peers.build"


@pytest.mark.usefixtures("notes")
def test_the_command_that_is_named_builds_what_was_missing() -> None:
    with pytest.raises(subject.PeerUnavailable, match=r"run python -m tests\.peers\.build kubectl$"):
        subject.peer_binary("kubectl")


def test_where_asking_may_build_it_does(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GKO_TUI_BUILD_PEERS", "1")

    binary = subject.peer_binary("etcd")

    assert os.access(binary, os.X_OK)
    assert len(notes.read_text(encoding="utf-8").splitlines()) == 1


def test_without_go_the_reason_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GO", "no-such-go")

    with pytest.raises(subject.PeerUnavailable, match="no Go found"):
        subject.peer_binary("etcd")


def test_a_cached_binary_needs_no_go(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = subject.build("etcd")
    monkeypatch.setenv("GO", "no-such-go")

    assert subject.peer_binary("etcd") == built
    assert subject.build("etcd") == built
    assert len(notes.read_text(encoding="utf-8").splitlines()) == 1


def test_a_build_is_static_small_and_says_its_version(notes: Path) -> None:
    subject.build("kubectl")

    line = notes.read_text(encoding="utf-8")
    assert line.startswith("0 ")
    assert f"{Path(__file__).parent} build -trimpath -ldflags -s -w" in line
    assert f"gitVersion={RECIPES['kubectl'].version()}" in line
    assert line.rstrip().endswith("k8s.io/kubernetes/cmd/kubectl")


def test_the_folder_in_the_cache_names_the_version_of_go(notes: Path, tmp_path: Path) -> None:
    binary = subject.build("etcd")

    assert notes.exists()
    assert binary.parent.parent == tmp_path / "peers"
    assert binary.parent.name.endswith("-go1.99.0")


def test_without_a_folder_of_its_own_the_cache_is_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GKO_TUI_PEERS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("GO", "no-such-go")
    with pytest.raises(subject.PeerUnavailable):
        subject.build("etcd")

    monkeypatch.setenv("GO", _played_go(tmp_path))
    assert subject.build("etcd").is_relative_to(tmp_path / "xdg" / "gko-tui-peers")


def test_two_at_once_build_once(notes: Path) -> None:
    command = [sys.executable, "-m", "tests.peers.build", "etcd"]

    def run(_: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=_REPOSITORY, capture_output=True, text=True, check=False)

    with ThreadPoolExecutor(3) as pool:
        ended = list(pool.map(run, range(3)))

    assert [done.returncode for done in ended] == [0, 0, 0]
    assert len(notes.read_text(encoding="utf-8").splitlines()) == 1
    assert sum("already built" in done.stdout for done in ended) == 2


def test_a_build_that_fails_ends_the_command_with_an_error_and_leaves_nothing(
    notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAIL", "1")

    assert subject.main(["etcd", "kube-apiserver"]) == 1

    assert "etcd was not built: go build ended with 2" in capsys.readouterr().err
    assert len(notes.read_text(encoding="utf-8").splitlines()) == 1
    assert [file.name for file in (tmp_path / "peers").rglob("*") if file.is_file()] == [".lock"]


def test_the_command_without_names_builds_a_control_plane(notes: Path) -> None:
    assert subject.main([]) == 0

    packages = [line.split()[-1] for line in notes.read_text(encoding="utf-8").splitlines()]
    assert packages == [RECIPES[name].package for name in DEFAULT_PEERS]


def test_an_unknown_peer_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        subject.main(["kubelet"])

    assert ended.value.code == 2
    assert "unknown peer: kubelet" in capsys.readouterr().err


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_finds_its_version_in_its_go_mod(name: str) -> None:
    assert RECIPES[name].version().startswith("v")


@pytest.mark.parametrize(
    ("required", "code", "words"),
    [("", 0, "etcd not built"), ("1", 1, "GKO_TUI_REQUIRE_PEERS is set, but etcd not built")],
)
@pytest.mark.usefixtures("notes")
def test_a_test_without_its_peer_is_skipped_or_fails_where_peers_are_required(
    tmp_path: Path, required: str, code: int, words: str
) -> None:
    file = tmp_path / "test_it.py"
    file.write_text("def test_it(real_cluster):\n    pass\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "tests.peers.fixtures", "-p", "no:cacheprovider", "-rsE"]

    done = subprocess.run(
        [*command, f"--rootdir={tmp_path}", str(file)],
        cwd=_REPOSITORY,
        env={**os.environ, "GKO_TUI_REQUIRE_PEERS": required},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == code, done.stdout
    assert words in done.stdout


def _played_go(folder: Path) -> str:
    go = folder / "go"
    go.write_text(_GO.format(notes=folder / "notes"), encoding="utf-8")
    go.chmod(0o755)
    return str(go)
