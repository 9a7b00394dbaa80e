"""What is wrong in the demo, declared: where, which verdict it must get, and how it is made.

The platform is seeded from this list and the test of the whole matrix reads its expectation from it:
whatever no incident names is Synced, or has no hop.
"""

from __future__ import annotations

from typing import Final

from reconciler.simulator.demo.incidents_downstream import DOWNSTREAM
from reconciler.simulator.demo.incidents_upstream import UPSTREAM

INCIDENTS: Final = (*UPSTREAM, *DOWNSTREAM)
