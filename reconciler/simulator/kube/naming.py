"""The rules for names, labels and annotations, and the sentences that quote them."""

from __future__ import annotations

import re
from typing import Any

from reconciler.simulator.kube.answers import FieldError, bad_value, forbidden_field, required, too_long

_SUBDOMAIN = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_NAME_PART = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"

_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    f"'{_SUBDOMAIN}')"
)
_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    f"'{_LABEL}')"
)
_NAME_PART_TEXT = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    f"'{_NAME_PART}')"
)
_LABEL_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
    f"for validation is '{_LABEL_VALUE}')"
)
_MOST_ANNOTATION_BYTES = 256 * 1024


def metadata_faults(metadata: dict[str, Any], *, short_name: bool = False) -> list[FieldError]:
    """Return what is wrong with an object's metadata.

    Args:
        metadata: with its name already there.
        short_name: the name must be a DNS label (a namespace's), not a subdomain.
    """
    name = metadata.get("name", "")
    if not name:
        return [required("metadata.name", "name or generateName is required")]
    faults = []
    form, text, most = (_LABEL, _LABEL_TEXT, 63) if short_name else (_SUBDOMAIN, _SUBDOMAIN_TEXT, 253)
    if short_name and "." in name:
        faults.append(bad_value("metadata.name", name, "must not contain dots"))
    elif not re.fullmatch(form, name):
        faults.append(bad_value("metadata.name", name, text))
    if len(name) > most:
        unit = "characters" if short_name else "bytes"
        faults.append(bad_value("metadata.name", name, f"must be no more than {most} {unit}"))
    for key, value in (metadata.get("labels") or {}).items():
        faults += _key_faults("metadata.labels", key)
        if not re.fullmatch(_LABEL_VALUE, value):
            faults.append(bad_value("metadata.labels", value, _LABEL_VALUE_TEXT))
        if len(value) > 63:
            faults.append(bad_value("metadata.labels", value, "must be no more than 63 bytes"))
    annotations = metadata.get("annotations") or {}
    for key in annotations:
        faults += _key_faults("metadata.annotations", key.lower())
    if sum(len(k.encode()) + len(v.encode()) for k, v in annotations.items()) > _MOST_ANNOTATION_BYTES:
        faults.append(too_long("metadata.annotations", _MOST_ANNOTATION_BYTES))
    for finalizer in metadata.get("finalizers") or ():
        faults += _key_faults("metadata.finalizers", finalizer)
    return faults


def _key_faults(field: str, key: str) -> list[FieldError]:
    prefix, slash, name = key.rpartition("/")
    faults = []
    if slash and not re.fullmatch(_SUBDOMAIN, prefix):
        faults.append(bad_value(field, key, f"prefix part {_SUBDOMAIN_TEXT}"))
    if not re.fullmatch(_NAME_PART, name):
        faults.append(bad_value(field, key, _NAME_PART_TEXT))
    elif len(name) > 63:
        faults.append(bad_value(field, key, "name part must be no more than 63 bytes"))
    return faults


def new_finalizer_faults(old: dict[str, Any], new: dict[str, Any]) -> list[FieldError]:
    """Return a fault where an object that is being deleted is given another finalizer."""
    added = sorted(set(new.get("finalizers") or ()) - set(old.get("finalizers") or ()))
    if not old.get("deletionTimestamp") or not added:
        return []
    listed = ", ".join(f'"{finalizer}"' for finalizer in added)
    return [
        forbidden_field(
            "metadata.finalizers",
            "no new finalizers can be added if the object is being deleted, found new finalizers "
            f"[]string{{{listed}}}",
        )
    ]
