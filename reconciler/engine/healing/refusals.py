"""Tells what failed for good from what may pass, by what a person is told to do about it.

Everything that failed says what would change that. Where that is somebody's doing (a correction, a right,
a CRD) trying again is useless until an input changes; where it is time, it is tried again (ENGINE §7).
"""

from __future__ import annotations

_SOMEBODYS_DOING = (
    "correct ",
    "ask the cluster's administrators",
    "give this user the right",
    "install ",
    "upgrade APIM",
    "confirm that ",
    "let ",
    "leave ",
)
_OF_THE_RESOURCE = frozenset(
    {
        "another-object",
        "broken",
        "defined",
        "defined-twice",
        "foreign",
        "generated",
        "mark",
        "mode",
        "owner",
        "policy",
        "protected",
        "prune-off",
        "take-over",
        "unknown-kind",
    }
)
"""Causes of blocks that only the resource's own text or object, or a configuration, takes away."""


def is_for_good(next_step: str) -> bool:
    """Whether what failed will fail again as long as its inputs stay as they are.

    Args:
        next_step: what the outcome of a step, or of its dry run, tells people to do.
    """
    return next_step.startswith(_SOMEBODYS_DOING)


def blocks_for_good(cause: str) -> bool:
    """Whether a block stays as long as the resource stays as it is.

    Args:
        cause: the block's stable word; `dry-run` is told by `is_for_good`.
    """
    return cause in _OF_THE_RESOURCE
