"""Reads single values of a JSON record, and says where and what is wrong with one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from streamproc.errors import FormatError
from streamproc.metadata.jsonfile import shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(slots=True)
class At:
    """A place in a record, for error messages: which file, which frame, which key."""

    path: Path
    frame: object = None
    key: str = ""

    def of(self, key: str | int) -> At:
        """The place of a key, or of an element, of the value here."""
        inner = f"[{key}]" if isinstance(key, int) else f".{key}" if self.key else key
        return At(self.path, self.frame, self.key + inner)

    def fail(self, expected: str, found: object) -> NoReturn:
        """Raise FormatError: what was expected here, and what was found."""
        frame = "" if self.frame is None else f"frame {self.frame}: "
        raise FormatError(f"{self.path}: {frame}{self.key}: expected {expected}, found {shown(found)}")


def optional_integer(record: Mapping[str, Any], key: str, at: At) -> int | None:
    """Read an integer that may be missing or null."""
    value = record.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        at.of(key).fail("an integer", value)
    return value


def optional_number(record: Mapping[str, Any], key: str, at: At) -> float | None:
    """Read a number that may be missing or null."""
    value = record.get(key)
    if value is None:
        return None
    if not is_number(value):
        at.of(key).fail("a number", value)
    return float(value)


def optional_text(record: Mapping[str, Any], key: str, at: At) -> str | None:
    """Read a text that may be missing or null."""
    value = record.get(key)
    if value is not None and not isinstance(value, str):
        at.of(key).fail("text", value)
    return value


def is_number(value: object) -> bool:
    """Whether a JSON value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_positive(value: object) -> bool:
    """Whether a JSON value is an integer above 0."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def is_byte(value: object) -> bool:
    """Whether a JSON value is an integer from 0 to 255."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255
