"""What the command line may import from this room at once costs no HTTP library."""

from __future__ import annotations

import subprocess
import sys


def loaded_after(imports: str) -> set[str]:
    program = f"import sys\n{imports}\nprint(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_types_folding_and_observer_load_no_http_library() -> None:
    loaded = loaded_after(
        "from reconciler.gateways import expecting, folding, places, views, watching\n"
        "from reconciler.cluster import port_forward"
    )
    assert not loaded & {"httpx", "httpcore", "aiohttp", "kubernetes", "pydantic"}


def test_the_transport_loads_no_terminal_library() -> None:
    loaded = loaded_after("from reconciler.gateways import transport")
    assert "httpx" in loaded
    assert not loaded & {"rich", "textual", "click"}
