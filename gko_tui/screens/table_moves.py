"""Moving the cursor of the table by keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gko_tui.screens.base import GkoScreen

if TYPE_CHECKING:
    from gko_tui.widgets.api_table import ApiTable


class TableMoves(GkoScreen):
    """The actions that move the cursor of `table`."""

    table: ApiTable

    def do_down(self) -> None:
        """One row down."""
        self.table.move_by(1)

    def do_up(self) -> None:
        """One row up."""
        self.table.move_by(-1)

    def do_top(self) -> None:
        """The first row."""
        self.table.move_to(0)

    def do_bottom(self) -> None:
        """The last row."""
        self.table.move_to(len(self.table.listing.order) - 1)

    def do_page_down(self) -> None:
        """One page down."""
        self.table.move_by(self.table.page - 1)

    def do_page_up(self) -> None:
        """One page up."""
        self.table.move_by(1 - self.table.page)

    def do_half_down(self) -> None:
        """Half a page down."""
        self.table.move_by(self.table.page // 2)

    def do_half_up(self) -> None:
        """Half a page up."""
        self.table.move_by(-(self.table.page // 2))
