"""What happens to an object before it is looked at: unknown fields go, defaults come.

Both keep the branches they do not change, and skip those that are taken over from the stored object.
"""

from __future__ import annotations

from typing import Any

from reconciler.simulator.kube.shape import Shape
from reconciler.simulator.kube.trees import ABSENT, Json, copied, element, member

_EMBEDDED_FIELDS = frozenset({"apiVersion", "kind", "metadata"})


class Pruner:
    """Drops what a schema does not name, and remembers what that was.

    Args:
        keeps_null: null stays where the schema allows none, for the validator to complain of. That is how
            server-side apply treats it; every other write takes such a null for an absent field.
    """

    def __init__(self, *, keeps_null: bool = False) -> None:
        self.keeps_null = keeps_null
        self.unknown: list[str] = []
        """The paths of the fields that were dropped, as warnings write them (`spec.plans.gold.x`)."""

    def prune(self, value: Json, shape: Shape, known: Json = ABSENT, path: str = "") -> Json:
        """Return the value without the fields that its schema does not name.

        Args:
            value: any JSON value; not changed.
            shape: its schema.
            known: the stored value at the same place, already pruned, or ABSENT.
            path: where the value is.
        """
        if value is known:
            return value
        if isinstance(value, dict):
            return self._object(value, shape, known, path)
        if isinstance(value, list) and shape.element is not None:
            below = shape.element
            kept = [
                self.prune(item, below, element(known, i), f"{path}[{i}]") for i, item in enumerate(value)
            ]
            return value if all(a is b for a, b in zip(kept, value, strict=True)) else kept
        return value

    def _object(self, value: dict[str, Any], shape: Shape, known: Json, path: str) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        changed = False
        for name, item in value.items():
            below = shape.field(name)
            if below is None:
                if shape.keeps_unknown or (shape.embedded and name in _EMBEDDED_FIELDS):
                    kept[name] = item
                else:
                    self.unknown.append(f"{path}.{name}" if path else name)
                    changed = True
            elif item is None and not below.nullable and not self.keeps_null:
                changed = True
            elif isinstance(item, (dict, list)):
                pruned = self.prune(item, below, member(known, name), f"{path}.{name}" if path else name)
                changed = changed or pruned is not item
                kept[name] = pruned
            else:
                kept[name] = item
        return kept if changed else value


def with_defaults(value: Json, shape: Shape, known: Json = ABSENT) -> Json:
    """Return the value with the schema's defaults filled in; a null that may not be one counts as absent.

    Args:
        value: any JSON value; not changed.
        shape: its schema.
        known: the stored value at the same place, which has its defaults, or ABSENT.
    """
    if value is known or not shape.has_defaults:
        return value
    if isinstance(value, dict):
        return _default_object(value, shape, known)
    if isinstance(value, list) and shape.element is not None:
        filled = [with_defaults(item, shape.element, element(known, i)) for i, item in enumerate(value)]
        return value if all(a is b for a, b in zip(filled, value, strict=True)) else filled
    return value


def _default_object(value: dict[str, Any], shape: Shape, known: Json) -> dict[str, Any]:
    filled: dict[str, Any] = value
    for name, below in shape.fields.items():
        if not below.has_default:
            continue
        found = value.get(name, ABSENT)
        if found is ABSENT or (found is None and not below.nullable):
            if filled is value:
                filled = dict(value)
            filled[name] = copied(below.default)
    for name, item in list(filled.items()):
        if not isinstance(item, (dict, list)):
            continue
        field = shape.field(name)
        if field is None or not field.has_defaults:
            continue
        done = with_defaults(item, field, member(known, name))
        if done is not item:
            if filled is value:
                filled = dict(value)
            filled[name] = done
    return filled
