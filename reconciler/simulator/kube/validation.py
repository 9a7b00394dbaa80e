"""Whether a value satisfies its schema, and what is said where it does not.

Faults of an update that the stored object has in the same place with the same value are let pass, as the
real server does ("ratcheting"): a schema that became stricter does not lock the objects made before it.
Rules in CEL (`x-kubernetes-validations`) are not evaluated; see `shape.cel_rules`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reconciler.simulator.kube.answers import (
    FieldError,
    bad_type,
    bad_value,
    duplicate,
    required,
    shown,
    too_long,
    too_many,
    unsupported,
)
from reconciler.simulator.kube.formats import is_formatted
from reconciler.simulator.kube.path_elements import item_key
from reconciler.simulator.kube.shape import Shape
from reconciler.simulator.kube.trees import ABSENT, Json, element, member, same

_INT_LIMITS = {"int32": 2**31, "int64": 2**63}


def validate(value: Json, shape: Shape, old: Json = ABSENT, path: str = "") -> list[FieldError]:
    """Return the faults of a value, in the order of its fields.

    Args:
        value: any JSON value, pruned and with its defaults.
        shape: its schema.
        old: the stored value at the same place, or ABSENT.
        path: where the value is, such as `spec.plans.gold`.
    """
    if value is old:
        return []
    faults = _type_faults(value, shape, path)
    if not faults and value is not None:
        faults = [*_value_faults(value, shape, path), *_combination_faults(value, shape, path)]
        if isinstance(value, dict):
            faults += _object_faults(value, shape, old, path)
        elif isinstance(value, list):
            faults += _list_faults(value, shape, old, path)
    return [] if faults and old is not ABSENT and same(value, old) else faults


def _type_name(value: Json) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, float):
        return "float64"
    return {dict: "object", list: "array", str: "string", int: "integer", type(None): "null"}[type(value)]


def _type_faults(value: Json, shape: Shape, path: str) -> list[FieldError]:
    if value is None and shape.nullable:
        return []
    found = _type_name(value)
    if shape.int_or_string:
        wanted, fits = "integer,string", found in ("integer", "string")
    elif shape.type == "number":
        wanted, fits = "number", found in ("integer", "float64")
    elif shape.type == "integer":
        fits = found == "integer" or (isinstance(value, float) and value.is_integer())
        wanted = shape.format if found == "float64" and shape.format else "integer"
    else:
        wanted, fits = shape.type, not shape.type or found == shape.type
    if not fits:
        return [bad_type(path, found, f"{path} in body must be of type {wanted}: {shown(found)}")]
    limit = _INT_LIMITS.get(shape.format)
    if shape.type == "integer" and limit is not None and not -limit <= value < limit:
        detail = f"Checked value must be of type integer with format {shape.format} in {path}"
        return [bad_value("<nil>", "", detail)]
    return []


def _value_faults(value: Json, shape: Shape, path: str) -> list[FieldError]:
    faults = []
    if shape.enum is not None and not any(same(value, choice) for choice in shape.enum):
        choices = [choice if isinstance(choice, str) else shown(choice) for choice in shape.enum]
        faults.append(unsupported(path, value, choices))
    if isinstance(value, str):
        faults += _string_faults(value, shape, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        faults += _number_faults(value, shape, path)
    return faults


def _string_faults(value: str, shape: Shape, path: str) -> list[FieldError]:
    rules = shape.rules
    faults = []
    # Of length and pattern only the first fault is told.
    if "maxLength" in rules and len(value) > rules["maxLength"]:
        faults.append(too_long(path, rules["maxLength"]))
    elif "minLength" in rules and len(value) < rules["minLength"]:
        detail = f"{path} in body should be at least {rules['minLength']} chars long"
        faults.append(bad_value(path, value, detail))
    elif shape.pattern is not None and not shape.pattern.search(value):
        faults.append(bad_value(path, value, f"{path} in body should match '{rules['pattern']}'"))
    if shape.format and not is_formatted(value, shape.format):
        faults.append(bad_type(path, value, f"{path} in body must be of type {shape.format}: {shown(value)}"))
    return faults


def _number_faults(value: float, shape: Shape, path: str) -> list[FieldError]:
    rules = shape.rules
    faults: list[FieldError] = []

    def check(name: str, broken: Callable[[Any], bool], detail: str) -> None:
        if name in rules and broken(rules[name]):
            faults.append(bad_value(path, value, f"{path} in body should be {detail} {shown(rules[name])}"))

    if rules.get("exclusiveMinimum"):
        check("minimum", lambda bound: value <= bound, "greater than")
    else:
        check("minimum", lambda bound: value < bound, "greater than or equal to")
    if rules.get("exclusiveMaximum"):
        check("maximum", lambda bound: value >= bound, "less than")
    else:
        check("maximum", lambda bound: value > bound, "less than or equal to")
    check("multipleOf", lambda factor: value % factor != 0, "a multiple of")
    return faults


def _object_faults(value: dict[str, Any], shape: Shape, old: Json, path: str) -> list[FieldError]:
    rules = shape.rules
    faults = []
    if len(value) < rules.get("minProperties", 0):
        detail = f"{path} in body should have at least {rules['minProperties']} properties"
        faults.append(bad_value(path, len(value), detail))
    if "maxProperties" in rules and len(value) > rules["maxProperties"]:
        faults.append(too_many(path, len(value), rules["maxProperties"]))
    prefix = f"{path}." if path else ""
    faults += [required(f"{prefix}{name}") for name in shape.required if name not in value]
    for name, item in value.items():
        below = shape.field(name)
        if below is not None and type(item) is not below.plain:
            faults += validate(item, below, member(old, name), f"{prefix}{name}")
    return faults


def _list_faults(value: list[Any], shape: Shape, old: Json, path: str) -> list[FieldError]:
    rules = shape.rules
    faults = []
    if len(value) < rules.get("minItems", 0):
        detail = f"{path} in body should have at least {rules['minItems']} items"
        faults.append(bad_value(path, len(value), detail))
    if "maxItems" in rules and len(value) > rules["maxItems"]:
        faults.append(too_many(path, len(value), rules["maxItems"]))
    below = shape.element
    if below is None:
        return faults
    before = _stored_items(old, shape)
    for index, item in enumerate(value):
        if type(item) is below.plain:
            continue
        earlier = element(old, index) if before is None else before.get(item_key(item, shape), ABSENT)
        faults += validate(item, below, earlier, f"{path}[{index}]")
    return faults + _duplicates(value, shape, path)


def _stored_items(old: Json, shape: Shape) -> dict[str, Json] | None:
    """Index the stored items of a keyed list; None where items correspond by their position."""
    if shape.list_type != "map" or not isinstance(old, list):
        return None
    return {item_key(item, shape): item for item in old}


def _duplicates(value: list[Any], shape: Shape, path: str) -> list[FieldError]:
    if shape.list_type == "atomic":
        return []
    seen: dict[str, int] = {}
    faults = []
    for index, item in enumerate(value):
        key = item_key(item, shape)
        seen[key] = seen.get(key, 0) + 1
        if seen[key] == 2:  # the third and later ones are not reported again
            shown_item = {name: item[name] for name in shape.keys if name in item} if shape.keys else item
            faults.append(duplicate(f"{path}[{index}]", shown_item))
    return faults


def _combination_faults(value: Json, shape: Shape, path: str) -> list[FieldError]:
    """Check allOf, anyOf, oneOf and not; the real server names no field for them but in the sentence."""
    faults: list[FieldError] = []

    def complain(sentence: str) -> None:
        faults.append(bad_value("<nil>", "", f'"{path}" must {sentence}'))

    if shape.all_of:
        broken = [fault for each in shape.all_of for fault in validate(value, each, path=path)]
        if broken:
            faults += broken
            complain("validate all the schemas (allOf)")
    if shape.any_of and not shape.int_or_string:
        tries = [validate(value, each, path=path) for each in shape.any_of]
        if all(tries):
            complain("validate at least one schema (anyOf)")
            faults += tries[0]
    if shape.one_of:
        tries = [validate(value, each, path=path) for each in shape.one_of]
        fitting = sum(not each for each in tries)
        if fitting == 0:
            complain("validate one and only one schema (oneOf). Found none valid")
            faults += tries[0]
        elif fitting > 1:
            complain(f"validate one and only one schema (oneOf). Found {fitting} valid alternatives")
    if shape.not_ is not None and not validate(value, shape.not_, path=path):
        complain("not validate the schema (not)")
    return faults
