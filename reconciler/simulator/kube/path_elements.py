"""How items of lists and fields of maps are named where owners of fields are recorded.

`f:NAME` is a field or a map's key, `k:{…}` an item of a keyed list by its key fields, `v:…` an item of a
set by its value: the strings that `managedFields` uses (FieldsV1).
"""

from __future__ import annotations

from typing import Any

import orjson

from reconciler.simulator.kube.shape import Shape
from reconciler.simulator.kube.trees import Json


class Unkeyed(ValueError):
    """An item of a keyed list has none of its key fields, or is not an object."""


def item_key(item: Json, shape: Shape) -> str:
    """Return how an item of this list is named; lenient: any item gets some name.

    Args:
        item: the item.
        shape: the shape of the list, whose type is `set` or `map`.
    """
    try:
        return path_element(item, shape)
    except Unkeyed:
        return "v:" + _compact(item)


def path_element(item: Json, shape: Shape) -> str:
    """Return how an item of this list is named in FieldsV1.

    Raises:
        Unkeyed: the item cannot be named.
    """
    if shape.list_type != "map":
        return "v:" + _compact(item)
    if not isinstance(item, dict):
        raise Unkeyed("associative list with keys may not have non-map elements")
    below = shape.element
    keys: dict[str, Any] = {}
    for name in shape.keys:
        if name in item:
            keys[name] = item[name]
        elif below is not None and name in below.fields and below.fields[name].has_default:
            keys[name] = below.fields[name].default
    if not keys:
        names = " ".join(f'"{name}"' for name in shape.keys)
        raise Unkeyed(
            f"associative list with keys has an element that omits all key fields [{names}] "
            "(and doesn't have default values for any key fields)"
        )
    return "k:" + _compact(keys)


def readable(element: str) -> str:
    """Return a path element as conflicts name it: `.colour`, `[name="x",source="y"]`, `[="v"]`."""
    sort, _, rest = element.partition(":")
    if sort == "k":
        fields = ",".join(f"{name}={_compact(value)}" for name, value in orjson.loads(rest).items())
        return f"[{fields}]"
    if sort == "v":
        return f"[={rest}]"
    return f".{rest}"


def order(element: str) -> tuple[int, str]:
    """Sort path elements as the real server lists them: fields, then keys, then values."""
    return ("fkv".find(element[:1]), element)


def _compact(value: Json) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
