"""Puts a rule down for one field of a diff: which field, for how much, and only then the file is changed."""

from __future__ import annotations

from operator import methodcaller
from typing import TYPE_CHECKING, cast

from textual import work

from gko_tui.screens.choice import Choice
from gko_tui.screens.diffing import Diffing
from gko_tui.view.lines import safe
from reconciler.model.changes import path_text
from reconciler.model.errors import GkoError
from reconciler.model.verdicts import Place

if TYPE_CHECKING:
    from reconciler.model.changes import KeyPath
    from reconciler.model.keys import ResourceKey
    from reconciler.rules.adding_rules import RuleOffer

_ONE, _KIND, _NOTHING = "one", "kind", "nothing"


class Ignoring(Diffing):
    """`I` on a diff; the screen itself says which resource."""

    key: ResourceKey

    def unavailable(self, action_id: str) -> str | None:
        reason = super().unavailable(action_id)
        if reason is None and action_id == "diff.ignore_field" and self.hop is Place.GATEWAY:
            return "gateways are compared by what was published to them: no rule hides that"
        return reason

    @work(exclusive=True, group="choosing", exit_on_error=False)
    async def do_ignore_field(self) -> None:
        """Ask which field, and for how much; then put the rule down."""
        epoch, hop = self.gko.bridge.epoch, self.hop
        try:
            diff = await self.told.diff(hop)
            # A rule is about a path: what differs as a whole has none.
            paths = [change.path for change in diff.changes if change.path]
            if epoch != self.gko.bridge.epoch or not self.is_mounted:
                return
            if not paths:
                self.gko.say("no field differs here that a rule could hide")
                return
            path = await self._which(self._nearest_first(paths))
            if path is not None:
                await self._put_down(hop, path)
        except GkoError as error:
            self.gko.say(error.sentence(), severity="error")

    def _nearest_first(self, paths: list[KeyPath]) -> list[KeyPath]:
        """The change at which the reader is comes first."""
        at = self.pane.at_stop
        return [*paths[at:], *paths[:at]] if 0 <= at < len(paths) else paths

    async def _which(self, paths: list[KeyPath]) -> KeyPath | None:
        if len(paths) == 1:
            return paths[0]
        options = [(str(number), safe(path_text(path))) for number, path in enumerate(paths)]
        chosen = await self._asked("Ignore which field from now on?", options)
        return paths[int(chosen)] if chosen is not None else None

    async def _put_down(self, hop: Place, path: KeyPath) -> None:
        bridge, key = self.gko.bridge, self.key
        offer = cast("RuleOffer", await bridge.ask(methodcaller("offer_rules", key, hop, path)))
        options = [
            (_ONE, f"for {safe(key.name)} alone\n{_indented(offer.of_one)}"),
            (_KIND, f"for every {safe(key.kind)}\n{_indented(offer.of_kind)}"),
            (_NOTHING, "do not ignore it"),
        ]
        chosen = await self._asked(f"Put this rule down in {safe(offer.file)}?", options)
        if chosen not in (_ONE, _KIND):
            return
        rule = offer.of_one if chosen == _ONE else offer.of_kind
        await bridge.ask(methodcaller("ignore", rule))
        self.told.outdated()
        self.fill(again=True)
        self.gko.say(f"{safe(path_text(path))} is ignored from now on; {safe(offer.file)} says so")

    async def _asked(self, title: str, options: list[tuple[str, str]]) -> str | None:
        return await self.app.push_screen_wait(Choice(title, options))


def _indented(rule: str) -> str:
    return "\n".join(f"  {safe(line)}" for line in rule.rstrip().splitlines())
