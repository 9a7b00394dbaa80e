"""Sharding tags: which gateway takes which API, and which plans of it (DOMAIN §5)."""

from __future__ import annotations

from collections.abc import Iterable


def takes(gateway_tags: tuple[str, ...] | None, tags: Iterable[str]) -> bool | None:
    """Whether a gateway takes an API (or a plan) with these tags.

    Args:
        gateway_tags: the gateway's own, those with `!` exclude; None where they are not known.
        tags: those of the API or plan.

    Returns:
        True or False; None where it depends on tags that are not known. Without tags on either side the
        answer is yes. An exclusion wins; with exclusions only, everything else is taken. Case does not count.
    """
    wanted = {tag.strip().casefold() for tag in tags if tag.strip()}
    if not wanted:
        return True
    if gateway_tags is None:
        return None
    own = [tag.strip().casefold() for tag in gateway_tags if tag.strip()]
    excluded = {tag[1:].strip() for tag in own if tag.startswith("!")}
    included = {tag for tag in own if not tag.startswith("!")}
    if wanted & excluded:
        return False
    return not included or bool(wanted & included)
