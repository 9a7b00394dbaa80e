"""Since when a verdict holds: as published, else as the ledger or the evidence says, else since now."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.engine.cells import Finding
from reconciler.ledger.store import Since
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import Row
from reconciler.model.verdicts import Place, Verdict


class SinceWhen:
    """Finds the instant since when a finding holds.

    Args:
        remembered: hop → resource → the verdict that was recorded last.
    """

    def __init__(self, remembered: Mapping[Place, Mapping[ResourceKey, Since]]) -> None:
        self._remembered = remembered

    def __call__(
        self, key: ResourceKey, place: Place, finding: Finding, before: Row | None, now: float
    ) -> float:
        """Seconds since the epoch.

        Args:
            key: the resource.
            place: whose cell it is.
            finding: the verdict and what the evidence says of its beginning.
            before: the published row, if any.
            now: seconds since the epoch.
        """
        shown = before.cell(place) if before is not None else None
        if shown is not None and shown.verdict is finding.verdict and shown.since:
            return shown.since
        recorded = self._remembered.get(place, {}).get(key)
        # What could not be read for a while has not changed for that.
        blind = shown is None or shown.verdict in (None, Verdict.UNKNOWN)
        if blind and recorded is not None and recorded.verdict is finding.verdict:
            return recorded.since
        return min(finding.since, now) if finding.since else now
