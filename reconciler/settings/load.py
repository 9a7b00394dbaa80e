"""Finding and reading gko-tui.yaml. Everything that is wrong with it is said at once, with its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.model.errors import ConfigurationError
from reconciler.settings.implicit import git_root, implicit_platform
from reconciler.settings.paths import user_config_file

if TYPE_CHECKING:
    from reconciler.settings.model import Platform

NAMES = ("gko-tui.yaml", "gko-tui.yml")
MAX_BYTES = 1024 * 1024


def find_settings(explicit: Path | None, cwd: Path, environ: Mapping[str, str]) -> Platform:
    """Find the configuration: `--config`, `GKO_TUI_CONFIG`, gko-tui.yaml here or upwards to the root of
    the repository, the user's own; else the platform that the current folder and kubeconfig mean.

    Args:
        explicit: the file named on the command line.
        cwd: the current folder.
        environ: the environment.

    Raises:
        ConfigurationError: the file that was found is not valid, or there is nothing to read at all.
    """
    named = explicit or (Path(value) if (value := environ.get("GKO_TUI_CONFIG")) else None)
    if named is not None:
        return load_settings(cwd / named.expanduser())
    found = found_file(cwd)
    if found is not None:
        return load_settings(found, trusted=False)
    own = user_config_file(environ)
    if own.is_file():
        return load_settings(own)
    return implicit_platform(cwd, environ)


def found_file(cwd: Path) -> Path | None:
    """The configuration file of the current folder, or of one above it in the same repository."""
    root = git_root(cwd)
    for folder in _upwards(cwd, root):
        for name in NAMES:
            if (folder / name).is_file():
                return folder / name
    return None


def _upwards(cwd: Path, root: Path | None) -> Iterator[Path]:
    yield cwd
    if root is not None and root != cwd:
        for folder in cwd.parents:
            yield folder
            if folder == root:
                return


def load_settings(path: Path, *, trusted: bool = True) -> Platform:
    """Read one configuration file.

    Args:
        path: the file; relative paths inside it count from its folder.
        trusted: the user named the file. Otherwise it may not run programs or take credentials.

    Raises:
        ConfigurationError: the file cannot be read, or is not valid: one line for each error
            (then an `InvalidSettings`, whose `complaints` hold them one by one).
    """
    return read_settings(_content(path), path, trusted=trusted)


def read_settings(content: bytes, path: Path, *, trusted: bool = True) -> Platform:
    """Validate the content of a configuration file; see `load_settings`."""
    from pydantic import ValidationError

    from reconciler.settings.complaints import InvalidSettings, explain
    from reconciler.settings.marked_yaml import Complaint, read_marked
    from reconciler.settings.model import Platform
    from reconciler.settings.references import broken_references
    from reconciler.settings.trust import needs_trust

    marked = read_marked(content)
    if marked.data is None and not marked.complaints:
        marked.complaints.append(
            Complaint(0, "", "is empty; see what can be written: gko-tui config example")
        )
    if marked.complaints:
        raise InvalidSettings(path, marked.complaints)
    if isinstance(marked.data, dict) and "path" in marked.data:
        marked.complaints.append(Complaint(marked.line(("path",)), "path", "unknown field"))
        del marked.data["path"]
    platform: Platform | None = None
    try:
        platform = Platform.model_validate(marked.data, context={"base": path.absolute().parent}).model_copy(
            update={"path": path}
        )
    except ValidationError as error:
        details = error.errors(include_url=False)
        marked.complaints.extend(explain(detail, marked, Platform) for detail in details)
    marked.complaints.extend(broken_references(marked))
    if platform is not None and not trusted:
        marked.complaints.extend(needs_trust(platform, marked, path))
    if platform is None or marked.complaints:
        raise InvalidSettings(path, dict.fromkeys(marked.complaints))
    return platform


def _content(path: Path) -> bytes:
    try:
        if path.is_file() and path.stat().st_size > MAX_BYTES:
            raise ConfigurationError(
                f"is larger than {MAX_BYTES // 1024} KiB",
                subject=str(path),
                next_step="name a gko-tui.yaml, not a manifest",
            )
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ConfigurationError(
            "there is no such file",
            subject=str(path),
            next_step=f"write one: gko-tui config example > {path.name}",
        ) from error
    except OSError as error:
        raise ConfigurationError(f"cannot be read ({error.strerror or error})", subject=str(path)) from error
