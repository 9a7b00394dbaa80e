"""Build the peers from their Go modules into a cache, and say where a built one lies.

    python -m tests.peers.build                        # kube-apiserver and etcd
    python -m tests.peers.build kubectl kustomize helm

Only the standard library is used, so that CI can build before anything is installed. The cache is
`$GKO_TUI_PEERS`, or else `gko-tui-peers` in the user's cache folder; inside it one folder per content
of go.mod and go.sum and per version of Go, so that an upgrade never meets an old binary.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.peers.recipes import DEFAULT_PEERS, RECIPES, Recipe

BUILD_COMMAND = "python -m tests.peers.build"


class PeerUnavailable(Exception):
    """A peer cannot be had on this machine as it is.

    Args:
        reason: what is missing and what to do about it, one line.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def peer_binary(name: str) -> Path:
    """Return the path of a built peer.

    Nothing is built implicitly (a cold build takes minutes, and a test run should not), unless the
    environment says `GKO_TUI_BUILD_PEERS=1`.

    Args:
        name: one of `RECIPES`.

    Raises:
        PeerUnavailable: it is not in the cache, and may not or cannot be built.
        KeyError: there is no such peer.
    """
    recipe = RECIPES[name]
    cached = _cached(recipe)
    if cached is not None:
        return cached
    if _go() is None:
        raise PeerUnavailable(f"{name} not built, and no Go found to build it: install Go, or fill the cache")
    if os.environ.get("GKO_TUI_BUILD_PEERS") == "1":
        return build(name)
    wanted = "" if name in DEFAULT_PEERS else f" {name}"
    raise PeerUnavailable(f"{name} not built: run {BUILD_COMMAND}{wanted}")


def build(name: str) -> Path:
    """Build a peer unless the cache holds it, printing what is done, and return its path.

    Safe to run from several processes at once: the second waits for the first and finds its result.

    Args:
        name: one of `RECIPES`.

    Raises:
        PeerUnavailable: there is no Go, or the build failed (Go's own words are on stderr).
        KeyError: there is no such peer.
    """
    recipe = RECIPES[name]
    go = _go()
    if go is None:
        cached = _cached(recipe)
        if cached is not None:
            return cached
        raise PeerUnavailable(
            f"{name} cannot be built: no go command found; install Go, or set GO to its path"
        )
    folder = _cache_folder() / f"{_sources_digest(recipe)}-{_go_version(go, recipe.folder)}"
    target = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / ".lock"):
        if target.is_file():
            print(f"{name} {recipe.version()}: already built", flush=True)
            return target
        _compile(go, recipe, target)
    return target


def _compile(go: str, recipe: Recipe, target: Path) -> None:
    """Run `go build`; the binary appears under its name only once it is whole."""
    print(f"{recipe.name} {recipe.version()}: building from {recipe.module} …", flush=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    started = time.monotonic()
    command = [go, "build", "-trimpath", "-ldflags", recipe.ldflags(), "-o", str(unfinished), recipe.package]
    try:
        done = subprocess.run(command, cwd=recipe.folder, env=_go_environment(), check=False)
        if done.returncode != 0:
            raise PeerUnavailable(f"{recipe.name} was not built: go build ended with {done.returncode}")
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    size = target.stat().st_size / 1e6
    print(f"{recipe.name}: built in {time.monotonic() - started:.0f} s, {size:.0f} MB: {target}", flush=True)


def _cached(recipe: Recipe) -> Path | None:
    """Find a built peer of exactly these sources; any version of Go will do, this machine's own first."""
    digest = _sources_digest(recipe)
    go = _go()
    folders = sorted(_cache_folder().glob(f"{digest}-*"), reverse=True)
    if go is not None and len(folders) > 1:
        own = f"{digest}-{_go_version(go, recipe.folder)}"
        folders.sort(key=lambda folder: folder.name != own)
    for folder in folders:
        binary = folder / recipe.name
        if os.access(binary, os.X_OK):
            return binary
    return None


def _cache_folder() -> Path:
    named = os.environ.get("GKO_TUI_PEERS")
    if named:
        return Path(named).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "gko-tui-peers"


def _sources_digest(recipe: Recipe) -> str:
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum"):
        digest.update((recipe.folder / name).read_bytes())
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def _go() -> str | None:
    """Return the go command: `$GO` if set, else the one on PATH."""
    return shutil.which(os.environ.get("GO") or "go")


@functools.cache
def _go_version(go: str, folder: Path) -> str:
    """Ask in the module's own folder: its go.mod may make the go command switch to a newer toolchain."""
    asked = subprocess.run(
        [go, "env", "GOVERSION"],
        cwd=folder,
        env=_go_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    version = asked.stdout.strip()
    if asked.returncode != 0 or not version:
        raise PeerUnavailable(f"the go command does not work: {asked.stderr.strip() or 'no version given'}")
    return version.replace(" ", "_")


def _go_environment() -> dict[str, str]:
    # CGO off: the binaries then run on any libc. A go.work further up would take over the module's choices.
    return {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock between processes; the kernel frees it if this one dies."""
    import fcntl  # not on Windows, where the tests must still be able to import this module and skip

    with path.open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another build to end …", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the peers named on the command line; return 0, or 1 if one of them could not be built."""
    parser = argparse.ArgumentParser(
        prog=BUILD_COMMAND, description="Build the tests' real peers from Go modules."
    )
    parser.add_argument("names", nargs="*", metavar="peer", help=f"one or more of: {', '.join(RECIPES)}")
    names: list[str] = parser.parse_args(arguments).names or list(DEFAULT_PEERS)
    unknown = [name for name in names if name not in RECIPES]
    if unknown:
        parser.error(f"unknown peer: {', '.join(unknown)} (known: {', '.join(RECIPES)})")
    for name in names:
        try:
            build(name)
        except PeerUnavailable as problem:
            print(problem.reason, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
