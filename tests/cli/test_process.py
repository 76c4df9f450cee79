from __future__ import annotations

import io
from pathlib import Path

import pytest

from streamproc.cli.main import build_parser
from streamproc.cli.process import _inputs, option_arguments
from streamproc.errors import OptionError
from streamproc.masks.objects import ALL_TYPES, ObjectType
from streamproc.options import MaskKind, Method, OptionArguments, Options


def parse(*arguments: str) -> OptionArguments:
    return option_arguments(build_parser().parse_args(["process", "clip.mp4", "-o", "out", *arguments]))


def test_nothing_given_is_the_defaults() -> None:
    assert parse() == {}


def test_every_option_reaches_the_options() -> None:
    options = Options.of(
        **parse(
            "-a", "face", "--anonymize", "license-plate", "--method", "pixelate", "--method", "face=blacken",
            "--cells", "6", "--bbox-for", "person", "--gradient", "0,0.2", "--ignore", "1,2,3,4", "--roi", "5,6,7,8",
            "--detector", "my:Own", "--detections", "a.json", "--detections", "b.json", "--threshold", "face=0.3",
            "--save-mask", "binary", "--mask-format", "png", "--mask-scale", "50", "--mask-coding", "legacy",
            "--save-segmentation", "--chunk-frames", "100", "--codec", "hevc", "--crf", "30", "--preset", "fast",
            "--threads", "3", "--quality", "80", "--compress-level", "0", "--no-write-video", "--keep-metadata",
            "--debug", "--overwrite", "--keep-work",
        )
    )  # fmt: skip
    assert options == Options.of(
        anonymise=["face", "license-plate"],
        method={"face": "blacken", "person": "pixelate", "license-plate": "pixelate", "vehicle": "pixelate"},
        cells=6,
        bbox=["person"],
        gradient=(0.0, 0.2),
        ignore=["1,2,3,4"],
        roi=["5,6,7,8"],
        detector="my:Own",
        detections=["a.json", "b.json"],
        threshold={"face": 0.3},
        save_mask="binary",
        mask_format="png",
        mask_scale=50,
        mask_coding="legacy",
        save_segmentation=True,
        chunk_frames=100,
        codec="hevc",
        crf=30,
        preset="fast",
        threads=3,
        quality=80,
        compress_level=0,
        write_video=False,
        keep_metadata=True,
        debug=True,
        overwrite=True,
        keep_work=True,
    )


def test_what_names_a_type_goes_before_what_names_none_in_any_order() -> None:
    options = Options.of(**parse("--method", "face=blacken", "--method", "pixelate"))
    assert options.methods[ObjectType.FACE] is Method.BLACKEN
    assert options.methods[ObjectType.PERSON] is Method.PIXELATE


def test_zero_is_a_value() -> None:
    assert parse("--crf", "0", "--compress-level", "0") == {"crf": 0, "compress_level": 0}
    with pytest.raises(OptionError, match="mask-scale is 0"):
        Options.of(**parse("--mask-scale", "0"))


def test_all_and_box() -> None:
    options = Options.of(**parse("-a", "all", "--bbox", "--save-mask", "all"))
    assert options.anonymise == options.bbox == ALL_TYPES
    assert options.save_mask == set(MaskKind)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--mask-scale", "half"), "mask-scale is 'half'; allowed are 1 to 100"),
        (("--threads", "2.5"), "threads is '2.5'"),
        (("--threshold", "face=high"), "threshold is 'high'"),
        (("--threshold", "dog=0.5"), "threshold 'dog=0.5' names the type 'dog'; allowed are person, face"),
        (("--gradient", "1"), r"gradient is \(1\.0,\)"),
        (("--method", "face=smear"), "method is 'smear'"),
    ],
)
def test_bad_values_are_named(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        Options.of(**parse(*arguments))


def test_a_dash_reads_a_list_from_stdin() -> None:
    stdin = io.StringIO("a b.mp4\r\n\nc.jpg\n")
    assert list(_inputs(["x.mp4", "-", "y.mp4"], stdin)) == ["x.mp4", "a b.mp4", "c.jpg", "y.mp4"]


def test_resume_and_overwrite_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        parse("--resume", "--overwrite")
    assert stopped.value.code == 2
    assert "not allowed with" in capsys.readouterr().err


def test_the_help_names_every_option_of_the_api() -> None:
    known = {action.dest for action in _process_actions()}
    assert OptionArguments.__annotations__.keys() <= known


def _process_actions() -> list[object]:
    parser = build_parser()
    (commands,) = (action for action in parser._actions if action.dest == "command")
    return commands.choices["process"]._actions  # type: ignore[attr-defined,no-any-return]


def test_inputs_keep_their_order_and_may_be_many() -> None:
    args = build_parser().parse_args(["process", "a", "b", "-o", str(Path("out"))])
    assert args.inputs == ["a", "b"]
