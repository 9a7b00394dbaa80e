"""`python -m gko_tui`: the same as the command `gko-tui`."""

from __future__ import annotations

import sys

from gko_tui.cli import main

if __name__ == "__main__":
    sys.exit(main())
