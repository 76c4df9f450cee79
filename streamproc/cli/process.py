"""``streamproc process``: anonymise files, folders and images."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from streamproc.errors import OptionError, UsageError
from streamproc.masks.objects import MaskCoding, ObjectType
from streamproc.options import Codec, MaskFormat, MaskKind, Method, OptionArguments, Options

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_TYPES = ", ".join(ObjectType)

_EPILOG = """\
examples:
  streamproc process street.mp4 -o out                     cover everything, write out/street.mp4 and metadata
  streamproc process drive/ -o out -a face -a license-plate --method pixelate
  streamproc process clip.mp4 -o out --save-mask all --mask-scale 50
  find . -name '*.jpg' | streamproc process - -o out --method face=blacken
exit codes: 0 all done; 1 some inputs failed; 2 bad usage; 3 nothing could be read; 130, 143 interrupted: run the same
command again to go on.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add this command to the command line."""
    parser = commands.add_parser(
        "process",
        help="anonymise files, folders and images",
        description="Anonymise INPUT..., write masks on request, and one JSON file of metadata for every 500 frames.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="file, folder, pattern, or - for a list on stdin")
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help="folder for all results")
    _add_cover_options(parser.add_argument_group("what is covered, and how"))
    _add_detector_options(parser.add_argument_group("what finds it"))
    _add_mask_options(parser.add_argument_group("masks and metadata"))
    _add_encoding_options(parser.add_argument_group("encoding"))
    _add_run_options(parser.add_argument_group("the run"))
    return parser


def _add_cover_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-a",
        "--anonymise",
        "--anonymize",
        action="append",
        metavar="TYPE",
        dest="anonymise",
        help=f"{_TYPES} or all (default); may be repeated",
    )
    group.add_argument(
        "--method",
        action="append",
        metavar="[TYPE=]METHOD",
        help=f"{', '.join(Method)} (default blur), for all types or one; may be repeated",
    )
    group.add_argument(
        "--cells",
        action="append",
        metavar="[TYPE=]N",
        help="strength: cells that remain over an object's shorter side, 1 to 64 (default 8)",
    )
    group.add_argument("--bbox", action="store_true", help="cover the whole box instead of the segment")
    group.add_argument("--bbox-for", action="append", metavar="TYPE", help="the same for one type; may be repeated")
    group.add_argument(
        "--gradient",
        action="append",
        metavar="[TYPE=]START,STOP",
        help="soft edge outside the region, in parts of its shorter side (default 0,0: hard)",
    )
    group.add_argument("--ignore", action="append", metavar="X,Y,W,H", help="never cover in here; may be repeated")
    group.add_argument("--roi", action="append", metavar="X,Y,W,H", help="cover only in here; may be repeated")


def _add_detector_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--detector", metavar="NAME", help="a name from `streamproc detectors`, or module:Class")
    group.add_argument(
        "--detections",
        action="append",
        metavar="FILE",
        help="given detections instead: our metadata, COCO JSON or JSON lines; may be repeated",
    )
    group.add_argument("--threshold", action="append", metavar="[TYPE=]SCORE", help="lowest score, 0 to 1")


def _add_mask_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--save-mask", action="append", metavar="KIND", help=f"{', '.join(MaskKind)} or all")
    group.add_argument("--mask-format", metavar="FORMAT", help=f"{' or '.join(MaskFormat)}, for videos (default video)")
    group.add_argument(
        "--mask-scale", type=_integer, metavar="P", help="per cent of the side length that stays, 1 to 100"
    )
    group.add_argument(
        "--mask-coding",
        metavar="CODING",
        help=f"{' or '.join(MaskCoding)}: types as bits that combine, or the older colours",
    )
    group.add_argument("--save-segmentation", action="store_true", help="add each region to the metadata as COCO RLE")
    group.add_argument("--chunk-frames", type=_integer, metavar="N", help="frames a metadata file, 1 to 500")


def _add_encoding_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--codec", metavar="CODEC", help=f"{', '.join(Codec)} (default h264)")
    group.add_argument("--crf", type=_integer, metavar="N", help="constant quality, lower is better (default by codec)")
    group.add_argument("--preset", metavar="NAME", help="the encoder's own preset")
    group.add_argument("--threads", type=_integer, metavar="N", help="threads of encoder and detector")
    group.add_argument("--quality", type=_integer, metavar="N", help="of JPEG and WebP images, 1 to 100")
    group.add_argument("--compress-level", type=_integer, metavar="N", help="of PNG images and masks, 0 to 9")
    group.add_argument(
        "--write-video",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="write the picture itself (default: unless nothing changes it)",
    )
    group.add_argument(
        "--keep-metadata", action="store_true", help="keep the source's tags, also places and other personal data"
    )
    group.add_argument("--debug", action="store_true", help="draw boxes, types and scores into the picture")


def _add_run_options(group: argparse._ArgumentGroup) -> None:
    again = group.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on where an earlier run ended (the default)")
    again.add_argument("--overwrite", action="store_true", help="start anew and replace what an earlier run left")
    group.add_argument("--keep-work", action="store_true", help="keep journal and parts of finished jobs")
    group.add_argument("--json-log", action="store_true", help="write events and summary as JSON lines on stdout")


def run(args: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    options = Options.of(**option_arguments(args))
    if not args.output:
        raise UsageError("the output folder has an empty name; is a variable unset?")
    inputs = list(_inputs(args.inputs, sys.stdin))

    from pathlib import Path

    from streamproc.cli.report import Reporter
    from streamproc.cli.signals import stop_on_signals
    from streamproc.job.batch import run_batch

    with Reporter(json_log=args.json_log, tracebacks=args.traceback) as reporter, stop_on_signals() as stop:
        result = run_batch(inputs, Path(args.output), options, progress=reporter.progress, stop=stop)
        reporter.summary(result)
    return result.exit_code


def option_arguments(args: argparse.Namespace) -> OptionArguments:
    """The arguments of ``Options.of`` that a parsed command line stands for; what was not given is left out."""
    found: dict[str, Any] = {
        name: getattr(args, name)
        for name in OptionArguments.__annotations__
        if getattr(args, name) is not None and getattr(args, name) is not False
    }
    if args.write_video is not None:
        found["write_video"] = args.write_video
    if args.method:
        found["method"] = _per_type("method", args.method, str)
    if args.cells:
        found["cells"] = _per_type("cells", args.cells, _number(int))
    if args.gradient:
        found["gradient"] = _per_type("gradient", args.gradient, _pair)
    if args.threshold:
        found["threshold"] = _per_type("threshold", args.threshold, _number(float))
    if args.bbox_for and not args.bbox:
        found["bbox"] = args.bbox_for
    arguments: OptionArguments = found  # type: ignore[assignment]  # the keys are OptionArguments' own
    return arguments


def _per_type(option: str, given: Sequence[str], read: Any) -> dict[str, Any]:
    """``["blur", "face=pixelate"]`` as a mapping from type to value; what names a type goes before what does not."""
    values: dict[str, Any] = {}
    for text in sorted(given, key=lambda text: "=" in text):
        name, equals, value = text.rpartition("=")
        try:
            known = list(ObjectType) if not equals or name == "all" else [ObjectType(name)]
        except ValueError:
            raise OptionError(f"{option} {text!r} names the type {name!r}; allowed are {_TYPES}, all") from None
        values.update((str(kind), read(value)) for kind in known)
    return values


def _number(kind: type[int] | type[float]) -> Any:
    def read(text: str) -> Any:
        try:
            return kind(text)
        except ValueError:
            return text  # Options says what is allowed

    return read


def _pair(text: str) -> Any:
    return tuple(_number(float)(part) for part in text.split(","))


def _integer(text: str) -> Any:
    return _number(int)(text)


def _inputs(given: Sequence[str], stdin: Iterable[str]) -> Iterable[str]:
    for name in given:
        if name == "-":
            yield from (line.rstrip("\r\n") for line in stdin if line.strip())
        else:
            yield name
