"""Recording what was seen: newly synced states with their leaves, and since when each verdict holds.

This machine's ledger is written in every mode, `observe` included; nothing else is (ENGINE §8).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from reconciler.engine.actual_prints import ActualPrints
from reconciler.engine.fingerprint import Fingerprinter
from reconciler.engine.judging import Knowledge
from reconciler.engine.synced_leaves import SyncedLeaves
from reconciler.ledger.store import Ledger, Since, Synced, SyncedRecord, TextInGit
from reconciler.model.errors import GkoError, LedgerError
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import Row
from reconciler.model.verdicts import Place, Verdict

if TYPE_CHECKING:
    from reconciler.engine.downstream.control_plane_cells import InSync


class Recorder:
    """Writes the ledger after each pass. All of it blocks.

    Args:
        ledger: this machine's ledger; None where it could not be opened (then nothing is remembered).
        knowledge: what was judged.
        actual_prints: fingerprints of the clusters' objects.
        leaves: makes what must be kept of a synced state.
        take_in_sync: gives what was found in sync on the control-plane hop since it was last asked.
        verdicts: hop → resource → what the ledger remembers, kept up to date here.
        fingerprinter: key and rules.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        ledger: Ledger | None,
        knowledge: Knowledge,
        actual_prints: ActualPrints,
        leaves: SyncedLeaves,
        take_in_sync: Callable[[], Mapping[ResourceKey, InSync]],
        verdicts: dict[Place, dict[ResourceKey, Since]],
        fingerprinter: Fingerprinter,
        clock: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._knowledge = knowledge
        self._prints = actual_prints
        self._leaves = leaves
        self._take_in_sync = take_in_sync
        self._fingerprinter = fingerprinter
        self._clock = clock
        self._verdicts = verdicts

    def record(self, rows: Mapping[ResourceKey, Row], gone: set[ResourceKey]) -> LedgerError | None:
        """Remember these rows and forget the resources that are gone from both sides.

        Returns:
            what kept the ledger from being written, if anything did.
        """
        if self._ledger is None:
            return None
        try:
            self._record_synced(self._ledger, rows)
            self._record_synced_beyond(self._ledger)
            self._record_verdicts(self._ledger, rows)
            self._forget(self._ledger, gone)
        except LedgerError as error:
            return error
        finally:
            self._prints.save()
        return None

    def _record_synced(self, ledger: Ledger, rows: Mapping[ResourceKey, Row]) -> None:
        records = []
        for key, row in rows.items():
            if row.cluster.verdict is not Verdict.SYNCED:
                continue
            record = self._synced_record(key)
            if record is not None:
                records.append(record)
        if not records:
            return
        now = self._clock()
        ledger.record_synced(Place.CLUSTER, records, at=now)
        for made in records:
            self._knowledge.synced[made.key] = Synced(made.digest, made.revision, made.application, now)

    def _record_synced_beyond(self, ledger: Ledger) -> None:
        """Remember what was found in sync on the control-plane hop since the last pass."""
        found = self._take_in_sync()
        if not found:
            return
        now = self._clock()
        nowhere = TextInGit("", "", 0)
        records = []
        for key, state in found.items():
            desired = self._knowledge.desired.get(key)
            revision = desired.trace.revision if desired is not None else ""
            application = desired.first.application if desired is not None else ""
            records.append(SyncedRecord(key, state.digest, state.leaves, nowhere, revision, application))
        ledger.record_synced(Place.CONTROL_PLANE, records, at=now)
        for made in records:
            known = Synced(made.digest, made.revision, made.application, now)
            self._knowledge.synced_beyond[made.key] = known

    def _synced_record(self, key: ResourceKey) -> SyncedRecord | None:
        """The state to remember; None where it is the one remembered already."""
        desired = self._knowledge.desired.get(key)
        content = self._knowledge.actual.clusters[key.cluster]
        found = content.objects.get(key)
        if desired is None or found is None or len(desired.definitions) > 1:
            return None
        schema = content.schema(key.kind)
        # The context is part of the digest: leaves made under other rules cannot be compared with.
        digest = self._fingerprinter.context(schema) + self._prints.get(found, schema)
        known = self._knowledge.synced.get(key)
        if known is not None and known.digest == digest:
            return None
        definition = desired.first
        try:
            leaves = self._leaves.to_keep(definition, schema)
        except GkoError:
            return None  # its text went away under our hands: the next pass sees
        text = TextInGit(definition.source, definition.document.blob, definition.document.index)
        return SyncedRecord(key, digest, leaves, text, desired.trace.revision, definition.application)

    def _record_verdicts(self, ledger: Ledger, rows: Mapping[ResourceKey, Row]) -> None:
        for at, hop in enumerate(Place):
            known = self._verdicts[hop]
            moved = []
            for key, row in rows.items():
                cell = row.cells[at]
                if cell.verdict is None or cell.verdict is Verdict.UNKNOWN:
                    continue  # blindness is no verdict to remember: what was seen before may still hold
                since = known.get(key)
                if since is None or since.verdict is not cell.verdict or since.since != cell.since:
                    moved.append((key, Since(cell.verdict, cell.since)))
            if moved:
                ledger.record_verdicts(hop, moved)
                known.update(moved)

    def _forget(self, ledger: Ledger, gone: set[ResourceKey]) -> None:
        known = [
            key
            for key in gone
            if key in self._knowledge.synced or any(key in verdicts for verdicts in self._verdicts.values())
        ]
        if not known:
            return
        for hop in Place:
            ledger.forget(hop, known)
        for key in known:
            self._knowledge.synced.pop(key, None)
            self._knowledge.synced_beyond.pop(key, None)
            for verdicts in self._verdicts.values():
                verdicts.pop(key, None)
