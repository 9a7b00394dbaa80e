"""Fingerprints of Git's documents, by blob: parsed once, then found on disk.

Documents of one blob under one schema give one fingerprint for every cluster, so a fleet of clusters
costs no more parsing than one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from reconciler.engine.desired import Definition
from reconciler.engine.fingerprint import Fingerprinter
from reconciler.model.errors import GkoError
from reconciler.rules.schema import Schema

if TYPE_CHECKING:
    from reconciler.git.cache import ParseCache
    from reconciler.git.source import GitSource

Ref = tuple[str, int]
"""A document: its blob and its position in it."""


class DesiredPrints:
    """The fingerprints of the left side of the cluster hop.

    Args:
        fingerprinter: key and rules.
        sources: name → Git source, to read bodies that are not known yet.
        cache: what survives restarts; None keeps them in memory only.
    """

    def __init__(
        self, fingerprinter: Fingerprinter, sources: Mapping[str, GitSource], cache: ParseCache | None
    ) -> None:
        self._fingerprinter = fingerprinter
        self._sources = sources
        self._cache = cache
        self._known: dict[bytes, dict[Ref, bytes]] = defaultdict(dict)

    def get(self, definition: Definition, schema: Schema) -> bytes | None:
        """The fingerprint if it is known."""
        return self._known[self._fingerprinter.context(schema)].get(_ref(definition))

    def prepare(self, wanted: Iterable[tuple[Definition, Schema]]) -> dict[Definition, str]:
        """Make every one of these fingerprints known; blocking, for a worker thread.

        Returns:
            the definitions that cannot be read, with the reason.
        """
        by_schema: dict[bytes, tuple[Schema, dict[Ref, Definition]]] = {}
        for definition, schema in wanted:
            context = self._fingerprinter.context(schema)
            if _ref(definition) not in self._known[context]:
                by_schema.setdefault(context, (schema, {}))[1][_ref(definition)] = definition
        failed: dict[Definition, str] = {}
        for context, (schema, asked) in by_schema.items():
            found = self._cache.digests(context, list(asked)) if self._cache is not None else {}
            self._known[context].update(found)
            unknown = {ref: definition for ref, definition in asked.items() if ref not in found}
            failed.update(self._make(context, schema, unknown))
        return failed

    def _make(
        self, context: bytes, schema: Schema, missing: Mapping[Ref, Definition]
    ) -> dict[Definition, str]:
        by_source: dict[str, list[Definition]] = defaultdict(list)
        for definition in missing.values():
            by_source[definition.source].append(definition)
        made: dict[Ref, bytes] = {}
        failed: dict[Definition, str] = {}
        for source, definitions in by_source.items():
            try:
                self._make_of_source(source, definitions, schema, made, failed)
            except GkoError as error:
                left = (d for d in definitions if _ref(d) not in made)
                failed.update(dict.fromkeys(left, error.sentence()))
            finally:
                self._sources[source].release()
        self._known[context].update(made)
        if self._cache is not None and made:
            self._cache.put_digests(context, made)
        return failed

    def _make_of_source(
        self,
        source: str,
        definitions: list[Definition],
        schema: Schema,
        made: dict[Ref, bytes],
        failed: dict[Definition, str],
    ) -> None:
        by_document = {d.document: d for d in definitions}
        for document, body in self._sources[source].bodies(by_document):
            try:
                made[_ref(by_document[document])] = self._fingerprinter.of(body, schema)
            except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
                where = f"{document.path}:{document.line}"
                failed[by_document[document]] = f"{where} is not shaped as a resource: {error}"


def _ref(definition: Definition) -> Ref:
    return (definition.document.blob, definition.document.index)
