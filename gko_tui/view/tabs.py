"""The tabs of one resource: their numbers and names, for whoever opens it and for the screen itself."""

from __future__ import annotations

HOPS_TAB, DIFF_TAB, YAML_TAB, TRACE_TAB = range(4)
TAB_ACTIONS = ("detail.tab_1", "detail.tab_2", "detail.tab_3", "detail.tab_4")
TAB_NAMES = ("hops", "diff", "yaml", "trace")
"""As crumbs and the copy menu say them."""
