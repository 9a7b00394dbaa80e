"""Strategic merge patch for the built-in kinds, as far as their lists need it; custom kinds refuse it."""

from __future__ import annotations

from typing import Any

from reconciler.simulator.kube.path_elements import item_key
from reconciler.simulator.kube.shape import DEDUCED, Shape
from reconciler.simulator.kube.trees import Json

_DIRECTIVE, _DELETE_ITEMS, _ORDER = "$patch", "$deleteFromPrimitiveList/", "$setElementOrder/"


def strategic_merge(target: Json, patch: Json, shape: Shape) -> Json:
    """Return the target with a strategic merge patch laid over it.

    Keyed lists and sets are merged by the keys of the schema, other lists are replaced.

    Args:
        target: the stored value.
        patch: the patch, with its directives (`$patch: replace|delete`, `$deleteFromPrimitiveList/…`);
            `$setElementOrder/…` and `$retainKeys` only order what the rest says, and are dropped.
        shape: the schema of the target.
    """
    if not isinstance(patch, dict):
        return patch
    directive = patch.get(_DIRECTIVE)
    if directive == "delete":
        return None
    merged: dict[str, Any] = dict(target) if isinstance(target, dict) and directive != "replace" else {}
    for name, value in patch.items():
        if name.startswith(_DELETE_ITEMS):
            field = name.removeprefix(_DELETE_ITEMS)
            merged[field] = [item for item in merged.get(field) or [] if item not in value]
        elif name.startswith("$"):
            continue
        elif value is None:
            merged.pop(name, None)
        else:
            below = shape.field(name) or DEDUCED
            merged[name] = _merged_value(merged.get(name), value, below)
            if merged[name] is None:
                del merged[name]
    return merged


def _merged_value(target: Json, value: Json, shape: Shape) -> Json:
    if isinstance(value, dict):
        return strategic_merge(target, value, shape)
    if not isinstance(value, list) or shape.list_type == "atomic":
        return value
    if any(isinstance(item, dict) and item.get(_DIRECTIVE) == "replace" for item in value):
        return [item for item in value if not (isinstance(item, dict) and _DIRECTIVE in item)]
    items = {item_key(item, shape): item for item in target or []}
    for item in value:
        key = item_key(item, shape)
        if isinstance(item, dict) and item.get(_DIRECTIVE) == "delete":
            items.pop(key, None)
        else:
            items[key] = strategic_merge(items.get(key), item, shape.element or DEDUCED)
    return list(items.values())
