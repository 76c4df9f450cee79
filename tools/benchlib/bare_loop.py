"""The bare loop that a whole job is held against: decode and encode with PyAV, and nothing else.

    python tools/benchlib/bare_loop.py CLIP OUT PRESET CRF THREADS slice|auto

The encoder gets what streamproc gives it: options, threads, kind of threads. ``slice`` decodes as streamproc does,
``auto`` lets FFmpeg use frame threads too, which is faster and loses the end of damaged files. Writes its seconds,
imports left out, as JSON.
"""

from __future__ import annotations

import json
import sys
import time

import av
from av.codec.context import ThreadType

from streamproc.media.codecs import EncoderSettings


def transcode(clip: str, out: str, settings: EncoderSettings, decoder_threads: str) -> int:
    """Decode and encode; gives the number of frames."""
    frames = 0
    with av.open(clip) as source, av.open(out, "w", format="mp4") as target:
        film = source.streams.video[0]
        film.thread_type = ThreadType.SLICE if decoder_threads == "slice" else ThreadType.AUTO
        stream = target.add_stream("libx264", rate=film.average_rate, options=settings.options())
        stream.width, stream.height, stream.pix_fmt = film.width, film.height, film.codec_context.pix_fmt
        assert film.time_base is not None
        stream.time_base = stream.codec_context.time_base = film.time_base
        stream.codec_context.thread_count = settings.threads
        stream.codec_context.thread_type = ThreadType.FRAME
        for picture in source.decode(film):
            picture.pict_type = 0
            target.mux(stream.encode(picture))
            frames += 1
        target.mux(stream.encode(None))
    return frames


def main() -> None:
    """Run once."""
    clip, out, preset, crf, threads, decoder_threads = sys.argv[1:]
    settings = EncoderSettings(preset=preset, crf=int(crf), threads=int(threads))
    settings.options()  # looks at the processor once, which is not the loop's business
    begun = time.perf_counter()
    frames = transcode(clip, out, settings, decoder_threads)
    print(json.dumps({"seconds": time.perf_counter() - begun, "frames": frames}))


if __name__ == "__main__":
    main()
