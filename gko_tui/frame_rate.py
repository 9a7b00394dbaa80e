"""Sets Textual's frame rate; imported before Textual, which reads it once.

Textual paints at most every 1/60 s, and a key that is pressed right after a paint waits for up to
two such ticks. While rows change all the time that is most keys: at 200×60 with 500 changes a second
the time from key to paint was 30 ms at 60 frames, and is under half of that at 120. Frames in which
nothing changed are not painted, so a resting screen costs the same.
"""

from __future__ import annotations

import os

os.environ.setdefault("TEXTUAL_FPS", "120")
