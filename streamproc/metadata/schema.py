"""The JSON Schema of the metadata format, and checking records against it with the ``jsonschema`` package."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from streamproc.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jsonschema.protocols import Validator

SCHEMA_FILE = "frame.schema.json"


@cache
def schema() -> Mapping[str, Any]:
    """The schema (JSON Schema 2020-12) of a whole metadata file, as shipped beside this module."""
    text = resources.files(__package__).joinpath(SCHEMA_FILE).read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def schema_problems(record: Mapping[str, Any], *, image: bool) -> Iterator[tuple[str, str]]:
    """What in one record the schema does not allow: (key, message) pairs, the key like ``detections[3].bbox``.

    ``image`` says that the record is a still image's, not a frame's. Raises MissingExtraError without ``jsonschema``.
    """
    for error in _validator("image" if image else "frame").iter_errors(record):
        yield key_path(error.absolute_path), error.message


def key_path(parts: Iterable[str | int]) -> str:
    """A path of keys and indices as people write it: ``detections[3].bbox``; empty for the record itself."""
    path = ""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path


@cache
def _validator(definition: str) -> Validator:
    try:
        from jsonschema import Draft202012Validator
    except ImportError as error:
        raise MissingExtraError(
            "checking metadata needs the package jsonschema: pip install 'streamproc[validate]'"
        ) from error
    return Draft202012Validator({"$ref": f"#/$defs/{definition}", "$defs": schema()["$defs"]})
