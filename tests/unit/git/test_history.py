"""Who touched what: the answers of `git log -1`, over random histories with merges, and per document."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from reconciler.git.cache import ParseCache
from reconciler.git.source import GitSource
from reconciler.model.keys import DocumentKey
from reconciler.settings.model import YamlRender
from tests.unit.git.repository import START, Repo, manifest
from tests.unit.git.sources import local_source

PLAIN = YamlRender()


def _random_history(path: Path, seed: int) -> Repo:
    chance = random.Random(seed)
    repo = Repo(path)
    names = [f"{folder}{n}.yaml" for folder in ("", "a/", "a/b/", "c/") for n in range(4)]
    tips = [repo.commit({name: manifest(name.replace("/", "-")) for name in names})]
    for step in range(60):
        parents = chance.sample(tips, 2) if len(tips) > 1 and chance.random() < 0.3 else [chance.choice(tips)]
        changed = {}
        for name in chance.sample(names, chance.choice([0, 1, 1, 2, 5])):
            changed[name] = manifest(name.replace("/", "-"), extra=f"  step: {chance.randrange(3)}\n")
        # Clocks of people differ: times go backwards now and then.
        at = START + 60 * step - chance.choice([0, 0, 500])
        tips.append(repo.commit(changed, parents=parents, branch=f"b{step}", at=at))
        tips = tips[-4:]
    repo.force("main", tips[-1])
    return repo


@pytest.mark.parametrize("seed", range(6))
def test_files_and_folders_are_touched_by_the_commit_that_git_log_names(tmp_path: Path, seed: int) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not on PATH to compare with")
    repo = _random_history(tmp_path / "r", seed)
    source = local_source(repo.path)
    revision = source.refresh()
    documents = source.render(revision, "", PLAIN, recursive=True).documents
    paths = [*(document.path for document in documents), "a", "a/b", "c"]
    found = source.touched(revision, paths)
    said = {path: _git_log(repo.path, revision, path) for path in paths}
    assert {path: touch.revision for path, touch in found.items()} == said


def _git_log(repository: Path, revision: str, path: str) -> str:
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", "log", "-1", "--format=%H", revision, "--", path],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_touch_says_who_when_and_why(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    repo.commit({"a.yaml": manifest("a"), "b.yaml": manifest("b")}, author="Ana")
    second = repo.commit(
        {"b.yaml": manifest("b", extra="  c: 1\n")}, author="Björn", subject="raise the limit\n\nwhy"
    )
    source = local_source(repo.path)
    touch = source.touched(source.refresh(), ["b.yaml"])["b.yaml"]
    assert (touch.revision, touch.author, touch.subject) == (second, "Björn", "raise the limit")
    assert touch.committed_at == START + 120


def test_paths_that_are_not_there_are_absent(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    repo.commit({"a.yaml": manifest("a")})
    source = local_source(repo.path)
    assert source.touched(source.refresh(), ["nowhere.yaml", "a.yaml/b"]) == {}


def test_documents_of_one_file_are_told_apart(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    one, two, three = (manifest(name) for name in ("one", "two", "three"))
    repo.commit({"all.yaml": f"{one}---\n{two}"})
    second = repo.commit({"all.yaml": f"{one}---\n{two}  b: 2\n"})
    third = repo.commit({"all.yaml": f"{three}---\n{one}---\n{two}  b: 2\n"})
    source = local_source(repo.path)
    revision = source.refresh()
    documents = source.render(revision, "", PLAIN, recursive=True).documents
    touches = source.touched_documents(revision, documents)
    by_name = {d.key.name: touches[(d.path, d.index)].revision for d in documents}
    assert by_name["two"] == second
    assert by_name["three"] == third
    assert by_name["one"] not in (second, third)


def test_items_of_a_list_are_touched_with_their_file(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    text = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: A, metadata: {name: x}}\n"
    repo.commit({"all.yaml": text})
    second = repo.commit({"all.yaml": text + "- {apiVersion: v1, kind: A, metadata: {name: y}}\n"})
    source = local_source(repo.path)
    revision = source.refresh()
    touches = source.touched_documents(revision, source.render(revision, "", PLAIN, recursive=True).documents)
    assert {touch.revision for touch in touches.values()} == {second}


def test_a_second_walk_stops_where_the_first_one_began(tmp_path: Path) -> None:
    repo = _random_history(tmp_path / "r", 1)
    cache = ParseCache(tmp_path / "parse.sqlite")
    source = local_source(repo.path, cache=cache)
    before = source.refresh()
    documents = source.render(before, "", PLAIN, recursive=True).documents
    known = source.touched_documents(before, documents)
    newest = repo.commit({"a/1.yaml": manifest("a-1", extra="  fresh: 1\n")})

    read: list[str] = []
    later = local_source(repo.path, cache=cache)
    after = later.refresh()
    fresh = later.render(after, "", PLAIN, recursive=True).documents
    _record_commits(later, read)
    touches = later.touched_documents(after, fresh)
    assert {path for path, touch in touches.items() if touch.revision == newest} == {("a/1.yaml", 0)}
    assert {k: v for k, v in touches.items() if k[0] != "a/1.yaml"} == {
        k: v for k, v in known.items() if k[0] != "a/1.yaml"
    }
    assert set(read) == {newest, before}


def _record_commits(source: GitSource, read: list[str]) -> None:
    history = source._history
    assert history is not None
    commit = history.commit

    def recorded(revision: str) -> object:
        read.append(revision)
        return commit(revision)

    history.commit = recorded  # type: ignore[method-assign, assignment]


def test_a_shallow_clone_answers_with_what_it_has(tmp_path: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not on PATH to make a shallow clone")
    repo = Repo(tmp_path / "r")
    repo.commit({"a.yaml": manifest("a")})
    second = repo.commit({"b.yaml": manifest("b")})
    shallow = tmp_path / "shallow"
    subprocess.run(
        ["git", "-c", "safe.directory=*", "clone", "-q", "--depth", "1", f"file://{repo.path}", str(shallow)],
        check=True,
        capture_output=True,
    )
    cache = ParseCache(tmp_path / "parse.sqlite")
    source = local_source(shallow, cache=cache)
    revision = source.refresh()
    assert {touch.revision for touch in source.touched(revision, ["a.yaml", "b.yaml"]).values()} == {second}
    assert cache.touched_revisions() == set()
    assert source.removed_documents(revision, "") == {}


def _key(name: str) -> DocumentKey:
    return DocumentKey("gravitee.io", "ApiV4Definition", None, name)


def test_removed_documents_are_named_with_the_commit_that_removed_them(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    repo.commit(
        {f"apis/{name}.yaml": manifest(name) for name in ("kept", "gone", "moved", "renamed", "back")}
    )
    repo.commit({"other/elsewhere.yaml": manifest("elsewhere")})
    gone = repo.commit({"apis/gone.yaml": None}, subject="retire it")
    repo.commit({"apis/moved.yaml": None, "apis/deep/moved.yaml": manifest("moved")})
    renamed = repo.commit({"apis/renamed.yaml": manifest("new-name")})
    repo.commit({"apis/back.yaml": None, "other/elsewhere.yaml": None})
    repo.commit({"apis/back.yaml": manifest("back")})
    source = local_source(repo.path)
    revision = source.refresh()
    removed = source.removed_documents(revision, "apis")
    assert {key: touch.revision for key, touch in removed.items()} == {
        _key("gone"): gone,
        _key("renamed"): renamed,
    }
    assert removed[_key("gone")].subject == "retire it"
    assert source.removed_documents(revision, "apis", limit_commits=2) == {}


def test_what_a_merged_branch_removed_is_its_commits_doing(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    base = repo.commit({"a.yaml": manifest("a"), "b.yaml": manifest("b")})
    side = repo.commit({"b.yaml": None}, branch="side", parents=[base])
    main = repo.commit({"c.yaml": manifest("c")})
    repo.commit({"b.yaml": None}, parents=[main, side], subject="merge")
    source = local_source(repo.path)
    removed = source.removed_documents(source.refresh(), "")
    assert {key: touch.revision for key, touch in removed.items()} == {_key("b"): side}


def test_a_broken_file_still_says_what_it_last_defined(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    repo.commit({"a.yaml": manifest("a"), "never.yaml": "a: b: c\n"})
    repo.commit({"a.yaml": manifest("a", extra="  b: 2\n") + f"---\n{manifest('b')}"})
    repo.commit({"a.yaml": "a: b: c\n"})
    repo.commit({"a.yaml": "\tstill broken\n"})
    source = local_source(repo.path)
    revision = source.refresh()
    last = source.last_good(revision, ["a.yaml", "never.yaml", "absent.yaml"])
    assert {path: [d.key.name for d in documents] for path, documents in last.items()} == {
        "a.yaml": ["a", "b"]
    }
    assert source.body(last["a.yaml"][0])["spec"] == {"a": 1, "b": 2}
