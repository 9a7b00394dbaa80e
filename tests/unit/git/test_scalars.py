"""Scalars mean what they mean to kubectl: a table of what sigs.k8s.io/yaml v1.4.0 answered."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.git.compose import Builder, ShapeError, compose
from reconciler.git.scalars import ScalarError, key_text, plain


def _table() -> Iterator[dict[str, Any]]:
    lines = Path(__file__).with_name("scalars.jsonl").read_text("utf-8").split("\n")
    return (json.loads(line) for line in lines if line)


def _read(text: str) -> Any:
    roots = list(compose(text.encode(), max_nodes=1000, max_depth=50))
    return Builder(1000, 50).build(roots[0])


def _as_kubernetes(value: Any) -> Any:
    """Integers that no 64 bits hold arrive at the API server as floats."""
    if isinstance(value, dict):
        return {key: _as_kubernetes(item) for key, item in value.items()}
    return float(value) if type(value) is int and not -(2**63) <= value < 2**64 else value


def test_every_scalar_of_the_table_is_read_as_the_go_library_does() -> None:
    wrong = []
    for row in _table():
        try:
            got: Any = _read(row["yaml"])
        except (ShapeError, yaml.YAMLError) as error:
            got = error
        if row["error"]:
            fits = isinstance(got, Exception)
        else:
            wanted = _as_kubernetes(row["json"])
            fits = got == wanted and _types(got) == _types(wanted)
        if not fits:
            wrong.append((row["yaml"], row["json"], got))
    assert wrong == []


def _types(value: Any) -> Any:
    """What equality does not see: True is 1 in Python."""
    if isinstance(value, dict):
        return {key: _types(item) for key, item in value.items()}
    return "number" if type(value) in (int, float) else type(value).__name__


def test_the_table_holds_what_it_is_said_to_hold() -> None:
    rows = list(_table())
    assert len(rows) > 500
    assert sum(row["error"] for row in rows) > 50


@pytest.mark.parametrize(
    "text", ["1" * 5000, "0" * 5000 + "1", "0x" + "f" * 5000, "1e" + "9" * 500, "_" * 5000]
)
def test_very_long_numbers_cost_nothing_and_never_fail(text: str) -> None:
    value = plain(text)
    assert isinstance(value, (str, int, float))
    assert not (isinstance(value, float) and math.isinf(value))


def test_a_key_that_json_cannot_have_is_refused() -> None:
    with pytest.raises(ScalarError, match="empty"):
        key_text(None)
    with pytest.raises(ScalarError, match="collection"):
        key_text(["a"])
