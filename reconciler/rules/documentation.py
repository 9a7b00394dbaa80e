"""What every verdict and every rule means, in words: the one place that `explain`, help and reports read."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.verdicts import Verdict
from reconciler.rules import noting
from reconciler.rules.ownership import CONTROLLER
from reconciler.rules.ruleset import RuleSet, Step


@dataclass(frozen=True, slots=True)
class VerdictText:
    """A verdict in words: a line for legends, how it comes about, and what to do about it."""

    verdict: Verdict
    meaning: str
    why: str
    next_step: str


_VERDICTS: dict[Verdict, tuple[str, str, str]] = {
    Verdict.SYNCED: (
        "both sides are equal",
        "After normalising, nothing differs. What rules ignore is not compared; every hit of one is named.",
        "Nothing to do.",
    ),
    Verdict.AHEAD: (
        "the left side is newer: a change on its way",
        "The right side is as it was when both were last equal; the left side has moved since. At first "
        "sight, without such a state, the right side was written before the left one was committed.",
        "Wait for whoever applies it, or apply it.",
    ),
    Verdict.DRIFTED: (
        "the right side was changed behind the left one's back",
        "The left side is as it was when both were last equal; on the right something was changed, removed "
        "or added. What only the right side has counts too, though a dry run does not show it. At first "
        "sight, doubt reads as Drifted.",
        "Put the change into Git, or put the right side back.",
    ),
    Verdict.CONFLICT: (
        "both sides changed since they were last equal",
        "Both sides have moved, in one place or in several: applying would undo somebody's change.",
        "Read both changes, then decide for Git or for the right side.",
    ),
    Verdict.MISSING: (
        "absent on the right side",
        "The left side defines it, and the right side does not have it.",
        "Apply it; if it is there and cannot be seen, look at the rights of this account.",
    ),
    Verdict.ORPHAN: (
        "on the right side, ours, absent on the left one",
        "It carries a mark that it came from here, and the left side no longer defines it.",
        "Delete it on the right, or bring its definition back.",
    ),
    Verdict.UNMANAGED: (
        "on the right side, never ours",
        "It was made there, in the Console for example, and nothing here ever defined it.",
        "Leave it, or export it into Git.",
    ),
    Verdict.DETACHED: (
        "the control plane says that it is no longer ours",
        "Git and the cluster define it, but the control plane has taken its origin for its own.",
        "Apply it again to take it back, or remove it from Git.",
    ),
    Verdict.FAILED: (
        "refused, or invalid on the left side",
        "The writer tried and was refused, or the left side is such that no server would take it.",
        "Read the cause; correct the left side.",
    ),
    Verdict.CONTENDED: (
        "two writers fight over it",
        "It was put right several times, and somebody changed it back each time: healing has stopped.",
        "Find the other writer by the field manager, and let one of the two be the only one.",
    ),
    Verdict.UNKNOWN: (
        "could not be read, or not allowed to",
        "One of the two sides, or something that it refers to, could not be read. Never taken for Synced.",
        "Read the cause: a connection, a right, a reference that leads nowhere.",
    ),
}

_RULES: dict[str, tuple[Step, str]] = {
    noting.SERVER_FIELD: (Step.SERVER_FIELDS, "written by the server, stated by nobody"),
    noting.SERVER_ANNOTATION: (Step.SERVER_FIELDS, "an annotation that kubectl or GKO keeps for itself"),
    noting.SCHEMA_DEFAULT: (Step.DEFAULTS, "filled in with the schema's default"),
    noting.NOT_IN_SCHEMA: (Step.DEFAULTS, "unknown to the schema, so that the server drops it"),
    noting.NULL_IS_ABSENT: (Step.DEFAULTS, "null where no null may be, so that the server drops it"),
    noting.ONE_FORMAT: (Step.FORMATS, "written otherwise, meaning the same"),
    noting.EMPTY_IS_ABSENT: (Step.EMPTY_IS_ABSENT, "empty, which the writer takes for absent"),
    noting.NO_ORDER: (Step.LISTS, "a list whose order means nothing"),
    "application-webhook-certificates": (
        Step.RULES,
        "certificate names and references that GKO's webhook fills in",
    ),
    "trimmed-certificates": (Step.RULES, "line ends around a certificate"),
    "management-context-cloud-webhook": (Step.RULES, "what GKO's webhook reads out of the cloud token"),
    "gravitee-mark": (Step.ADDITIONS, "a label or annotation of GKO's own"),
    "gko-tui-mark": (Step.ADDITIONS, "a label or annotation of gko-tui's own"),
    "argocd-mark": (Step.ADDITIONS, "a label or annotation of Argo CD's own"),
    "flux-mark": (Step.ADDITIONS, "a label or annotation of Flux's own"),
    "helm-mark": (Step.ADDITIONS, "a label or annotation of Helm's own"),
    "kustomize-mark": (Step.ADDITIONS, "an annotation of kustomize's own"),
    "kpt-mark": (Step.ADDITIONS, "an annotation of kpt's own"),
    "rancher-mark": (Step.ADDITIONS, "a label or annotation of Rancher's own"),
    "kubernetes-mark": (Step.ADDITIONS, "a label or annotation of Kubernetes' own"),
    "tracking-mark": (Step.ADDITIONS, "a label by which a deployment tool knows what it has made"),
    CONTROLLER: (Step.ADDITIONS, "a label or annotation that only controllers have written"),
}


def verdict_documentation(verdict: Verdict) -> VerdictText:
    """What a verdict means, why it is given and what to do."""
    return VerdictText(verdict, *_VERDICTS[verdict])


def rule_documentation(rule: str, ruleset: RuleSet) -> tuple[Step, str]:
    """The step a rule belongs to, and what it is for; of an ignore rule, where it stands and its reason.

    Args:
        rule: its name, as in `Ignored.rule`.
        ruleset: the rules in force.
    """
    for own in ruleset.ignore:
        if own.name == rule:
            return Step.RULES, f"{own.reason} ({own.origin})" if own.origin else own.reason
    return _RULES.get(rule, (Step.RULES, "a rule of this kind"))
