"""Makes docs/before-after-mask.jpg: one frame of a sample clip before, after, and as its instance mask.

python tools/make_readme_picture.py
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

import streamproc
from streamproc.media.source import open_source

if TYPE_CHECKING:
    from streamproc.media.frame import Frame

ROOT = Path(__file__).parent.parent
CLIP = ROOT / "sample_media" / "pedestrians.mp4"
PICTURE = ROOT / "docs" / "before-after-mask.jpg"
ORDINAL = 50
CROP = (0, 90, 768, 576)  # left, top, right, bottom: the people
GAP = 6


def shown(frame: Frame) -> Image.Image:
    """A frame as a picture for people."""
    return Image.fromarray(np.moveaxis(frame.rgb_planes(frame.width, frame.height), 0, -1)).crop(CROP)


def main() -> None:
    """Write the picture."""
    with open_source(CLIP) as source:
        before = shown(next(source.frames(ORDINAL)))
    for frame, _, masks in streamproc.frames(CLIP, save_mask="instance"):
        if frame.ordinal == ORDINAL:
            panels = [before, shown(frame), Image.fromarray(masks["instance"]).crop(CROP)]
            break
    width, height = panels[0].size
    sheet = Image.new("RGB", (3 * width + 2 * GAP, height), "white")
    for index, panel in enumerate(panels):
        sheet.paste(panel, (index * (width + GAP), 0))
    sheet.resize((1500, round(1500 * height / sheet.width)), Image.Resampling.LANCZOS).save(PICTURE, quality=85)
    print(PICTURE)


if __name__ == "__main__":
    main()
