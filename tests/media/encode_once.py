"""Encodes a synthetic clip in a process of its own and prints the hash of the part: run by test_same_bytes."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

from av.filter import Graph

from streamproc.media.encode import EncoderSettings, VideoPartWriter
from streamproc.media.frame import Frame
from streamproc.media.memory_source import MemorySource


def moving_picture(first: int, last: int) -> MemorySource:
    """Frames of FFmpeg's moving test picture, 160x120: what x264 with AVX-512 coded in another way each time."""
    graph = Graph()
    graph.link_nodes(
        graph.add("testsrc2", "size=160x120:rate=25"), graph.add("format", "yuv420p"), graph.add("buffersink")
    ).configure()
    frames = []
    for n in range(last):
        native = graph.vpull()
        if n >= first:
            frames.append(Frame.from_native(native, n, n * 3 + n % 2, Fraction(1, 75)).copy())
    return MemorySource(frames)


def main(codec: str, preset: str, threads: str) -> None:
    source = moving_picture(50, 100)
    settings = EncoderSettings(codec=codec, preset=preset, crf=18, threads=int(threads))  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part.mp4.tmp"
        writer = VideoPartWriter(path, source.info, settings)
        for frame in source.frames():
            writer.write(frame)
        writer.close()
        print(hashlib.sha256(path.read_bytes()).hexdigest())


if __name__ == "__main__":
    main(*sys.argv[1:])
