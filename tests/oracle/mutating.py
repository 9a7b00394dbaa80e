"""Mutations of manifests from recorded seeds: what people do to files, sensible and not."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Place = tuple[Any, Any]
"""A container and the key or index in it."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """A manifest after some mutations; `story` names them, `seed` makes the same ones again."""

    seed: int
    manifest: dict[str, Any]
    story: tuple[str, ...]


def mutations(manifest: dict[str, Any], schema: dict[str, Any], seeds: Iterator[int]) -> Iterator[Mutation]:
    """Endless mutations of a manifest, one per seed."""
    for seed in seeds:
        yield mutation(manifest, schema, seed)


def mutation(manifest: dict[str, Any], schema: dict[str, Any], seed: int) -> Mutation:
    """The mutation of a manifest by a seed: one to three steps."""
    chance = random.Random(seed)
    body = copy.deepcopy(manifest)
    wanted = 1 if chance.random() < 0.7 else chance.randint(2, 3)
    story: list[str] = []
    for _ in range(20):
        if len(story) == wanted:
            break
        told = chance.choices(_STEPS, [weight for _, weight in _WEIGHED])[0](body, schema, chance)
        if told:
            story.append(told)
    return Mutation(seed, body, tuple(story))


def _places(node: Any) -> Iterator[Place]:
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, value in entries:
        yield node, step
        yield from _places(value)


def _pick(body: dict[str, Any], chance: random.Random, fits: Callable[[Any], bool]) -> Place | None:
    spec = body.get("spec")
    found = [place for place in _places(spec) if fits(place[0][place[1]])]
    return chance.choice(found) if found else None


def _objects(node: Any, schema: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every object of a document that its schema describes, with that schema."""
    if not isinstance(schema, dict):
        return
    if isinstance(node, dict):
        yield node, schema
        additional = schema.get("additionalProperties")
        for name, value in node.items():
            yield from _objects(value, (schema.get("properties") or {}).get(name, additional))
    elif isinstance(node, list):
        for item in node:
            yield from _objects(item, schema.get("items"))


# -- the steps: each changes the body in place and tells what it did, or tells nothing -----------------------


def _other_scalar(body: dict[str, Any], schema: dict[str, Any], chance: random.Random) -> str:
    place = _pick(body, chance, lambda value: not isinstance(value, (dict, list)))
    if place is None:
        return ""
    node, step = place
    old = node[step]
    if isinstance(old, bool):
        node[step] = not old
    elif isinstance(old, (int, float)):
        node[step] = chance.choice([old + 1, -old, float(old), 0, 2**31, 2**40])
    else:
        node[step] = chance.choice([f"{old}x", str(old).upper(), f" {old}", f"{old}\n", "", "*", "/other"])
    return f"other scalar at {step}"


def _same_again(body: dict[str, Any], schema: dict[str, Any], chance: random.Random) -> str:
    return "nothing"


def _other_type(body: dict[str, Any], schema: dict[str, Any], chance: random.Random) -> str:
    place = _pick(body, chance, lambda value: True)
    if place is None:
        return ""
    node, step = place
    node[step] = chance.choice([None, "text", 7, 1.5, True, [], {}, ["a"], {"a": 1}, str(node[step])[:40]])
    return f"other type at {step}"


def _removed(body: dict[str, Any], schema: dict[str, Any], chance: random.Random) -> str:
    place = _pick(body, chance, lambda value: True)
    if place is None:
        return ""
    node, step = place
    del node[step]
    return f"removed {step}"


def _emptied(body: dict[str, Any], schema: dict[str, Any], chance: random.Random) -> str:
    place = _pick(body, chance, lambda value: isinstance(value, (dict, list)) and bool(value))
    if place is None:
        return ""
    node, step = place
    node[step] = type(node[step])()
    return f"emptied {step}"


def _reordered(body: dict[str, Any], schema: dict[str, Any], chance: random.Random) -> str:
    place = _pick(body, chance, lambda value: isinstance(value, list) and len(value) > 1)
    if place is None:
        return ""
    node, step = place
    chance.shuffle(node[step])
    return f"reordered {step}"


def _duplicated(body: dict[str, Any], schema: dict[str, Any], chance: random.Random) -> str:
    place = _pick(body, chance, lambda value: isinstance(value, (dict, list)) and bool(value))
    if place is None:
        return ""
    value = place[0][place[1]]
    if isinstance(value, list):
        value.insert(chance.randint(0, len(value)), copy.deepcopy(chance.choice(value)))
    else:
        name = chance.choice(list(value))
        value[f"{name}-2"] = copy.deepcopy(value[name])
    return f"duplicated in {place[1]}"


_EMPTY: dict[str, Any] = {"object": {}, "array": [], "string": "", "boolean": False, "integer": 0}


def _default_stated(body: dict[str, Any], schema: dict[str, Any], chance: random.Random) -> str:
    """State what the schema would fill in, or empty fields that the schema knows."""
    found = [
        (node, name, child)
        for node, known in _objects(body.get("spec"), (schema.get("properties") or {}).get("spec"))
        for name, child in (known.get("properties") or {}).items()
        if name not in node
    ]
    if not found:
        return ""
    node, name, child = chance.choice(found)
    empty: Any = {"object": {}, "array": [], "string": "", "boolean": False, "integer": 0}.get(
        child.get("type"), ""
    )
    choices = [empty, None]
    if "default" in child:
        choices = [child["default"]] * 3 + choices
    if child.get("enum"):
        choices.append(chance.choice(child["enum"]))
    node[name] = copy.deepcopy(chance.choice(choices))
    return f"stated {name}"


def _unknown_field(body: dict[str, Any], schema: dict[str, Any], chance: random.Random) -> str:
    found = [node for node, _ in _objects(body.get("spec"), (schema.get("properties") or {}).get("spec"))]
    free = _pick(body, chance, lambda value: isinstance(value, dict))
    if free is not None and chance.random() < 0.5:
        free[0][free[1]]["surprise"] = chance.choice([1, {"deep": []}, None])
        return f"surprise in {free[1]}"
    if not found:
        return ""
    chance.choice(found)["surprise"] = 1
    return "surprise in an object"


def _label(body: dict[str, Any], schema: dict[str, Any], chance: random.Random) -> str:
    group = chance.choice(["labels", "annotations"])
    value = chance.choice(["a", "b", "", "not a label value", None, 3, True])
    body["metadata"].setdefault(group, {})[chance.choice(["team", "example.com/tier", "bad name!"])] = value
    return f"{group} with {value!r}"


_Step = Callable[[dict[str, Any], dict[str, Any], random.Random], str]
_WEIGHED: list[tuple[_Step, int]] = [
    (_other_scalar, 22),
    (_same_again, 4),
    (_other_type, 12),
    (_removed, 14),
    (_emptied, 8),
    (_reordered, 10),
    (_duplicated, 8),
    (_default_stated, 14),
    (_unknown_field, 4),
    (_label, 4),
]
_STEPS = [step for step, _ in _WEIGHED]
