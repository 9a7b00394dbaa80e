"""Sorting the table: by keys, by a click on a title, by command."""

from __future__ import annotations

from gko_tui.screens.base import GkoScreen
from gko_tui.view.listing import DEFAULT_SORT, SORT_KEYS, Listing, Sort
from reconciler.model.errors import UsageError

COLUMN_ALIASES = {"name": "api", "ns": "namespace", "rev": "revision"}
"""What people type for a column."""


class TableOrder(GkoScreen):
    """The actions that change the order of `listing`."""

    listing: Listing

    def relist(self, *, home: bool = False) -> None:
        """Choose and sort anew; `home` goes to the first row."""
        raise NotImplementedError

    def sort_by(self, column: str) -> None:
        """First press: by this column; second: turned round; third: as in the beginning."""
        present = self.listing.sort
        if present.column != column:
            self.listing.sort = Sort(column)
        elif not present.reverse:
            self.listing.sort = Sort(column, True)
        else:
            self.listing.sort = DEFAULT_SORT
        self.relist(home=True)

    def do_sort(self, argument: str) -> None:
        """Sort by a column that is named."""
        name = argument.lower().lstrip("-")
        column = COLUMN_ALIASES.get(name, name)
        if column not in SORT_KEYS:
            raise UsageError(
                "is not a column", subject=argument, next_step="use one of " + ", ".join(SORT_KEYS)
            )
        self.listing.sort = Sort(column, argument.startswith("-"))
        self.relist(home=True)

    def do_sort_name(self) -> None:
        """By name."""
        self.sort_by("api")

    def do_sort_age(self) -> None:
        """By age of the state."""
        self.sort_by("age")

    def do_sort_state(self) -> None:
        """By state."""
        self.sort_by("state")

    def do_sort_namespace(self) -> None:
        """By namespace."""
        self.sort_by("namespace")

    def do_sort_owner(self) -> None:
        """By who changed it last."""
        self.sort_by("owner")
