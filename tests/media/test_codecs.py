from __future__ import annotations

import pytest

from streamproc.errors import OptionError
from streamproc.media.codecs import ENCODERS, EncoderSettings, encoder_layout
from streamproc.media.pixels import LAYOUTS


@pytest.mark.parametrize(
    ("codec", "layout", "size", "expected"),
    [
        ("h264", "yuv420p", (64, 48), "yuv420p"),
        ("h264", "yuv420p", (63, 48), "yuv444p"),
        ("h264", "yuv420p", (64, 47), "yuv422p"),
        ("h264", "yuvj420p", (63, 47), "yuvj444p"),
        ("h264", "yuv410p", (64, 48), "yuv420p"),
        ("h264", "yuv411p", (64, 48), "yuv422p"),
        ("h264", "yuv440p", (64, 48), "yuv444p"),
        ("h264", "gbrp", (64, 48), "yuv444p"),
        ("h264", "gray", (63, 47), "gray"),
        ("h264", "yuv422p12le", (64, 48), "yuv422p10le"),
        ("h264", "yuv420p9le", (64, 48), "yuv420p10le"),
        ("hevc", "gbrp", (64, 48), "gbrp"),
        ("hevc", "yuv420p16le", (64, 48), "yuv420p12le"),
        ("av1", "yuv444p10le", (63, 47), "yuv420p10le"),
        ("av1", "gray", (63, 47), "yuv420p"),
        ("vp9", "yuvj440p", (63, 47), "yuv444p"),
        ("vp9", "yuv420p10le", (63, 47), "yuv420p"),
    ],
)
def test_pictures_go_in_the_smallest_format_that_loses_nothing_or_least(codec, layout, size, expected):
    assert encoder_layout(ENCODERS[codec], LAYOUTS[layout], *size).name == expected


def test_every_layout_has_one_in_every_codec():
    for encoder in ENCODERS.values():
        for layout in LAYOUTS.values():
            for size in ((64, 48), (63, 47)):
                assert encoder_layout(encoder, layout, *size).name in encoder.layouts


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"codec": "mpeg4"}, "h264, hevc, av1, vp9, not 'mpeg4'"),
        ({"crf": 52}, "0 to 51 for h264, not 52"),
        ({"codec": "av1", "crf": 0}, "1 to 63"),
        ({"preset": "fastest"}, "ultrafast, .* not 'fastest'"),
        ({"threads": 0}, "1 or more, not 0"),
    ],
)
def test_values_that_no_encoder_takes_are_refused(changes, message):
    with pytest.raises(OptionError, match=message):
        EncoderSettings(**changes)


def test_defaults_are_in_range():
    for codec, encoder in ENCODERS.items():
        assert EncoderSettings(codec, encoder.crf_default).encoder is encoder
