"""Parsing: what is read, where it stands, and how bad files are answered."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.git.complaints import Complaint
from reconciler.git.parse import ParsedDocument, ParseLimits, parse_documents
from tests.unit.git.repository import manifest

LIMITS = ParseLimits(max_bytes=200_000, max_nodes=5_000, max_depth=40)


def _documents(text: str | bytes, path: str = "a.yaml") -> list[ParsedDocument]:
    parsed = parse_documents(text.encode() if isinstance(text, str) else text, path, limits=LIMITS)
    assert parsed.problems == []
    return parsed.documents


def _only_problem(text: str | bytes, path: str = "a.yaml") -> Complaint:
    parsed = parse_documents(text.encode() if isinstance(text, str) else text, path, limits=LIMITS)
    assert len(parsed.problems) == 1, parsed
    return parsed.problems[0]


def _names(documents: list[ParsedDocument]) -> list[Any]:
    return [document.body["metadata"]["name"] for document in documents]


def _spans(documents: list[ParsedDocument]) -> list[tuple[int, int]]:
    return [(document.line, document.end_line) for document in documents]


def test_documents_are_read_with_their_lines() -> None:
    text = f"# first\n{manifest('one')}\n# about two\n---\n\n{manifest('two')}---\n{manifest('three')}"
    documents = _documents(text)
    assert _names(documents) == ["one", "two", "three"]
    assert [document.index for document in documents] == [0, 1, 2]
    assert _spans(documents) == [(2, 7), (12, 17), (19, 24)]


def test_empty_documents_and_comments_are_nothing() -> None:
    assert _documents("") == []
    assert _documents("---\n---\n# only words\n---\n~\n") == []
    assert _names(_documents(f"---\n{manifest('one')}---\n---\n")) == ["one"]


def test_lines_end_as_windows_ends_them() -> None:
    text = f"{manifest('one')}---\n{manifest('two')}".replace("\n", "\r\n")
    documents = _documents(text)
    assert _names(documents) == ["one", "two"]
    assert _spans(documents) == [(1, 6), (8, 13)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_first_key(encoding: str) -> None:
    documents = _documents(manifest("one").encode(encoding))
    assert _names(documents) == ["one"]


def test_a_list_is_its_items_each_with_its_own_lines() -> None:
    text = (
        "apiVersion: v1\nkind: List\nitems:\n"
        "- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: one\n"
        "- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: two}\n"
    )
    documents = _documents(text)
    assert _names(documents) == ["one", "two"]
    assert _spans(documents) == [(4, 7), (8, 10)]


def test_json_is_read_too_with_escapes_that_yaml_refuses() -> None:
    text = (
        '{"apiVersion":"v1",\n\t"kind":"ConfigMap","metadata":{"name":"one"},"data":{"a":"\\ud83d\\ude00"}}'
    )
    documents = _documents(text, "a.json")
    assert documents[0].body["data"] == {"a": "😀"}


def test_an_anchor_may_be_used_again_for_something_else() -> None:
    extra = "  b: &x one\n  c: *x\n  d: &x two\n  e: *x\n"
    assert _documents(manifest("one", extra=extra))[0].body["spec"] == {
        "a": 1,
        "b": "one",
        "c": "one",
        "d": "two",
        "e": "two",
    }


def test_aliases_give_values_that_are_not_shared() -> None:
    spec = _documents(manifest("one", extra="  b: &x [1]\n  c: *x\n"))[0].body["spec"]
    spec["b"].append(2)
    assert spec["c"] == [1]


def test_merge_keys_are_written_out() -> None:
    spec = _documents(manifest("one", extra="  b: &x {p: 1, q: 2}\n  c:\n    <<: *x\n    q: 3\n"))[0].body[
        "spec"
    ]
    assert spec["c"] == {"p": 1, "q": 3}


@pytest.mark.parametrize("name", ["a\x1b[31mred", "[bold]x[/bold]", "a\u202eb", "x" * 500])
def test_names_are_kept_as_they_are(name: str) -> None:
    escaped = "".join(f"\\U{ord(c):08x}" for c in name)
    assert _names(_documents(manifest(f'"{escaped}"'))) == [name]


# --- what cannot be read ------------------------------------------------------------------------------


def test_a_tab_in_the_indentation_is_named_with_its_line() -> None:
    problem = _only_problem(manifest("one") + "\tb: 2\n")
    assert (problem.line, problem.message) == (7, "a tab where YAML wants spaces")
    assert problem.next_step == "replace the tab with spaces"


def test_a_tab_behind_a_value_is_a_warning_and_the_document_is_read() -> None:
    parsed = parse_documents(manifest("one", extra="  b: 2\t\n  c: |\n    text\t\n").encode(), "a.yaml")
    assert _names(parsed.documents) == ["one"]
    assert [(p.line, p.severity, "tab" in p.message) for p in parsed.problems] == [(7, "warning", True)]


def test_a_duplicate_key_is_named_with_its_line() -> None:
    problem = _only_problem(manifest("one", extra="  b: 1\n  a: 2\n"))
    assert (problem.line, problem.message) == (8, "the key 'a' is written twice in one mapping")


def test_a_duplicate_key_in_json_is_named() -> None:
    assert "twice" in _only_problem('{"kind": "A", "kind": "B"}', "a.json").message


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: b: c\n", 1, "colon"),
        ("a:\n  b: 1\n c: 2\n", 3, "indentation"),
        ("a: {{ .Values.x }}\n", 1, "mapping key is a collection"),
        ('x: 1\na: "open\n', 3, "never closed"),
        ("a: *nobody\n", 1, "alias"),
        ("a: [1, 2\nb: 3\n", 2, "not closed"),
        ("a: @x\n", 1, "cannot begin with '@'"),
        ("{{- if .Values.x }}\na: 1\n{{- end }}\n", 1, "template"),
        ("a: .inf\n", 1, "no number"),
        ("a: !!int x\n", 1, "!!int"),
        ("a: {b: 1}\n<<: 3\n", 2, "merge key"),
        ("~: 1\n", 1, "mapping key is empty"),
    ],
)
def test_each_mistake_has_its_line_and_words(text: str, line: int, words: str) -> None:
    problem = _only_problem(text)
    assert problem.severity == "error"
    assert (problem.line, words in problem.message) == (line, True), problem
    assert problem.next_step


def test_bytes_that_are_not_utf8_are_named() -> None:
    problem = _only_problem(manifest("one").encode() + b"  b: caf\xe9\n")
    assert (problem.line, problem.message) == (7, "the byte 0xe9 is not UTF-8 text")


def test_control_characters_are_named() -> None:
    problem = _only_problem(manifest("one", extra="  b: a\x1bb\n"))
    assert (problem.line, problem.message) == (7, "the control character U+001B is not allowed in YAML")


def test_a_broken_document_does_not_hide_its_neighbours() -> None:
    text = f"{manifest('one')}---\na: b: c\n---\n{manifest('three')}"
    parsed = parse_documents(text.encode(), "a.yaml")
    assert _names(parsed.documents) == ["one", "three"]
    assert _spans(parsed.documents) == [(1, 6), (10, 15)]
    assert [problem.line for problem in parsed.problems] == [8]


def test_a_bomb_of_aliases_is_defused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    problem = _only_problem("\n".join(lines) + "\n")
    assert "aliases" in problem.message  # expanded, it would hold 9¹² values


def test_an_alias_inside_its_own_anchor_is_refused() -> None:
    assert "inside the value it names" in _only_problem("a: &a [*a]\n").message


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 3000,
        "a: " + "{x: " * 3000,
        "- " * 3000 + "x",
        "\n".join(" " * n + "a:" for n in range(300)),
        "a: " + "[" * 3000 + "]" * 3000,
        "? " * 3000 + "x",
    ],
)
def test_deep_nesting_is_refused_and_does_not_crash(text: str) -> None:
    assert "deeper than 40 levels" in _only_problem(text).message


def test_too_many_values_are_refused_before_they_cost_memory() -> None:
    assert "more than 5,000 values" in _only_problem(f"a: [{','.join(['x'] * 6000)}]").message


def test_a_file_beyond_the_limit_is_refused() -> None:
    assert "0 MB" in _only_problem("a" * 300_000).message


@pytest.mark.parametrize(
    ("text", "words", "severity"),
    [
        ("- a\n- b\n", "is a list", "warning"),
        ("hello\n", "is a single value", "warning"),
        ("kind: ApiV4Definition\n", "has no apiVersion, metadata.name", "warning"),
        ("apiVersion: v1\nkind: A\nmetadata: {generateName: x}\n", "has no metadata.name", "warning"),
        ("metadata: {name: x}\n", "has no apiVersion, kind", "warning"),
        ("apiVersion: v1\nkind: A\nmetadata: {name: 12}\n", "metadata.name is not text", "error"),
        (
            "apiVersion: v1\nkind: A\nmetadata: {name: a, labels: {x: 1}}\n",
            "labels['x'] is not text",
            "error",
        ),
        ("apiVersion: v1\nkind: A\nmetadata: {name: a, namespace: 1}\n", "namespace is not text", "error"),
    ],
)
def test_what_is_no_kubernetes_object_is_said(text: str, words: str, severity: str) -> None:
    problem = _only_problem(text)
    assert (words in problem.message, problem.severity) == (True, severity), problem


def test_other_yaml_is_passed_over_in_silence() -> None:
    assert _documents("on: push\njobs: {}\n") == []
    assert _documents("openapi: 3.0.0\ninfo: {title: x}\n") == []


def test_a_pointer_of_git_lfs_is_no_manifest() -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"
    assert "Git LFS" in _only_problem(pointer).message
