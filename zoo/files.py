"""Files that are either whole or not there."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Gives a temporary name in the same folder, renamed to `path` at the end, or removed if the block raises.

    Whoever opens `path` meanwhile reads the old file or the new one, never half of one; nor does who opens it after a
    power failure. Missing folders are made.

    Args:
        path: The file to write or to replace.

    Yields:
        The path to write to; it has the suffix of `path`, since some writers choose the format by it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{uuid.uuid4().hex}{path.suffix}")
    try:
        yield temporary
        synced(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def synced(*paths: str | Path) -> None:
    """Returns when files, and the names in folders, are on the disk.

    Args:
        *paths: Files and folders.
    """
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
