"""Section ``kernels``: the mask kernel against memset and numpy, and the blur, each on one core."""

from __future__ import annotations

from benchlib.child import run, script
from benchlib.report import Figure, ratios

MASKS = "kernels: masks of 12 instances"
BLUR = "kernels: blur of 12 objects on all planes"


_NOTES = (
    "binary, green and blue plane; person-like masks of 120x300; one core; blocks of 5 runs, the things in turn",
    "numpy draws a box at a time. On planes, with bitwise operations on views, it moves the same bytes: at least 8 "
    "times faster than that would be faster than the memset alone",
)


def measure(repeats: int, width: int, height: int) -> list[Figure]:
    """Run the kernels in a process of their own."""
    seconds: dict[str, list[float]] = run(script("kernels_once", repeats, width, height)).answer
    ours = seconds["kernel"]
    least = [a + b for a, b in zip(seconds["memset"], seconds["copy"], strict=True)]
    against = ratios(ours, least)
    figures = [
        Figure(
            MASKS, "kernel / (memset of the planes + copy of the regions)", "x", against, at_most=2.0, note=_NOTES[0]
        )
    ]
    for name, taken in seconds.items():
        if name.startswith("numpy"):
            figures.append(Figure(MASKS, f"{name} / kernel", "x", ratios(taken, ours), at_least=8.0, note=_NOTES[1]))
    for name, taken in seconds.items():
        milliseconds = [1000 * value for value in taken]
        if name.startswith("blur"):
            bar = 2.0 if name == "blur" else None
            figures.append(Figure(BLUR, f"{name}, {width}x{height}", "ms", milliseconds, at_most=bar))
        else:
            figures.append(Figure(MASKS, f"{name}, {width}x{height}", "ms", milliseconds))
    return figures
