"""Sources: resolving, rendering plain files, reading bodies, and everything odd that repositories hold."""

from __future__ import annotations

import resource
import subprocess
import zlib
from hashlib import sha1
from pathlib import Path

import pygit2
import pytest
from pygit2.enums import FileMode, ObjectType

from reconciler.git import sharing_work
from reconciler.git.cache import ParseCache
from reconciler.git.documents import Rendering
from reconciler.git.parsing_child import parse_blob
from reconciler.git.source import GitSource
from reconciler.model.errors import SourceError
from reconciler.model.verdicts import Place
from reconciler.settings.model import YamlRender
from tests.unit.git.repository import Repo, manifest
from tests.unit.git.sources import local_source

PLAIN = YamlRender()


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


def _render(source: GitSource, folder: str = "", *, recursive: bool = True) -> Rendering:
    return source.render(source.refresh(), folder, PLAIN, recursive=recursive)


def _names(rendering: Rendering) -> list[str]:
    return [document.key.name for document in rendering.documents]


def _where(rendering: Rendering, severity: str = "error") -> list[str]:
    return [problem.where for problem in rendering.problems if problem.severity == severity]


# --- revisions ----------------------------------------------------------------------------------------


def test_branches_tags_and_commits_are_resolved(repo: Repo) -> None:
    first = repo.commit({"a.yaml": manifest("a")})
    second = repo.commit({"b.yaml": manifest("b")})
    dev = repo.commit({"c.yaml": manifest("c")}, branch="team/dev", parents=[first])
    repo.tag("v1", first)
    repo.tag("v2", second, annotated=True)
    refs = {None: second, "main": second, "team/dev": dev, "v1": first, "v2": second, "refs/tags/v1": first}
    refs |= {first: first, first[:9]: first, "main~1": first}
    assert {ref: local_source(repo.path, ref=ref).refresh() for ref in refs} == refs


def test_a_branch_wins_over_a_tag_of_its_name(repo: Repo) -> None:
    first = repo.commit({"a.yaml": manifest("a")})
    second = repo.commit({"b.yaml": manifest("b")}, branch="release")
    repo.tag("release", first)
    assert local_source(repo.path, ref="release").refresh() == second


def test_an_unknown_ref_offers_the_closest_names(repo: Repo) -> None:
    repo.commit({"a.yaml": manifest("a")})
    repo.commit({"a.yaml": manifest("a")}, branch="production")
    with pytest.raises(SourceError, match="no branch, tag or commit 'prodution'") as caught:
        local_source(repo.path, ref="prodution").refresh()
    assert caught.value.next_step == "did you mean production?"
    with pytest.raises(SourceError) as caught:
        local_source(repo.path, ref="zzz").refresh()
    assert caught.value.next_step == "there are: main, production"


@pytest.mark.parametrize("ref", ["0" * 40, "abc..def", "-x", "a b", "@{", ":/nothing", "refs/heads/"])
def test_refs_that_are_no_refs_are_refused(repo: Repo, ref: str) -> None:
    repo.commit({"a.yaml": manifest("a")})
    with pytest.raises(SourceError, match="no branch, tag or commit"):
        local_source(repo.path, ref=ref).refresh()


def test_a_tag_of_a_blob_names_no_commit(repo: Repo) -> None:
    repo.commit({"a.yaml": manifest("a")})
    repo.tag("odd", str(repo.git.create_blob(b"x")), annotated=True)
    with pytest.raises(SourceError, match="'odd' names no commit"):
        local_source(repo.path, ref="odd").refresh()


def test_a_repository_without_commits_says_so(repo: Repo) -> None:
    for ref in (None, "main"):
        source = local_source(repo.path, ref=ref)
        with pytest.raises(SourceError, match="has no commits"):
            source.refresh()
        assert source.last_known() is None


def test_a_head_without_commits_names_the_branches_that_have_some(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    repo.commit({"a.yaml": manifest("a")}, branch="trunk")
    with pytest.raises(SourceError, match="HEAD points at main, which has no commit") as caught:
        local_source(repo.path).refresh()
    assert caught.value.next_step == "set ref to one of: trunk"


def test_a_folder_that_is_no_repository_or_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="not inside a Git repository"):
        local_source(tmp_path).refresh()
    with pytest.raises(SourceError, match="does not exist"):
        local_source(tmp_path / "nowhere").refresh()


def test_a_damaged_repository_says_so(repo: Repo) -> None:
    repo.commit({"a.yaml": manifest("a")})
    (repo.path / "config").write_text(
        "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectformat = sha999\n"
    )
    with pytest.raises(SourceError, match="cannot be read"):
        local_source(repo.path).refresh()


def test_clones_worktrees_and_folders_inside_them_are_read_as_committed(tmp_path: Path) -> None:
    work = tmp_path / "work"
    git = pygit2.init_repository(str(work), initial_head="main")
    (work / "apis").mkdir()
    (work / "apis" / "a.yaml").write_text(manifest("a"))
    git.index.add("apis/a.yaml")
    who = pygit2.Signature("Ana", "ana@example.org", 1_700_000_000, 0)
    head = str(git.create_commit("HEAD", who, who, "one", git.index.write_tree(), []))
    (work / "apis" / "a.yaml").write_text("not committed")
    (work / "apis" / "b.yaml").write_text(manifest("b"))
    assert _names(_render(local_source(work / "apis"))) == ["a"]
    git.add_worktree("other", str(tmp_path / "other"))
    other = local_source(tmp_path / "other" / "apis")
    assert other.refresh() == head
    assert _names(_render(other)) == ["a"]


def test_a_new_commit_is_seen_by_the_next_refresh(repo: Repo) -> None:
    first = repo.commit({"a.yaml": manifest("a")})
    source = local_source(repo.path)
    assert source.refresh() == source.last_known() == first
    second = repo.commit({"b.yaml": manifest("b")})
    assert source.refresh() == second
    assert _names(source.render(first, "", PLAIN, recursive=True)) == ["a"]
    assert _names(source.render(second, "", PLAIN, recursive=True)) == ["a", "b"]


# --- plain files --------------------------------------------------------------------------------------


def test_manifests_below_a_folder_are_documents(repo: Repo) -> None:
    labelled = manifest("b", namespace="pay").replace("  name:", "  labels: {team: pay}\n  name:")
    repo.commit(
        {
            "apis/a.yaml": manifest("a"),
            "apis/deep/b.yml": labelled,
            "apis/c.json": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}',
            "apis/README.md": "words",
            "other/d.yaml": manifest("d"),
        }
    )
    source = local_source(repo.path)
    rendering = _render(source, "apis")
    assert [(d.path, str(d.key)) for d in rendering.documents] == [
        ("apis/a.yaml", "ApiV4Definition/a"),
        ("apis/c.json", "ConfigMap/c"),
        ("apis/deep/b.yml", "ApiV4Definition/pay/b"),
    ]
    assert [d.key.group for d in rendering.documents] == ["gravitee.io", "", "gravitee.io"]
    assert rendering.documents[2].labels == (("team", "pay"),)
    assert rendering.complete
    assert rendering.source == "apis"
    assert _names(_render(source, "apis", recursive=False)) == ["a", "c"]
    assert _names(_render(source, "apis/deep/b.yml")) == ["b"]
    assert _names(_render(source, "/apis/./deep/")) == ["b"]


def test_files_that_steer_other_tools_are_passed_over(repo: Repo) -> None:
    repo.commit(
        {
            "kustomization.yaml": "resources: [a.yaml]\nkind: Kustomization\n",
            "a.yaml": manifest("a"),
            "chart/Chart.yaml": "apiVersion: v2\nname: chart\n",
            "chart/values.yaml": "kind: strange\n",
            "chart/templates/api.yaml": "{{- if .Values.on }}\nkind: A\n{{- end }}\n",
        }
    )
    rendering = _render(local_source(repo.path))
    assert _names(rendering) == ["a"]
    assert rendering.complete
    assert [(p.where, "Helm chart" in p.message) for p in rendering.problems] == [
        ("chart/Chart.yaml:1", True)
    ]


def test_a_bad_file_is_a_problem_with_its_line_and_the_others_go_on(repo: Repo) -> None:
    repo.commit({"a.yaml": manifest("a"), "b.yaml": manifest("b") + "\tc: 1\n", "c.yaml": manifest("c")})
    rendering = _render(local_source(repo.path))
    assert _names(rendering) == ["a", "c"]
    assert not rendering.complete
    (problem,) = rendering.problems
    assert (problem.place, problem.name, problem.where, problem.severity) == (
        Place.GIT,
        "apis",
        "b.yaml:7",
        "error",
    )
    assert problem.next_step == "replace the tab with spaces"


def test_one_key_defined_twice_gives_both_documents(repo: Repo) -> None:
    repo.commit({"a.yaml": manifest("same"), "b.yaml": manifest("same")})
    assert _names(_render(local_source(repo.path))) == ["same", "same"]


def test_links_and_submodules_are_skipped_with_a_warning_where_they_matter(repo: Repo) -> None:
    repo.commit(
        {"a.yaml": manifest("a"), "b.yaml": "a.yaml", "logo.png": "x.png", "lib": "0" * 39 + "1"},
        modes={"b.yaml": FileMode.LINK, "logo.png": FileMode.LINK, "lib": FileMode.COMMIT},
    )
    source = local_source(repo.path)
    rendering = _render(source)
    assert _names(rendering) == ["a"]
    assert rendering.complete
    assert _where(rendering, "warning") == ["b.yaml:1", "lib:1"]
    with pytest.raises(SourceError, match="'lib' is a submodule"):
        _render(source, "lib")


def test_a_folder_that_is_not_there_offers_the_closest(repo: Repo) -> None:
    repo.commit({"apis/prod/a.yaml": manifest("a"), "docs/b.yaml": manifest("b")})
    source = local_source(repo.path)
    with pytest.raises(SourceError, match="no folder 'apis/prd'") as caught:
        _render(source, "apis/prd")
    assert "apis/prod" in caught.value.next_step
    with pytest.raises(SourceError) as caught:
        _render(source, "zzzzzz")
    assert caught.value.next_step == "there are: apis, apis/prod, docs"


def test_a_blob_of_200_mb_is_refused_by_its_size_without_being_read(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    huge = _loose_zeros(repo.path, 200_000_000)
    index = pygit2.Index()
    index.add(pygit2.IndexEntry("huge.yaml", pygit2.Oid(hex=huge), FileMode.BLOB))
    index.add(pygit2.IndexEntry("a.yaml", repo.git.create_blob(manifest("a").encode()), FileMode.BLOB))
    who = pygit2.Signature("Ana", "ana@example.org", 1_700_000_000, 0)
    repo.git.create_commit("refs/heads/main", who, who, "huge", index.write_tree(repo.git), [])
    parsed: list[int] = []
    monkeypatch.setattr(
        sharing_work, "parse_blob", lambda *args: (parsed.append(len(args[0])), parse_blob(*args))[1]
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rendering = _render(local_source(repo.path))
    assert _names(rendering) == ["a"]
    assert parsed == [len(manifest("a"))]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB: it was not read
    (problem,) = rendering.problems
    assert problem.where == "huge.yaml:1"
    assert "200 MB" in problem.message


def _loose_zeros(repository: Path, size: int) -> str:
    """Write a loose object of zeros without ever holding it."""
    head = b"blob %d\0" % size
    digest, packer, packed = sha1(head), zlib.compressobj(1), bytearray()
    packed += packer.compress(head)
    piece = bytes(1_000_000)
    for _ in range(size // len(piece)):
        digest.update(piece)
        packed += packer.compress(piece)
    packed += packer.flush()
    name = digest.hexdigest()
    file = repository / "objects" / name[:2] / name[2:]
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(packed)
    return name


def test_names_that_try_to_paint_the_screen_are_kept_raw_in_keys(repo: Repo) -> None:
    repo.commit({"a.yaml": manifest('"[red]x\\e[2J"'), "\x1b[31mred.yaml": manifest("b")})
    assert sorted(_names(_render(local_source(repo.path)))) == ["[red]x\x1b[2J", "b"]


def test_file_names_that_are_not_utf8_are_read(repo: Repo) -> None:
    repo.commit({"plain.yaml": manifest("a")})
    blob = repo.git.create_blob(manifest("b").encode())
    tree = repo.git.odb.write(ObjectType.TREE, b"100644 caf\xe9.yaml\0" + blob.raw)
    who = pygit2.Signature("Ana", "ana@example.org", 1_700_000_000, 0)
    repo.git.create_commit("refs/heads/odd", who, who, "odd", tree, [])
    source = local_source(repo.path, ref="odd", cache=ParseCache(repo.path / "parse.sqlite"))
    rendering = _render(source)
    assert [(d.path, d.key.name) for d in rendering.documents] == [("caf\\xe9.yaml", "b")]
    assert len(source.touched_documents(rendering.revision, rendering.documents)) == 1


# --- bodies, text, caches -----------------------------------------------------------------------------


def test_bodies_and_text_of_a_document_are_read_again(repo: Repo) -> None:
    second = manifest("b", extra="  # inside\n  b: [1.0, yes]\n")
    text = f"# head\n{manifest('a')}---\n{second}"
    repo.commit({"all.yaml": text})
    source = local_source(repo.path)
    documents = _render(source).documents
    source.release()
    assert source.body(documents[1])["spec"] == {"a": 1, "b": [1, True]}
    assert source.text(documents[0]) == manifest("a")
    assert source.text(documents[1]).endswith("  # inside\n  b: [1.0, yes]\n")
    assert [body["metadata"]["name"] for _, body in source.bodies(documents)] == ["a", "b"]


def test_bodies_are_fresh_every_time(repo: Repo) -> None:
    repo.commit({"a.yaml": manifest("a")})
    source = local_source(repo.path)
    (document,) = _render(source).documents
    source.body(document)["spec"]["a"] = 2
    assert source.body(document)["spec"]["a"] == 1


def test_a_warm_start_parses_nothing(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit(
        {"a.yaml": manifest("a"), "b.yaml": "a: b: c\n", "c.yaml": f"{manifest('c')}---\n{manifest('d')}"}
    )
    cold = local_source(repo.path, cache=ParseCache(tmp_path / "parse.sqlite"))
    first = _render(cold)

    def never(*args: object, **kwargs: object) -> None:
        raise AssertionError("parsed")

    monkeypatch.setattr("reconciler.git.blobs.parse_documents", never)
    warm = local_source(repo.path, cache=ParseCache(tmp_path / "parse.sqlite"))
    assert _render(warm) == first
    with pytest.raises(AssertionError, match="parsed"):
        warm.body(first.documents[0])


def test_a_blob_that_is_gone_is_named(repo: Repo) -> None:
    repo.commit({"a.yaml": manifest("a")})
    source = local_source(repo.path)
    (document,) = _render(source).documents
    source.release()
    blob = document.blob
    (repo.path / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(SourceError, match=r"a\.yaml: blob .* is not in the repository"):
        local_source(repo.path).body(document)


def test_a_blob_that_is_missing_costs_only_its_own_file(repo: Repo) -> None:
    repo.commit({"a.yaml": manifest("a"), "b.yaml": manifest("b")})
    blob = str(repo.git.revparse_single("main:a.yaml").id)
    (repo.path / "objects" / blob[:2] / blob[2:]).unlink()
    rendering = _render(local_source(repo.path))
    assert _names(rendering) == ["b"]
    assert _where(rendering) == ["a.yaml:1"]


def test_git_itself_may_repack_while_a_source_is_open(repo: Repo) -> None:
    repo.commit({"a.yaml": manifest("a")})
    source = local_source(repo.path)
    (document,) = _render(source).documents
    source.release()
    subprocess.run(
        ["git", "-c", "safe.directory=*", "gc", "-q", "--prune=now"],
        cwd=repo.path,
        check=True,
        capture_output=True,
    )
    assert source.body(document)["metadata"]["name"] == "a"
    assert _names(_render(source)) == ["a"]


@pytest.mark.parametrize("revision", ["0" * 40, "main", "", "x"])
def test_a_revision_that_is_not_there_is_named(repo: Repo, revision: str) -> None:
    repo.commit({"a.yaml": manifest("a")})
    source = local_source(repo.path)
    for ask in (
        lambda: source.render(revision, "", PLAIN, recursive=True),
        lambda: source.touched(revision, ["a.yaml"]),
        lambda: source.removed_documents(revision, ""),
    ):
        with pytest.raises(SourceError, match="is not in the repository"):
            ask()


def test_a_folder_that_is_gone_as_a_whole_still_tells_what_was_removed(repo: Repo) -> None:
    repo.commit({"apis/a.yaml": manifest("a"), "b.yaml": manifest("b")})
    gone = repo.commit({"apis/a.yaml": None})
    source = local_source(repo.path)
    removed = source.removed_documents(source.refresh(), "apis")
    assert [(key.name, touch.revision) for key, touch in removed.items()] == [("a", gone)]
