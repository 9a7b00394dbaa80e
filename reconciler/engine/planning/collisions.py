"""Two resources that a control plane cannot tell apart: `a-b/c` and `a/b-c` have one HRID (DOMAIN §2.4).

GKO accepts both, and each overwrites the other in silence. So the second one is not created.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from reconciler.cluster.json_pointers import value_at
from reconciler.engine.planning.draft import Draft
from reconciler.engine.planning.subjects import Subject
from reconciler.model.keys import ResourceKey
from reconciler.model.steps import Block, Verb
from reconciler.rules.identity import hrid

KINDS = frozenset(
    {"ApiV4Definition", "Application", "SharedPolicyGroup", "Group", "Dictionary", "Portal", "Subscription"}
)
"""The kinds that a control plane knows by their HRID alone."""


def block_collisions(drafts: Mapping[ResourceKey, Draft], subjects: Iterable[Subject]) -> None:
    """Block what would be created under an HRID that another resource has; warn where both exist already.

    Resources of different management contexts do not meet; where one's context is not known, they may.
    """
    alike: defaultdict[tuple[str, str, str], list[Subject]] = defaultdict(list)
    for subject in subjects:
        if subject.key.kind in KINDS:
            key = subject.key
            alike[key.cluster, key.kind, hrid(key.namespace, key.name)].append(subject)
    for (_, _, shared), group in alike.items():
        for subject in group if len(group) > 1 else ():
            draft = drafts.get(subject.key)
            other = next((one for one in group if one is not subject and _meet(subject, one)), None)
            if draft is None or other is None or not draft.writes or draft.deletes:
                continue
            name = f"{other.key.kind}/{other.key.namespace}/{other.key.name}"
            text = f"a control plane cannot tell it from {name}: both are {shared} there"
            if any(step.verb is Verb.CREATE for step in draft.steps):
                draft.block(Block("same-hrid", text, "give one of the two another name"))
            else:
                draft.warn(text)


def _meet(one: Subject, other: Subject) -> bool:
    """Whether two resources may be sent to one control plane."""
    if other.wanted is None and other.found is None:
        return False
    contexts = [_context(subject) for subject in (one, other)]
    return None in contexts or contexts[0] == contexts[1]


def _context(subject: Subject) -> tuple[str, str] | None:
    """Namespace and name of a resource's management context; None where that is not known."""
    bodies = (side.body for side in (subject.wanted, subject.found) if side is not None)
    body = next((body for body in bodies if body is not None), None)
    ref = value_at(body, ("spec", "contextRef")) if body is not None else None
    if not isinstance(ref, dict) or not isinstance(ref.get("name"), str):
        return None
    namespace = ref.get("namespace")
    return (namespace if isinstance(namespace, str) and namespace else subject.key.namespace, ref["name"])
