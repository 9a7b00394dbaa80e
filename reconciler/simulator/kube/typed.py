"""Values together with their schema: which fields they hold, how two differ, how two are merged.

These are the rules by which server-side apply sees an object (the merge and diff semantics that
Kubernetes documents under "Server-Side Apply"): maps are tracked by key, lists by the key fields or
values that their schema names, and whatever is atomic as one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from reconciler.simulator.kube.fieldsets import SELF, FieldSet, Node, node, parts
from reconciler.simulator.kube.path_elements import item_key, path_element, readable
from reconciler.simulator.kube.shape import DEDUCED, Shape
from reconciler.simulator.kube.trees import ABSENT, Json, same


class NotTyped(ValueError):
    """A configuration that is to be applied does not fit the schema; the text names the field."""


def _is_whole(value: Json, shape: Shape) -> bool:
    """Whether a value has one owner: a scalar, null, or something atomic."""
    if isinstance(value, dict):
        return shape.atomic_map
    if isinstance(value, list):
        return shape.list_type == "atomic"
    return True


def _children(value: Json, shape: Shape) -> dict[str, tuple[Json, Shape, bool]]:
    """Return what is below a tracked map or list: (value, shape, named by the schema) by path element."""
    if isinstance(value, dict):
        named = shape.fields
        return {
            f"f:{name}": (item, named.get(name) or shape.element or DEDUCED, name in named)
            for name, item in value.items()
        }
    below = shape.element or DEDUCED
    return {item_key(item, shape): (item, below, False) for item in value}


def field_set(value: Json, shape: Shape) -> FieldSet:
    """Return the fields that a configuration states: leaves, keys of maps, items of lists."""
    if _is_whole(value, shape):
        return {}
    stated: FieldSet = {}
    for element, (item, below, named) in _children(value, shape).items():
        own = not named or item is None or item == {} or _is_whole(item, below)
        child = node(is_member=own, below=field_set(item, below))
        if child is not None:
            stated[element] = child
    return stated


def every_path(value: Json, shape: Shape) -> Node:
    """Return the node of a value that came or went as a whole: every path in it is a member."""
    if _is_whole(value, shape) or not value:
        return {}
    below = {element: every_path(item, s) for element, (item, s, _) in _children(value, shape).items()}
    return {SELF: {}, **below}


@dataclass(slots=True)
class Comparison:
    """What differs between two values, as sets of fields."""

    added: FieldSet = field(default_factory=dict)
    removed: FieldSet = field(default_factory=dict)
    modified: FieldSet = field(default_factory=dict)


def compare(old: Json, new: Json, shape: Shape) -> Comparison:
    """Return what differs between two objects of a shape."""
    found = Comparison()
    _compare(old, new, shape, (found.added, found.removed, found.modified))
    return found


def _compare(old: Json, new: Json, shape: Shape, into: tuple[FieldSet, FieldSet, FieldSet]) -> bool:
    """Collect the differences below two present values; say whether the path itself is modified."""
    if old is new:
        return False
    if isinstance(old, dict) and isinstance(new, dict):
        if shape.atomic_map or not (old or new):
            return not same(old, new)
        # Untouched branches are shared, and need no second look.
        names = [
            name for name in old.keys() | new.keys() if old.get(name, ABSENT) is not new.get(name, ABSENT)
        ]
        old = {name: old[name] for name in names if name in old}
        new = {name: new[name] for name in names if name in new}
    elif type(old) is not type(new):
        return _compare_kinds(old, new, shape, into)
    elif not isinstance(old, list) or shape.list_type == "atomic" or not (old or new):
        return not same(old, new)
    before, after = _children(old, shape), _children(new, shape)
    added, removed, _ = into
    for element in before.keys() | after.keys():
        if element not in after:
            removed[element] = every_path(*before[element][:2])
        elif element not in before:
            added[element] = every_path(*after[element][:2])
        else:
            below: tuple[FieldSet, FieldSet, FieldSet] = ({}, {}, {})
            changed = _compare(before[element][0], after[element][0], after[element][1], below)
            for whole, part, own in zip(into, below, (False, False, changed), strict=True):
                child = node(is_member=own, below=part)
                if child is not None:
                    whole[element] = child
    return False


def _compare_kinds(old: Json, new: Json, shape: Shape, into: tuple[FieldSet, FieldSet, FieldSet]) -> bool:
    """Compare two values of different kinds: what one of them holds comes or goes below the path."""
    added, removed, _ = into
    tracked = [not _is_whole(value, shape) and bool(value) for value in (old, new)]
    if tracked[0]:
        removed.update(parts(every_path(old, shape))[1])
    if tracked[1]:
        added.update(parts(every_path(new, shape))[1])
    # A null takes the kind of what it is compared with: then only what is inside makes a difference.
    return not (None in (old, new) and any(tracked))


def merge(live: Json, config: Json, shape: Shape) -> Json:
    """Return `live` with what `config` states laid over it.

    Args:
        live: the stored value, or ABSENT.
        config: what is applied, or ABSENT.
        shape: the schema of both.
    """
    if config is ABSENT or live is ABSENT:
        return live if config is ABSENT else config
    if _is_whole(config, shape) or _is_whole(live, shape) or type(live) is not type(config):
        # A null over a tracked map or list leaves it alone; only leaves are set to null.
        return live if config is None and live and not _is_whole(live, shape) else config
    if isinstance(config, dict):
        merged = dict(live)
        for name, item in config.items():
            merged[name] = merge(live.get(name, ABSENT), item, shape.field(name) or DEDUCED)
        return merged
    return _merge_lists(live, config, shape) if config else live


def _merge_lists(live: list[Any], config: list[Any], shape: Shape) -> list[Any]:
    """Merge keyed lists and sets: shared items in the configuration's order, others where they stand."""
    below = shape.element or DEDUCED
    ours = {item_key(item, shape): item for item in live}
    theirs = {item_key(item, shape): item for item in config}
    left, right = list(ours), list(theirs)
    shared = deque(key for key in right if key in ours)
    merged: list[Any] = []
    taken: set[str] = set()

    def take(key: str) -> None:
        merged.append(merge(ours.get(key, ABSENT), theirs[key], below))
        taken.add(key)
        if shared and shared[0] == key:
            shared.popleft()

    i = j = 0
    while i < len(left) or j < len(right):
        if i < len(left) and left[i] not in theirs:
            merged.append(ours[left[i]])
            i += 1
        elif i < len(left) and (left[i] in taken or (j < len(right) and shared and shared[0] != left[i])):
            i += 1
        else:
            take(right[j])
            j += 1
    return merged


def remove(value: Json, shape: Shape, doomed: FieldSet) -> Json:
    """Return the value without the members of a set, and without containers that this empties."""
    if not doomed or _is_whole(value, shape) or not value:
        return value
    if isinstance(value, dict):
        kept: dict[str, Any] = {}
        for name, item in value.items():
            target = doomed.get(f"f:{name}")
            if target is None:
                kept[name] = item
            elif not parts(target)[0]:
                kept[name] = remove(item, shape.field(name) or DEDUCED, target)
        return kept or None
    items = []
    for item in value:
        target = doomed.get(item_key(item, shape))
        if target is None:
            items.append(item)
        elif not parts(target)[0]:
            items.append(remove(item, shape.element or DEDUCED, target))
    return items or None


def with_named_parents(of: FieldSet, shape: Shape | None) -> FieldSet:
    """Return the set with every field that the schema names and that leads to a member made a member."""
    grown: FieldSet = {}
    for element, child in of.items():
        is_member, below = parts(child)
        field_shape: Shape | None = None
        if shape is not None:
            name = element[2:]
            is_field = element.startswith("f:")
            is_member = is_member or (is_field and name in shape.fields)
            field_shape = shape.field(name) if is_field else shape.element
        made = node(is_member=is_member, below=with_named_parents(below, field_shape))
        if made is not None:
            grown[element] = made
    return grown


def check_typed(value: Json, shape: Shape, path: str = "") -> None:
    """Make sure that a configuration can be tracked.

    Raises:
        NotTyped: a field is not in the schema, is of another type, or list items cannot be told apart.
    """
    if value is None:
        return
    if isinstance(value, dict):
        if shape.type and shape.type != "object":
            raise NotTyped(f"{path}: expected {_expected(shape)}, got map")
        for name, item in value.items():
            below = shape.field(name)
            if below is None and not shape.accepts_any_field:
                raise NotTyped(f"{path}.{name}: field not declared in schema")
            if below is not None:
                check_typed(item, below, f"{path}.{name}")
    elif isinstance(value, list):
        if shape.type and shape.type != "array":
            raise NotTyped(f"{path}: expected {_expected(shape)}, got list")
        _check_items(value, shape, path)
    else:
        _check_scalar(value, shape, path)


def _check_items(value: list[Any], shape: Shape, path: str) -> None:
    seen: set[str] = set()
    for index, item in enumerate(value):
        where = f"{path}[{index}]"
        if shape.list_type != "atomic":
            try:
                key = path_element(item, shape)
            except ValueError as problem:
                raise NotTyped(f"{path}: element {index}: {problem}") from problem
            if key in seen:
                raise NotTyped(f"{path}: duplicate entries for key {readable(key)}")
            seen.add(key)
            where = path + readable(key)
        if shape.element is not None:
            check_typed(item, shape.element, where)


def _expected(shape: Shape) -> str:
    return {
        "object": "map", "array": "list", "integer": "numeric (int or float)",
        "number": "numeric (int or float)",
    }.get(shape.type, shape.type)  # fmt: skip


def _check_scalar(value: Json, shape: Shape, path: str) -> None:
    found = "boolean" if isinstance(value, bool) else "string" if isinstance(value, str) else "number"
    wanted = "number" if shape.type == "integer" else shape.type
    if wanted and wanted != found:
        got = f"&{{{value}}}" if wanted in ("object", "array") else {"number": "int"}.get(found, found)
        raise NotTyped(f"{path}: expected {_expected(shape)}, got {got}")
