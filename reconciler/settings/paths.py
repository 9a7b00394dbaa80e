"""Where this machine keeps what it knows (state, cache), and the key of its digests.

Both folders are the user's alone: they hold names, verdicts and keyed digests (ENGINE §10), and Git mirrors.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.model.errors import ConfigurationError

APP = "gko-tui"
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class StatePaths:
    """`state`: ledger, mirrors, the digest key, logs. `cache`: what can be computed again."""

    state: Path
    cache: Path

    @classmethod
    def locate(cls, environ: Mapping[str, str]) -> StatePaths:
        """Say where the folders are, without making them: `GKO_TUI_STATE` and `GKO_TUI_CACHE` win."""
        return cls(
            _folder(environ, "GKO_TUI_STATE", "XDG_STATE_HOME", "user_state_path"),
            _folder(environ, "GKO_TUI_CACHE", "XDG_CACHE_HOME", "user_cache_path"),
        )

    @classmethod
    def default(cls, environ: Mapping[str, str]) -> StatePaths:
        """The folders of this user, made with mode 0700 where they are not there.

        Raises:
            ConfigurationError: a folder cannot be made.
        """
        return cls.locate(environ).prepare()

    def prepare(self) -> StatePaths:
        """Make both folders with mode 0700.

        Raises:
            ConfigurationError: a folder cannot be made.
        """
        for folder, variable in ((self.state, "GKO_TUI_STATE"), (self.cache, "GKO_TUI_CACHE")):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise ConfigurationError(
                    f"cannot be made ({error.strerror or error})",
                    subject=str(folder),
                    next_step=f"set {variable} to a folder that you may write",
                ) from error
        return self


def user_config_file(environ: Mapping[str, str]) -> Path:
    """Where the user's own gko-tui.yaml is looked for last."""
    return _folder(environ, "", "XDG_CONFIG_HOME", "user_config_path") / "gko-tui.yaml"


def _folder(environ: Mapping[str, str], own: str, xdg: str, function: str) -> Path:
    if named := environ.get(own, ""):
        return Path(named).expanduser().absolute()
    if sys.platform not in ("darwin", "win32") and (base := environ.get(xdg)) and Path(base).is_absolute():
        return Path(base, APP)
    import platformdirs

    found: Path = getattr(platformdirs, function)(APP, appauthor=False)
    return found


def digest_key(paths: StatePaths) -> bytes:
    """The 32 random bytes that key every digest on this machine, made once.

    Two processes that start together get the same key: it is written whole beside its place and linked
    there, which only one of them can do.

    Raises:
        ConfigurationError: the key cannot be made or read, or is damaged.
    """
    file = paths.state / "digest.key"
    try:
        if not file.exists():
            paths.prepare()
            _make_key(file)
        key = file.read_bytes()
        if file.stat().st_mode & 0o077:
            file.chmod(0o600)
    except OSError as error:
        raise ConfigurationError(
            f"cannot be used ({error.strerror or error})",
            subject=str(file),
            next_step="make the folder yours, or set GKO_TUI_STATE to one you may write",
        ) from error
    if len(key) != KEY_BYTES:
        raise ConfigurationError(
            f"is damaged ({len(key)} bytes, {KEY_BYTES} expected)",
            subject=str(file),
            next_step="delete it; what was seen in sync is then learnt anew",
        )
    return key


def _make_key(file: Path) -> None:
    written = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(secrets.token_bytes(KEY_BYTES))
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(written, file)
        except FileExistsError:
            pass  # another process was first; its key is the key
        except OSError:  # a file system without hard links: the gap that is left is a few microseconds
            if not file.exists():
                written.replace(file)
    finally:
        written.unlink(missing_ok=True)
