"""The last synced state leaf by leaf: digests from the ledger, or made anew from the text in Git.

A fleet is mostly in sync, and digesting every leaf of it costs more than reading it. So for documents that
stand in a repository the ledger only remembers which text was in sync; its leaves are digested when a
resource differs. What a renderer printed stands nowhere, and is digested at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from reconciler.engine.desired import Definition
from reconciler.engine.fingerprint import Fingerprinter
from reconciler.ledger.store import Ledger, Synced, TextInGit
from reconciler.model.errors import GkoError
from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Place
from reconciler.rules.comparing import leaf_digests, pack_leaves
from reconciler.rules.normalise import normalise
from reconciler.rules.schema import Schema

if TYPE_CHECKING:
    from reconciler.git.source import GitSource


class SyncedLeaves:
    """Finds and makes the leaf digests of synced states. Blocking.

    Args:
        ledger: this machine's ledger, or None.
        sources: name → Git source.
        fingerprinter: key and rules.
    """

    def __init__(
        self, ledger: Ledger | None, sources: Mapping[str, GitSource], fingerprinter: Fingerprinter
    ) -> None:
        self._ledger = ledger
        self._sources = sources
        self._fingerprinter = fingerprinter

    def of(self, key: ResourceKey, synced: Synced | None, schema: Schema) -> bytes | None:
        """The packed leaf digests of the last synced state, or None where nothing can be said of it.

        Args:
            key: the resource.
            synced: what the ledger remembers of it.
            schema: the kind's schema now; a state seen under another one could point the wrong way.
        """
        if self._ledger is None or synced is None:
            return None
        if not synced.digest.startswith(self._fingerprinter.context(schema)):
            return None
        found = self._ledger.synced_leaves(Place.CLUSTER, key)
        return self._from_git(found, schema) if isinstance(found, TextInGit) else found

    def to_keep(self, definition: Definition, schema: Schema) -> bytes | None:
        """What the ledger must keep of a definition that is in sync now; None if Git keeps its text.

        Raises:
            GkoError: its text cannot be read.
        """
        source = self._sources[definition.source]
        if source.keeps(definition.document):
            return None
        return self._digested(source.body(definition.document), schema)

    def _from_git(self, text: TextInGit, schema: Schema) -> bytes | None:
        source = self._sources.get(text.source)
        if source is None:
            return None
        try:
            return self._digested(source.body_at(text.blob, text.position), schema)
        except GkoError:
            return None  # rewritten history, collected since: judged as at first sight

    def _digested(self, body: dict[str, object], schema: Schema) -> bytes:
        normalised = normalise(body, schema, self._fingerprinter.ruleset)
        return pack_leaves(leaf_digests(normalised, self._fingerprinter.key))
