"""Ways in which a cluster can misbehave on purpose, for tests and for the demo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Faults:
    """The knobs of one cluster; all are off at first and take effect on the next request.

    Attributes:
        hang: accept requests and never answer them.
        delay_s: seconds that pass before each answer.
        fail_status: answer every request with this HTTP status (500, 503…); 0 means normally.
        fail_path: only requests whose path contains this text hang, are slow or fail.
        silent_watches: open watches stay open and send nothing, not even bookmarks.
        refuse_watches: watches are answered with 503 while lists work.
    """

    hang: bool = False
    delay_s: float = 0.0
    fail_status: int = 0
    fail_path: str = ""
    silent_watches: bool = False
    refuse_watches: bool = False
    _on_drop: set[Callable[[], None]] = field(default_factory=set, repr=False)

    def clear(self) -> None:
        """Switch every fault off; requests that hang stay unanswered."""
        self.hang = self.silent_watches = self.refuse_watches = False
        self.delay_s, self.fail_status, self.fail_path = 0.0, 0, ""

    def concerns(self, path: str) -> bool:
        """Whether a request to this path meets the faults."""
        return self.fail_path in path

    def drop_watches(self) -> None:
        """Cut the connection of every open watch, as a restarted server or a load balancer does."""
        for cut in tuple(self._on_drop):
            cut()

    def when_dropped(self, cut: Callable[[], None]) -> Callable[[], None]:
        """Register what cuts one watch; the returned function takes it back."""
        self._on_drop.add(cut)
        return lambda: self._on_drop.discard(cut)
