"""What the engine answered about one resource, kept until the resource changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from operator import methodcaller
from typing import TYPE_CHECKING, Any, cast

from gko_tui.view.diff_lines import DiffOptions, DiffText, build
from reconciler.model.changes import HopDiff
from reconciler.model.keys import ResourceKey
from reconciler.model.trace import Trace
from reconciler.model.verdicts import Place

if TYPE_CHECKING:
    from gko_tui.bridge import Bridge, TerminalEngine


class Told:
    """Asks once per question; asks again after `outdated`.

    Args:
        bridge: the engine's end.
        key: the resource.
    """

    def __init__(self, bridge: Bridge, key: ResourceKey) -> None:
        self._bridge = bridge
        self.key = key
        self._answers: dict[object, Any] = {}
        self._fresh: set[object] = set()
        self._round = 0
        self._texts: dict[tuple[object, ...], tuple[HopDiff, DiffText]] = {}

    def outdated(self) -> None:
        """The resource changed: what is known of it may be shown, but is asked for anew."""
        self._round += 1
        self._fresh.clear()

    @property
    def trace_so_far(self) -> Trace | None:
        """The newest trace that is known, however old."""
        return cast("Trace | None", self._answers.get("trace"))

    async def trace(self) -> Trace:
        """The way of the resource, and what happened to it.

        Raises:
            GkoError: the engine could not answer.
        """
        return cast("Trace", await self._ask("trace", methodcaller("trace", self.key)))

    async def diff(self, hop: Place, gateway: str = "") -> HopDiff:
        """What differs on a hop; `gateway` chooses among several.

        Raises:
            GkoError: the engine could not answer.
        """
        chosen = {"gateway": gateway} if gateway else {}
        question = methodcaller("diff", self.key, hop, **chosen)
        return cast("HopDiff", await self._ask(("diff", hop, gateway), question))

    async def text(self, hop: Place, gateway: str, options: DiffOptions) -> DiffText:
        """The diff of a hop as lines; written away from the terminal's loop, and kept while it stands.

        Raises:
            GkoError: the engine could not answer.
        """
        diff = await self.diff(hop, gateway)
        wanted = (hop, gateway, options.mode, options.context, options.show_ignored, options.width)
        kept = self._texts.get(wanted)
        if kept is not None and kept[0] == diff:
            return kept[1]
        text = await asyncio.to_thread(build, diff, options)
        self._texts = {key: known for key, known in self._texts.items() if known[0] == diff or key[0] != hop}
        self._texts[wanted] = (diff, text)
        return text

    async def document(self, place: Place) -> tuple[str, ...]:
        """The document of one place as YAML lines; empty where it has none.

        Raises:
            GkoError: the engine could not answer.
        """
        question = methodcaller("document", self.key, place)
        return cast("tuple[str, ...]", await self._ask(("document", place), question))

    async def _ask(self, name: object, question: Callable[[TerminalEngine], Coroutine[Any, Any, Any]]) -> Any:
        if name in self._fresh:
            return self._answers[name]
        asked_in = self._round
        answer = await self._bridge.ask(question)
        self._answers[name] = answer
        if asked_in == self._round:
            self._fresh.add(name)
        return answer
