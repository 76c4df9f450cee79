"""Reads JSON files piece by piece: an array or a sequence of objects of any length, in the memory of one of them."""

from __future__ import annotations

import json
import re
from typing import IO, TYPE_CHECKING, Any, NoReturn

from streamproc.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOCK = 1 << 20  # characters; about one chunk's file
_SPACE = re.compile(r"[ \t\n\r]*")


def _refuse_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is no JSON number", "", 0)


_decoder = json.JSONDecoder(parse_constant=_refuse_constant)


def first_character(path: Path) -> str:
    """The first character of a text file that is not white space; empty for an empty file. Raises FormatError."""
    with _open(path) as file:
        return _Text(path, file).peek()


def objects(path: Path) -> Iterator[dict[str, Any]]:
    """The objects in the array that the file holds, or the objects that follow one another in it (JSON lines).

    Raises FormatError, naming the file and the place, when the file cannot be read or is no JSON of that kind.
    """
    with _open(path) as file:
        text = _Text(path, file)
        if text.peek() == "[":
            yield from _array(text)
        else:
            while text.peek():
                yield text.value()


def _array(text: _Text) -> Iterator[dict[str, Any]]:
    text.take()
    if text.peek() == "]":
        text.take()
    else:
        while True:
            yield text.value()
            mark = text.peek()
            if mark not in (",", "]"):
                text.fail("expected ',' or ']' after an array element, found " + (repr(mark) if mark else "the end"))
            text.take()
            if mark == "]":
                break
    if text.peek():
        text.fail("expected nothing after the array's end")


def shown(value: object) -> str:
    """A JSON value for an error message, cut to a readable length."""
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= 60 else text[:57] + "..."


def _open(path: Path) -> IO[str]:
    try:
        return path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror}") from error


class _Text:
    """A window of decoded text that moves over the file."""

    def __init__(self, path: Path, file: IO[str]) -> None:
        self._path = path
        self._file = file
        self._window = ""
        self._at = 0
        self._line = 1  # of the window's start

    def peek(self) -> str:
        """The next character that is not white space, empty at the end."""
        while True:
            self._at = _space_end(self._window, self._at)
            if self._at < len(self._window):
                return self._window[self._at]
            if not self._more(_BLOCK):
                return ""

    def take(self) -> None:
        """Step over the character that ``peek`` showed."""
        self._at += 1

    def value(self) -> dict[str, Any]:
        """Read one JSON object."""
        self.peek()
        size = _BLOCK
        while True:
            try:
                value, self._at = _decoder.raw_decode(self._window, self._at)
            except RecursionError:
                self.fail("values are nested too deeply")
            except ValueError as error:  # JSONDecodeError, or an integer of more digits than Python takes
                # The value may go on beyond the window. Twice as much each time keeps a long value's cost linear.
                if not self._more(size):
                    if isinstance(error, json.JSONDecodeError):
                        self._at = max(self._at, error.pos)
                        self.fail(f"is not valid JSON: {error.msg}")
                    self.fail("is not valid JSON: a number has too many digits")
                size *= 2
                continue
            if not isinstance(value, dict):
                self.fail(f"expected a JSON object, found {shown(value)}")
            return value

    def fail(self, message: str) -> NoReturn:
        """Raise FormatError with the file and the line that was come to."""
        line = self._line + self._window.count("\n", 0, self._at)
        raise FormatError(f"{self._path}: line {line}: {message}")

    def _more(self, size: int) -> bool:
        """Let go of what was read and append up to ``size`` characters; False at the end of the file."""
        try:
            block = self._file.read(size)
        except UnicodeDecodeError as error:
            raise FormatError(f"{self._path}: is not UTF-8 text: {error.reason}") from error
        except OSError as error:
            raise FormatError(f"{self._path}: cannot be read: {error.strerror}") from error
        if not block:
            return False
        self._line += self._window.count("\n", 0, self._at)
        self._window = self._window[self._at :] + block
        self._at = 0
        return True


def _space_end(text: str, start: int) -> int:
    match = _SPACE.match(text, start)
    assert match is not None  # it matches the empty string
    return match.end()
