"""Text files, gzipped or not, and their lines. This module needs no TensorFlow."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO


def numbered_lines(path: str | os.PathLike) -> Iterator[tuple[int, str]]:
    """Reads a file line by line, blank lines too, without ever holding it as a whole.

    Lines end at line feeds only, since other separators occur inside texts.

    Args:
        path: A UTF-8 file; that it is gzipped is seen by its content.

    Yields:
        The number, from 1, and the line without its end.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is not UTF-8, or a damaged gzip file; the message begins with the file and, if there is one, the
            line.
    """
    with opened(path) as file:
        for number, line in enumerate(decoded(path, file), start=1):
            yield number, line.rstrip("\r\n")


@contextmanager
def opened(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """Opens a file, through gzip if its content is.

    Args:
        path: The file.

    Yields:
        Its bytes, unpacked.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is a folder, or a damaged gzip file.
    """
    try:
        raw = open(path, "rb")  # noqa: SIM115 -- closed by the `with` below; only opening may fail this way
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such file; check the path") from None
    except IsADirectoryError:
        raise ValueError(f"{path}: a folder; name a file in it") from None
    with raw:
        compressed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        if not compressed:
            yield raw
            return
        try:
            with gzip.open(raw) as unpacked, io.BufferedReader(unpacked) as file:
                yield file
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"{path}: the gzip file is cut off or damaged ({error}); fetch it again") from error


def decoded(path: str | os.PathLike, file: BinaryIO) -> Iterator[str]:
    """Decodes a file line by line, split at line feeds only, since other separators occur inside texts.

    Args:
        path: The file, for messages.
        file: Its bytes, from the beginning.

    Yields:
        Each line with its end; a byte order mark is left out.

    Raises:
        ValueError: It is not UTF-8; the message begins with the file and the line.
    """
    for number, line in enumerate(file, start=1):
        if number == 1:
            if line.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise ValueError(f"{path}:1: the file is in UTF-16; convert it: iconv -f UTF-16 -t UTF-8")
            line = line.removeprefix(b"\xef\xbb\xbf")
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path}:{number}: byte {line[error.start]:#04x} is not UTF-8; "
                "convert the file, for example from Latin-1: iconv -f LATIN1 -t UTF-8"
            ) from None
