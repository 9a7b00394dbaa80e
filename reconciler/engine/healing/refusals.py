"""Tells what failed for good from what may pass, by what a person is told to do about it.

Every outcome that failed says what would change that. Where that is somebody's doing (a correction, a right,
a CRD) trying again is useless until an input changes; where it is time, it is tried again (ENGINE §7).
"""

from __future__ import annotations

from reconciler.model.steps import Did, Outcome

_SOMEBODYS_DOING = (
    "correct ",
    "ask the cluster's administrators",
    "give this user the right",
    "install ",
    "upgrade APIM",
    "confirm that ",
    "let ",
    "leave ",
    "check the credentials",
)


def is_for_good(outcome: Outcome) -> bool:
    """Whether a step will fail again as long as its inputs stay as they are.

    Args:
        outcome: what came of it.
    """
    return outcome.did is Did.FAILED and outcome.next_step.startswith(_SOMEBODYS_DOING)
