"""How well a control plane can be read, in words: one place for all of these sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reconciler.control_plane.failures import ControlPlaneError
from reconciler.control_plane.refs import StateRef
from reconciler.control_plane.sink import ControlPlaneSink
from reconciler.model.rows import PlaceState
from reconciler.model.verdicts import Place

_TELL_PROGRESS_S = 1.0


class PlaceWords:
    """Keeps what goes wrong in one control plane, and tells the sink when the words change.

    Args:
        name: the control plane's.
        clock: seconds since the epoch.
    """

    def __init__(self, name: str, clock: Callable[[], float]) -> None:
        self._name = name
        self._clock = clock
        self._listed = False
        self._list_error: tuple[str, float | None] | None = None
        self._read_error: tuple[str, float | None] | None = None
        self._unreadable: dict[StateRef, str] = {}
        self._reading: tuple[int, int] = (0, 0)
        self._strange = 0
        self.lacks = ""
        self.version = ""
        self.slow_round_s = 0.0
        """How long a deep round takes, where that is more than the ten minutes promised; else 0."""
        self.blind = ""
        """Why it is not known which gateways poll it; empty where it is."""
        self.comparing = False
        """Whether definitions of what was published last are still to be read."""
        self._told: tuple[object, ...] | None = None
        self._progress_at = 0.0

    def listed(self, strange: int) -> None:
        """The list was read whole; so many of its items were no APIs."""
        self._listed = True
        self._list_error = None
        self._strange = strange

    def list_failed(self, error: ControlPlaneError, retry_at: float | None) -> None:
        """The list cannot be read."""
        self._list_error = (error.sentence(), retry_at)

    def read_failed(self, error: ControlPlaneError | None, retry_at: float | None = None) -> None:
        """Nothing can be read whole; None: it can again."""
        self._read_error = None if error is None else (error.sentence(), retry_at)

    def unreadable(self, ref: StateRef, error: ControlPlaneError | None) -> None:
        """One thing cannot be read; None: it can again."""
        if error is None:
            self._unreadable.pop(ref, None)
        else:
            self._unreadable[ref] = error.what + (f"; {error.next_step}" if error.next_step else "")

    def expect(self, refs: frozenset[StateRef]) -> None:
        """Forget what is not expected any more."""
        self._unreadable = {ref: why for ref, why in self._unreadable.items() if ref in refs}

    def reading(self, unread: int, total: int) -> None:
        """So many things of so many were never read yet."""
        self._reading = (unread, total)

    def tell(self, sink: ControlPlaneSink) -> None:
        """Tell the sink, if there is something new to tell."""
        phase, message, retry_at = self._fold()
        now = self._clock()
        told = (phase, message, retry_at, self.version)
        if told == self._told:
            return
        counting = phase == "waiting" and self._told is not None and self._told[0] == "waiting"
        if counting and now - self._progress_at < _TELL_PROGRESS_S:
            return
        self._told = told
        self._progress_at = now
        detail = f"APIM {self.version}" if self.version else ""
        sink.place(PlaceState(Place.CONTROL_PLANE, self._name, phase, message, now, retry_at, detail))

    def _fold(self) -> tuple[str, str, float | None]:  # noqa: PLR0911 - the worst first, one line each
        if self._list_error is not None:
            return ("failed", *self._list_error)
        if not self._listed:
            return "waiting", "its APIs are being listed", None
        if self._read_error is not None:
            return "partial", f"what its APIs hold cannot be read: {self._read_error[0]}", self._read_error[1]
        if self.lacks:
            return "partial", f"{self._name}: {self.lacks}", None
        unread, total = self._reading
        if unread > len(self._unreadable):
            return "waiting", f"{total - unread} of {total} things are read", None
        if self._unreadable:
            ref, why = next(iter(self._unreadable.items()))
            count = (
                f"{len(self._unreadable)} of {total} things"
                if len(self._unreadable) > 1
                else f"{ref.kind} {ref.hrid}"
            )
            return "partial", f"{count} cannot be read: {why}", None
        if self._strange:
            return "partial", f"{self._strange} items of its list are no APIs and were passed over", None
        return "ready", "; ".join(self._notes()), None

    def _notes(self) -> Iterator[str]:
        """What is worth knowing though everything that must be read can be."""
        if self.slow_round_s:
            minutes = self.slow_round_s / 60
            yield f"there is so much to read whole that it takes {minutes:.0f} minutes"
        if self.blind:
            yield self.blind
        if self.comparing:
            yield (
                "definitions of what was published are still being read; "
                "until then gateways are judged by their revisions"
            )
