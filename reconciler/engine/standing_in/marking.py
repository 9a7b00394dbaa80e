"""The marks of one attempt: the finalizer before anything is sent, and the hash with it to save a write.

The first attempt at a spec writes both at once; where it fails, the hash is put back to what it was, and
later attempts write it with their success. So a hash alone proves nothing: whether a spec was accepted, its
status tells. A process that dies between the marks and the PUT leaves a hash without a status, and the next
one sends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.cluster.addresses import Address
from reconciler.cluster.finalizers import write_marks
from reconciler.cluster.status_writing import same_subject
from reconciler.engine.standing_in.surroundings import Surroundings, thing_of
from reconciler.rules.apim.standing_in.marks import HASH, marked, spec_hash

Body = Mapping[str, Any]


class Marking:
    """Marks one object, as it was when its attempt began.

    Args:
        surroundings: its cluster; told the object after each write.
        obj: the object.
        address: where it stands.
        at_once: whether the hash goes with the finalizer.
    """

    def __init__(self, surroundings: Surroundings, obj: Body, address: Address, *, at_once: bool) -> None:
        self._surroundings = surroundings
        self._obj = obj
        self._address = address
        self._at_once = at_once
        self._before: str | None = None
        self._too_early = False

    async def begun(self) -> bool:
        """Put the finalizer on, before anything is sent; False where the object is not what it was.

        Raises:
            ClusterError: it was refused, or no answer came.
        """
        now = await self._write(accepted=self._at_once)
        self._too_early = self._at_once and now is not None and self._before != _hash(now)
        return now is not None

    async def accepted(self) -> dict[str, Any] | None:
        """Put all marks on; the object as it is now, None where it is not what it was.

        Raises:
            ClusterError: it was refused, or no answer came.
        """
        return await self._write(accepted=True)

    async def failed(self) -> None:
        """Put the hash back to what it was, where it was put on too early.

        Raises:
            ClusterError: it was refused, or no answer came.
        """
        if self._too_early:
            self._too_early = False
            known = self._surroundings.get(thing_of(self._obj)) or self._obj
            self._note(await write_marks(self._surroundings.client, self._address, known, self._as_before))

    # ---------------------------------------------------------------------------------------

    async def _write(self, *, accepted: bool) -> dict[str, Any] | None:
        def wanted(found: Body) -> Body:
            self._before = _hash(found)
            # Of a spec that came meanwhile nothing was accepted; what is under deletion gets no finalizer.
            if not same_subject(self._obj, found):
                return _metadata(found)
            return marked({**self._obj, **found}, accepted=accepted)

        # What was seen last may bear the marks already, then nothing is written.
        known = self._surroundings.get(thing_of(self._obj)) or self._obj
        now = await write_marks(self._surroundings.client, self._address, known, wanted)
        if now is None or not same_subject(self._obj, now):
            return None
        return self._note(now)

    def _as_before(self, found: Body) -> Body:
        metadata = dict(_metadata(found))
        notes = dict(metadata.get("annotations") or {})
        if notes.get(HASH) != spec_hash(self._obj):
            return metadata  # somebody else's by now
        notes.pop(HASH)
        if self._before is not None:
            notes[HASH] = self._before
        metadata["annotations"] = notes
        return metadata if notes else {key: value for key, value in metadata.items() if key != "annotations"}

    def _note(self, body: Body | None) -> dict[str, Any] | None:
        if body is None:
            return None
        now = {**body, "apiVersion": self._address.api_version, "kind": self._address.kind}
        self._surroundings.note(now)
        return now


def _metadata(body: Body) -> Body:
    metadata: Body = body["metadata"]
    return metadata


def _hash(body: Body) -> str | None:
    notes = _metadata(body).get("annotations")
    return notes.get(HASH) if isinstance(notes, Mapping) else None
