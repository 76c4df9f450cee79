"""What a job is asked to do: one frozen, validated ``Options``.

The command line, the Python functions and whatever comes later all build it with ``Options.of`` and nothing else, so
that a value is checked, and refused with the same words, in one place. Imports nothing heavy.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

from streamproc.errors import OptionError
from streamproc.masks.objects import ALL_TYPES, MaskCoding, ObjectType

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

CHUNK_FRAMES = 500
"""Frames in a chunk, unless fewer are asked for; also the most that one metadata file may hold."""

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


class Method(StrEnum):
    """How a region is made unrecognisable; ``detect`` leaves the picture as it is."""

    BLUR = "blur"
    PIXELATE = "pixelate"
    BLACKEN = "blacken"
    DETECT = "detect"


class Codec(StrEnum):
    """Video codecs that a job can write."""

    H264 = "h264"
    HEVC = "hevc"
    AV1 = "av1"
    VP9 = "vp9"


class MaskKind(StrEnum):
    """The two masks of a frame."""

    BINARY = "binary"
    INSTANCE = "instance"


class MaskFormat(StrEnum):
    """How the masks of a video are stored."""

    VIDEO = "video"
    PNG = "png"


class Rect(tuple[int, int, int, int]):
    """A rectangle in pixels of the upright picture: x, y of its top-left corner, width, height."""

    __slots__ = ()

    @classmethod
    def of(cls, value: str | Iterable[int]) -> Rect:
        """Read ``"X,Y,W,H"`` or four integers; raise OptionError for anything else."""
        parts = value.split(",") if isinstance(value, str) else list(value)
        try:
            rect = cls(int(part) for part in parts)
        except (TypeError, ValueError):
            rect = cls()
        if len(rect) != 4 or min(rect[:2]) < 0 or min(rect[2:]) < 1:
            raise OptionError(f"rectangle {value!r} is not X,Y,W,H: four integers, X and Y from 0, W and H from 1")
        return rect

    @property
    def box(self) -> tuple[int, int, int, int]:
        """(x1, y1, x2, y2), x2 and y2 exclusive."""
        return self[0], self[1], self[0] + self[2], self[1] + self[3]


class OptionArguments(TypedDict, total=False):
    """The keyword arguments of ``Options.of``, ``streamproc.process`` and ``streamproc.frames``.

    A value a type is either one value for all types or a mapping from type to value, such as ``{"face": "blacken"}``;
    types that a mapping leaves out keep the default.
    """

    anonymise: str | Iterable[str]
    method: str | Mapping[str, str]
    cells: int | Mapping[str, int]
    bbox: bool | Iterable[str]
    gradient: tuple[float, float] | Mapping[str, tuple[float, float]]
    ignore: str | Iterable[int] | Iterable[str | Iterable[int]]
    roi: str | Iterable[int] | Iterable[str | Iterable[int]]
    detector: str
    detections: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None
    threshold: float | Mapping[str, float]
    save_mask: str | Iterable[str]
    mask_format: str
    mask_coding: str
    mask_scale: int
    save_segmentation: bool
    write_video: bool | None
    codec: str
    crf: int | None
    preset: str | None
    threads: int | None
    chunk_frames: int
    quality: int | None
    compress_level: int | None
    debug: bool
    keep_metadata: bool
    keep_work: bool
    overwrite: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """A validated set of options. Make one with ``Options.of``, which takes the loose forms that people write.

    >>> options = Options.of(anonymise=["face", "license-plate"], method={"face": "pixelate"}, mask_scale=50)
    >>> options.methods[ObjectType.FACE], options.methods[ObjectType.LICENSE_PLATE]
    (<Method.PIXELATE: 'pixelate'>, <Method.BLUR: 'blur'>)
    >>> Options.of(mask_scale=0)
    Traceback (most recent call last):
    streamproc.errors.OptionError: mask-scale is 0; allowed are 1 to 100 (per cent of the side length that stays)
    """

    anonymise: frozenset[ObjectType]
    """The types that are looked for, covered and drawn in the masks."""
    methods: Mapping[ObjectType, Method]
    cells: Mapping[ObjectType, int]
    """Strength: how many independent cells may remain over an object's shorter side; fewer hide more."""
    bbox: frozenset[ObjectType]
    """The types of which the whole box is covered instead of the segment."""
    gradients: Mapping[ObjectType, tuple[float, float]]
    """Soft edge outside the region: full strength up to start, nothing from stop, in parts of the shorter side."""
    ignore: tuple[Rect, ...]
    roi: tuple[Rect, ...]
    detector: str
    detections: tuple[Path, ...]
    """Files of given detections; when there are any, ``detector`` is not used."""
    thresholds: Mapping[ObjectType, float]
    """The user's own thresholds; types left out take the detector's."""
    save_mask: frozenset[MaskKind]
    mask_format: MaskFormat
    mask_coding: MaskCoding
    mask_scale: int
    save_segmentation: bool
    write_video: bool
    """Whether the picture itself is written; by default not when nothing changes it (method detect for all types)."""
    codec: Codec
    crf: int | None
    preset: str | None
    threads: int | None
    """Encoder threads; like crf and preset None where left open, which ``job.settle`` then decides."""
    chunk_frames: int
    quality: int | None
    compress_level: int | None
    debug: bool
    keep_metadata: bool
    keep_work: bool
    overwrite: bool

    @classmethod
    def of(cls, **arguments: Unpack[OptionArguments]) -> Options:
        """Check ``arguments`` and make options of them; raise OptionError naming the allowed values and the given."""
        unknown = sorted(set(arguments) - OptionArguments.__annotations__.keys())
        if unknown:
            raise OptionError(f"unknown option {', '.join(unknown)}; see streamproc.options.OptionArguments")
        methods = _per_type("method", arguments.get("method"), Method.BLUR, lambda v: _member("method", v, Method))
        debug = _flag("debug", arguments.get("debug", False))
        given = arguments.get("write_video")
        write_video = None if given is None else _flag("write-video", given)
        if write_video is None:
            write_video = debug or any(method is not Method.DETECT for method in methods.values())
        return cls(
            anonymise=_types("anonymise", arguments.get("anonymise", "all")),
            methods=methods,
            cells=_per_type("cells", arguments.get("cells"), 8, lambda v: _integer("cells", v, 1, 64)),
            bbox=ALL_TYPES if arguments.get("bbox") is True else _types("bbox", arguments.get("bbox") or ()),
            gradients=_per_type("gradient", arguments.get("gradient"), (0.0, 0.0), _gradient),
            ignore=_rects("ignore", arguments.get("ignore", ())),
            roi=_rects("roi", arguments.get("roi", ())),
            detector=arguments.get("detector", "default"),
            detections=_paths(arguments.get("detections")),
            thresholds=_thresholds(arguments.get("threshold", {})),
            save_mask=_mask_kinds(arguments.get("save_mask", ())),
            mask_format=_member("mask-format", arguments.get("mask_format", "video"), MaskFormat),
            mask_coding=_member("mask-coding", arguments.get("mask_coding", "or"), MaskCoding),
            mask_scale=_integer(
                "mask-scale", arguments.get("mask_scale", 100), 1, 100, "per cent of the side length that stays"
            ),
            save_segmentation=_flag("save-segmentation", arguments.get("save_segmentation", False)),
            write_video=write_video,
            codec=_member("codec", arguments.get("codec", "h264"), Codec),
            crf=_optional("crf", arguments.get("crf"), 0, 63),
            preset=arguments.get("preset"),
            threads=_optional("threads", arguments.get("threads"), 1, 64),
            chunk_frames=_integer("chunk-frames", arguments.get("chunk_frames", CHUNK_FRAMES), 1, CHUNK_FRAMES),
            quality=_optional("quality", arguments.get("quality"), 1, 100),
            compress_level=_optional("compress-level", arguments.get("compress_level"), 0, 9),
            debug=debug,
            keep_metadata=_flag("keep-metadata", arguments.get("keep_metadata", False)),
            keep_work=_flag("keep-work", arguments.get("keep_work", False)),
            overwrite=_flag("overwrite", arguments.get("overwrite", False)),
        )

    def result_dict(self) -> dict[str, Any]:
        """What decides the bytes of the results, as plain JSON values: the options' share of a job's fingerprint.

        Detector and files of given detections are left out: a job has the detector's own name and fingerprint, and
        where its file lies changes nothing.
        """
        return {
            field.name: _plain(getattr(self, field.name))
            for field in fields(self)
            if field.name not in ("detector", "detections", "keep_work", "overwrite")
        }


def default_threads() -> int:
    """Encoder threads when none are asked for: the processors this process may use, 16 at the most."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(16, usable)


def _plain(value: object) -> Any:
    if isinstance(value, frozenset):
        return sorted(str(item) for item in value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in sorted(value.items())}
    return str(value) if isinstance(value, StrEnum) else value


def _allowed(kind: type[StrEnum], *more: str) -> str:
    return ", ".join([*more, *kind])


def _member(option: str, value: object, kind: type[E]) -> E:
    try:
        return kind(str(value))
    except ValueError:
        raise OptionError(f"{option} is {value!r}; allowed are {_allowed(kind)}") from None


def _flag(option: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise OptionError(f"{option} is {value!r}; allowed are True and False")
    return value


def _rects(option: str, value: object) -> tuple[Rect, ...]:
    """One rectangle or several."""
    if not isinstance(value, Iterable):
        raise OptionError(f"{option} is {value!r}; allowed are rectangles X,Y,W,H")
    rects = [value] if isinstance(value, str) else list(value)
    if rects and all(isinstance(part, int) for part in rects):
        rects = [rects]
    try:
        return tuple(Rect.of(rect) for rect in rects)
    except (OptionError, TypeError) as error:
        raise OptionError(f"{option}: {error}") from None


def _thresholds(value: object) -> dict[ObjectType, float]:
    given = value if isinstance(value, Mapping) else dict.fromkeys(ObjectType, value)
    return {_member("threshold, type", name, ObjectType): _fraction("threshold", one) for name, one in given.items()}


def _names(option: str, value: object) -> list[str]:
    if isinstance(value, Iterable):
        return [value] if isinstance(value, str) else [str(name) for name in value]
    raise OptionError(f"{option} is {value!r}; allowed are names, or several of them")


def _integer(option: str, value: object, low: int, high: int, unit: str = "") -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise OptionError(f"{option} is {value!r}; allowed are {low} to {high}" + (f" ({unit})" if unit else ""))
    return value


def _optional(option: str, value: object, low: int, high: int) -> int | None:
    return None if value is None else _integer(option, value, low, high)


def _fraction(option: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise OptionError(f"{option} is {value!r}; allowed are numbers from 0 to 1")
    return float(value)


def _gradient(value: object) -> tuple[float, float]:
    if isinstance(value, tuple | list) and len(value) == 2:
        start, stop = _fraction("gradient start", value[0]), _fraction("gradient stop", value[1])
        if start <= stop:
            return start, stop
    raise OptionError(f"gradient is {value!r}; allowed are two numbers START,STOP with 0 <= START <= STOP <= 1")


def _per_type(option: str, value: object, default: T, check: Callable[[Any], T]) -> Mapping[ObjectType, T]:
    if value is None:
        return dict.fromkeys(ObjectType, default)
    if not isinstance(value, Mapping):
        return dict.fromkeys(ObjectType, check(value))
    given = {_member(f"{option}, type", name, ObjectType): check(one) for name, one in value.items()}
    return {object_type: given.get(object_type, default) for object_type in ObjectType}


def _types(option: str, value: str | Iterable[str] | bool) -> frozenset[ObjectType]:
    names = _names(option, value)
    if "all" in names:
        return ALL_TYPES
    try:
        return frozenset(ObjectType(name) for name in names)
    except ValueError:
        raise OptionError(f"{option} is {', '.join(names)!r}; allowed are {_allowed(ObjectType, 'all')}") from None


def _mask_kinds(value: str | Iterable[str]) -> frozenset[MaskKind]:
    names = _names("save-mask", value)
    if "all" in names:
        return frozenset(MaskKind)
    try:
        return frozenset(MaskKind(name) for name in names)
    except ValueError:
        raise OptionError(f"save-mask is {', '.join(names)!r}; allowed are {_allowed(MaskKind, 'all')}") from None


def _paths(value: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None) -> tuple[Path, ...]:
    if value is None:
        return ()
    return (Path(value),) if isinstance(value, str | os.PathLike) else tuple(Path(path) for path in value)
