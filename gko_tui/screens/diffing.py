"""The diff of one resource: which hop, which gateway, and how it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work

from gko_tui.screens.reading import ReadingScreen
from gko_tui.view.diff_lines import SPLIT_FROM, DiffOptions, Mode
from gko_tui.view.hop_names import first_hop, hops_of
from gko_tui.view.lines import Line, safe
from gko_tui.view.tabs import DIFF_TAB
from gko_tui.widgets.hop_bar import HopBar
from reconciler.model.errors import GkoError
from reconciler.model.verdicts import Place

if TYPE_CHECKING:
    from gko_tui.screens.told import Told
    from reconciler.model.rows import Row
    from reconciler.model.trace import Station

_MODES = (Mode.SPLIT, Mode.UNIFIED, Mode.SEMANTIC)
_MOST_CONTEXT = 50
_WORST = "worst"


class Diffing(ReadingScreen):
    """The actions of a diff; the screen itself says which resource and which tab."""

    tab: int
    told: Told

    def __init__(self) -> None:
        super().__init__()
        self.gateway = ""
        """The gateway or pod that was chosen; empty for the worst one."""
        self._chosen_hop: Place | None = None
        self._mode: Mode | None = None
        self._around = 3
        self._ignored = False

    @property
    def row(self) -> Row | None:
        """The newest row; None when the resource has gone everywhere."""
        raise NotImplementedError

    @property
    def hop(self) -> Place:
        """The hop on show: the one that was chosen while it exists, else the first that differs."""
        row = self.row
        if row is None:
            return self._chosen_hop or Place.CLUSTER
        if self._chosen_hop is None or self._chosen_hop not in hops_of(row):
            self._chosen_hop = first_hop(row)
        return self._chosen_hop

    @property
    def shown_mode(self) -> Mode:
        """The mode that was chosen, else the one that fits the width."""
        return self._mode or (Mode.SPLIT if self.size.width >= SPLIT_FROM else Mode.UNIFIED)

    def how(self) -> str:
        """How the diff is shown, in words."""
        return f"{self.shown_mode.value}, context {self._around}"

    def unavailable(self, action_id: str) -> str | None:
        if not action_id.startswith("diff."):
            return super().unavailable(action_id)
        if self.tab != DIFF_TAB:
            return "only on the diff: press 2"
        if action_id == "diff.less" and self._around == 0:
            return "no unchanged line is shown any more"
        row = self.row
        if action_id == "diff.gateway" and (row is None or Place.GATEWAY not in hops_of(row)):
            return "no gateway is asked to run it"
        if action_id in ("diff.next_hop", "diff.previous_hop") and (row is None or len(hops_of(row)) < 2):
            return "there is only one hop"
        return None

    def fill(self, *, again: bool = False) -> None:
        """Ask for what is on show; `again`: it is a newer form of the same."""
        raise NotImplementedError

    async def _diff(self) -> tuple[list[Line], tuple[int, ...]]:
        bar = self.query_one(HopBar)
        bar.current, bar.gateway = self.hop, self.gateway
        bar.renew()
        options = DiffOptions(
            self.text_width,
            self.gko.marks,
            self.gko.clock(),
            self.shown_mode,
            self._around,
            self._ignored,
        )
        text = await self.told.text(self.hop, self.gateway if self.hop is Place.GATEWAY else "", options)
        return list(text.lines), text.stops

    # --- which hop -------------------------------------------------------------------------

    def do_next_hop(self) -> None:
        """The next hop; from the last one to the first."""
        self._step(1)

    def do_previous_hop(self) -> None:
        """The hop before; from the first one to the last."""
        self._step(-1)

    def _step(self, step: int) -> None:
        row = self.row
        hops = hops_of(row) if row is not None else ()
        if len(hops) > 1:
            self._show_hop(hops[(hops.index(self.hop) + step) % len(hops)])

    def on_hop_bar_chosen(self, event: HopBar.Chosen) -> None:
        event.stop()
        self._show_hop(event.hop)

    def _show_hop(self, hop: Place, gateway: str | None = None) -> None:
        if gateway is not None:
            self.gateway = gateway
        elif hop is self.hop:
            return
        self._chosen_hop = hop
        self.gko.bridge.epoch += 1
        self.pane.search("")
        self.fill()

    @work(exclusive=True, group="choosing", exit_on_error=False)
    async def do_gateway(self) -> None:
        """Ask which gateway or pod is to be compared."""
        from gko_tui.screens.choice import Choice

        epoch = self.gko.bridge.epoch
        try:
            trace = await self.told.trace()
        except GkoError as error:
            self.gko.say(error.sentence(), severity="error")
            return
        pods = [station for station in trace.stations if station.place is Place.GATEWAY]
        if epoch != self.gko.bridge.epoch or not self.is_mounted:
            return
        if not pods:
            self.gko.say("no gateway has told what it runs")
            return

        def chosen(name: str | None) -> None:
            if name is not None:
                self._show_hop(Place.GATEWAY, "" if name == _WORST else pods[int(name)].name)

        options = [(_WORST, "the worst one")]
        options += [(str(number), self._pod_text(pod)) for number, pod in enumerate(pods)]
        self.app.push_screen(Choice("Compare which gateway?", options), chosen)

    def _pod_text(self, pod: Station) -> str:
        facts = ", ".join(f"{label} {value}" for label, value in pod.facts)
        return safe(f"{self.gko.marks.verdict(pod.cell.verdict)} {pod.name}   {facts}")

    # --- how it is shown -------------------------------------------------------------------

    def do_mode(self) -> None:
        """Side by side, unified, only the fields; and round again."""
        self._mode = _MODES[(_MODES.index(self.shown_mode) + 1) % len(_MODES)]
        self.fill()

    def do_ignored(self) -> None:
        """Show or hide what was not compared."""
        self._ignored = not self._ignored
        self.fill()

    def do_less(self) -> None:
        """Fewer unchanged lines."""
        self._around = max(0, self._around - (1 if self._around <= 5 else 5))
        self.fill()

    def do_more(self) -> None:
        """More unchanged lines."""
        self._around = min(_MOST_CONTEXT, self._around + (1 if self._around < 5 else 5))
        self.fill()
