import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamproc.errors import FormatError
from streamproc.metadata import jsonfile

VALUES = st.lists(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=30) | st.none()), max_size=8)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(VALUES, st.sampled_from([None, 2]), st.booleans(), st.integers(1, 40))
def test_objects_are_read_whatever_the_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: list, indent: int | None, array: bool, block: int
) -> None:
    monkeypatch.setattr(jsonfile, "_BLOCK", block)
    path = tmp_path / "it.json"
    if array:
        text = json.dumps(values, indent=indent)
    else:
        text = "\n".join(json.dumps(value, indent=indent) for value in values)
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert list(jsonfile.objects(path)) == values
    assert jsonfile.first_character(path) == text[:1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'[{"a": 1}', "line 1: expected ',' or ']' after an array element, found the end"),
        (b'[{"a": 1}\n{"b": 1}]', "line 2: expected ',' or ']' after an array element, found '{'"),
        (b'[\n{"a": 1},\n{"a": ]', "line 3: is not valid JSON: Expecting value"),
        (b'[{"a": 1}] 7', "line 1: expected nothing after the array's end"),
        (b'[{"a": 1}, 17]', "line 1: expected a JSON object, found 17"),
        (b'[{"a": NaN}]', "NaN is no JSON number"),
        (b'[{"a": "\xff"}]', "is not UTF-8 text"),
        (b'{"a": ' + b"[" * 100_000, "line 1: values are nested too deeply"),
        (b'{"a": ' + b"1" * 10_000 + b"}", "line 1: is not valid JSON: a number has too many digits"),
        (b"[1" + b"0" * 200 + b"]", "found 1000"),
    ],
)
def test_what_is_no_json_is_named_with_file_and_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "it.json"
    path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        list(jsonfile.objects(path))
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert len(str(caught.value)) < len(str(path)) + 150


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"none\.json: cannot be read: No such file"):
        jsonfile.first_character(tmp_path / "none.json")
