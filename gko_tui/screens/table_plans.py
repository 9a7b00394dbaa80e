"""Plans from the table: for the row under the cursor, for an application, for what is listed."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from gko_tui.screens.base import GkoScreen
from gko_tui.view.listing import Health
from gko_tui.view.plan_asked import Asked, ask_all, ask_applications, ask_one, ask_several, options_of
from gko_tui.view.store import API_KINDS
from gko_tui.view.words import counted
from reconciler.model.errors import UsageError

if TYPE_CHECKING:
    from gko_tui.view.listing import Listing
    from gko_tui.widgets.api_table import ApiTable
    from reconciler.model.keys import ResourceKey


class TablePlans(GkoScreen):
    """The actions that make plans of what `table` and `listing` show."""

    table: ApiTable
    listing: Listing

    def set_filter(self, text: str) -> None:
        """Filter by this text."""
        raise NotImplementedError

    def do_reconcile(self, argument: str = "") -> None:
        """Make the plan for one resource; come back to the plan that is being carried out."""
        if not argument:
            if self.table.cursor_key is not None:
                self.gko.desk.open(ask_one(self.table.cursor_key))
            return
        found = self.gko.find(argument)
        if len(found) == 1:
            self.gko.desk.open(ask_one(found[0]))
            return
        self.set_filter(f"^{found[0].name}")
        self.gko.say(f"{len(found)} resources match {argument}: choose one")

    def do_sync(self, argument: str = "") -> None:
        """Make the plan for applications or resources; without a word for what is listed, else for all."""
        self.gko.desk.open(self._named(argument.split()) if argument else self._listed())

    def _named(self, words: list[str]) -> Asked:
        known = [one.name for one in self.gko.platform.applications]
        names: list[str] = []
        keys: list[ResourceKey] = []
        for word in words:
            matching = [name for name in known if fnmatchcase(name, word)]
            names += matching
            keys += [] if matching else self.gko.find(word)
        if names and keys:
            raise UsageError(
                "means applications and resources at once",
                subject=f":sync {' '.join(words)}",
                next_step="name one sort only",
            )
        if names:
            return ask_applications(list(dict.fromkeys(names)))
        keys = list(dict.fromkeys(keys))
        return ask_several(keys, counted(len(keys), "resource"))

    def _listed(self) -> Asked:
        listing = self.listing
        chosen_kinds = listing.scope.kinds not in (None, API_KINDS)
        if not (listing.is_narrowed or listing.scope.clusters is not None or chosen_kinds):
            return ask_all()
        if not listing.order:
            raise UsageError("the table lists nothing", subject=":sync", next_step="Esc shows all rows again")
        scope, options = listing.scope, tuple[str, ...]()
        if listing.health is Health.ALL:  # the command line knows no other word for the rest
            options = options_of(scope.kinds or (), scope.clusters or (), listing.filter.text)
        title = f"{counted(len(listing.order), 'resource')} of the table"
        return ask_several(listing.order, title, options)
