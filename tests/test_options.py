from __future__ import annotations

import doctest
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from streamproc import options as options_module
from streamproc.errors import OptionError
from streamproc.masks.objects import ALL_TYPES, MaskCoding, ObjectType
from streamproc.options import Codec, MaskFormat, MaskKind, Method, Options, Rect


def test_docstring_examples() -> None:
    assert doctest.testmod(options_module).failed == 0


def test_defaults() -> None:
    options = Options.of()
    assert options.anonymise == ALL_TYPES
    assert set(options.methods.values()) == {Method.BLUR}
    assert set(options.cells.values()) == {8}
    assert options.write_video
    assert options.save_mask == frozenset()
    assert (options.mask_format, options.mask_coding, options.mask_scale) == (MaskFormat.VIDEO, MaskCoding.OR, 100)
    assert (options.codec, options.chunk_frames, options.threads) == (Codec.H264, 500, None)


def test_values_for_all_types_or_for_some() -> None:
    options = Options.of(
        anonymise=["face", "person"],
        method={"face": "blacken"},
        cells=4,
        bbox=["vehicle"],
        gradient={"person": (0.0, 0.1)},
        threshold={"face": 0.5},
        save_mask="all",
        ignore=["1,2,3,4"],
        roi=[(0, 0, 10, 10)],
    )
    assert options.anonymise == {ObjectType.FACE, ObjectType.PERSON}
    assert options.methods[ObjectType.FACE] is Method.BLACKEN
    assert options.methods[ObjectType.PERSON] is Method.BLUR
    assert set(options.cells.values()) == {4}
    assert options.bbox == {ObjectType.VEHICLE}
    assert options.gradients[ObjectType.PERSON] == (0.0, 0.1)
    assert options.thresholds == {ObjectType.FACE: 0.5}
    assert options.save_mask == set(MaskKind)
    assert options.ignore[0].box == (1, 2, 4, 6)
    assert options.roi == (Rect((0, 0, 10, 10)),)


def test_no_video_by_default_when_nothing_changes_it() -> None:
    assert not Options.of(method="detect").write_video
    assert Options.of(method="detect", write_video=True).write_video
    assert Options.of(method="detect", debug=True).write_video
    assert Options.of(method={"face": "detect"}).write_video


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"anonymise": "dog"}, "anonymise is 'dog'; allowed are all, person, face, license-plate, vehicle"),
        ({"method": "smear"}, "method is 'smear'; allowed are blur, pixelate, blacken, detect"),
        ({"method": {"cat": "blur"}}, "method, type is 'cat'; allowed are person"),
        ({"cells": 0}, "cells is 0; allowed are 1 to 64"),
        ({"cells": True}, "cells is True; allowed are 1 to 64"),
        ({"gradient": (0.5, 0.1)}, "gradient is (0.5, 0.1); allowed are two numbers"),
        ({"mask_scale": 101}, "mask-scale is 101; allowed are 1 to 100"),
        ({"mask_scale": 0}, "mask-scale is 0; allowed are 1 to 100"),
        ({"chunk_frames": 501}, "chunk-frames is 501; allowed are 1 to 500"),
        ({"threshold": {"face": 1.5}}, "threshold is 1.5; allowed are numbers from 0 to 1"),
        ({"save_mask": "both"}, "save-mask is 'both'; allowed are all, binary, instance"),
        ({"codec": "mpeg2"}, "codec is 'mpeg2'; allowed are h264, hevc, av1, vp9"),
        ({"ignore": ["1,2,3"]}, "ignore: rectangle '1,2,3' is not X,Y,W,H"),
        ({"roi": [(0, 0, 0, 4)]}, "roi: rectangle (0, 0, 0, 4) is not X,Y,W,H"),
        ({"threads": 0}, "threads is 0; allowed are 1 to 64"),
        ({"quality": 101}, "quality is 101; allowed are 1 to 100"),
        ({"colour": "red"}, "unknown option colour"),
    ],
)
def test_what_is_not_allowed_is_said_with_what_is(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as error:
        Options.of(**arguments)
    assert str(error.value).startswith(message)


def test_result_dict_is_json_and_leaves_out_what_does_not_decide_the_bytes() -> None:
    one = Options.of(method={"face": "pixelate"}, ignore=["1,2,3,4"], save_mask="all").result_dict()
    assert json.loads(json.dumps(one)) == one
    assert one["methods"]["face"] == "pixelate"
    assert one["save_mask"] == ["binary", "instance"]
    assert Options.of(overwrite=True, keep_work=True, detections="x.json").result_dict() == Options.of().result_dict()


def test_importing_options_imports_nothing_heavy() -> None:
    code = "import sys, streamproc.options; print({'numpy', 'numba', 'av', 'PIL'} & set(sys.modules))"
    root = Path(__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root, env=os.environ
    )
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"save_mask": True}, "save-mask is True; allowed are names"),
        ({"anonymise": 3}, "anonymise is 3; allowed are names"),
        ({"bbox": 1}, "bbox is 1; allowed are names"),
        ({"debug": "no"}, "debug is 'no'; allowed are True and False"),
        ({"overwrite": 1}, "overwrite is 1; allowed are True and False"),
        ({"write_video": "yes"}, "write-video is 'yes'; allowed are True and False"),
        ({"threshold": "high"}, "threshold is 'high'; allowed are numbers from 0 to 1"),
        ({"ignore": 5}, "ignore is 5; allowed are rectangles"),
        ({"ignore": [(1, 2, 3)]}, r"ignore: rectangle \(1, 2, 3\) is not X,Y,W,H"),
        ({"roi": [None]}, "roi: "),
    ],
)
def test_values_of_a_wrong_kind_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        Options.of(**arguments)


def test_one_value_may_stand_for_all_or_alone() -> None:
    assert Options.of(threshold=0.5).thresholds == dict.fromkeys(ObjectType, 0.5)
    for ignore in ("1,2,3,4", (1, 2, 3, 4), ["1,2,3,4"], [(1, 2, 3, 4)]):
        assert Options.of(ignore=ignore).ignore == ((1, 2, 3, 4),)
