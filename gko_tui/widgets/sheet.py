"""A scrolled widget whose content may grow and shrink often."""

from __future__ import annotations

from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.widget import Widget


class Sheet(ScrollView, inherit_bindings=False):
    """A `ScrollView` that does not have the whole screen laid out anew when its content grows.

    It has no keys of its own: arrows and page keys belong to the screen's actions.
    """

    def set_content_size(self, size: Size) -> None:
        """Say how large the content is.

        Assigning `virtual_size` asks for a new layout, which paints every pane of the screen: at
        200×60 that held a key press up by 30 ms. The widget's own place does not depend on its content.
        """
        if size != self.virtual_size:
            self.set_reactive(Widget.virtual_size, size)
            self._scroll_update(size)
