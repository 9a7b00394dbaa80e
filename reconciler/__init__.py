"""The engine of gko-tui: what the platform is, what it should be, and what differs.

It knows places, hops, verdicts and plans, and nothing of terminals: no module below this
package imports Textual or Rich.
"""

import logging

# Whoever wants the log says so (`headless.logs`); without that nothing is written over a screen.
logging.getLogger(__name__).addHandler(logging.NullHandler())
