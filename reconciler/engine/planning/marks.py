"""Our mark on an object: an annotation that names the application and the object itself.

An object copied by hand or by a controller carries its original's mark, which names another object: such a
copy is not ours (ENGINE §6).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.cluster.trace import OWN_ANNOTATION
from reconciler.model.keys import ResourceKey


def mark_of(application: str, key: ResourceKey) -> str:
    """The annotation's value for an object of an application."""
    return f"{application}:{key.kind}/{key.namespace}/{key.name}"


def marked_for(metadata: Mapping[str, Any], key: ResourceKey) -> str:
    """The application that an object's mark names; empty without a mark, or where it names another object."""
    annotations = metadata.get("annotations")
    mark = annotations.get(OWN_ANNOTATION) if isinstance(annotations, dict) else None
    if not isinstance(mark, str):
        return ""
    application = mark.partition(":")[0]
    return application if mark_of(application, key) == mark else ""
