"""What was mended by hand in the detections of sample_media/, found by looking at the frames with the boxes drawn.

Boxes are x1, y1, x2, y2 in pixels, frames are counted from 0, first and last included.
"""

from __future__ import annotations

from dataclasses import dataclass

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Drop:
    """Leaves out detections of ``kind`` in ``frames``.

    With ``like``, those that cover about that box (intersection over union above 0.6): things that do not move. Else
    those whose centre lies ``within`` and that are more than ``wider`` pixels wide.
    """

    kind: str
    frames: tuple[int, int]
    like: Box | None = None
    within: Box = (0, 0, 10_000, 10_000)
    wider: int = 0


@dataclass(frozen=True)
class Add:
    """Adds a box in every frame from the first key to the last, between keys on a straight line.

    Frames where a detection of ``kind`` already lies there (intersection over union above 0.4) are left as they are.
    """

    kind: str
    keys: dict[int, Box]


DROPS: dict[str, list[Drop]] = {
    "pedestrians.mp4": [
        Drop("person", (0, 89), like=(30, 110, 49, 143)),  # sign beside the path
        Drop("person", (0, 89), like=(162, 249, 194, 278)),  # rock
        Drop("person", (0, 89), like=(163, 185, 178, 206)),  # traffic cone
    ],
    "pedestrians-long.mp4": [
        Drop("person", (0, 1199), like=(12, 46, 20, 60)),
        Drop("person", (0, 1199), like=(67, 104, 81, 116)),
        Drop("person", (0, 1199), like=(68, 77, 74, 86)),
    ],
    "street.mp4": [
        Drop("vehicle", (0, 29)),  # added below, in all frames
        Drop("person", (30, 40), within=(0, 0, 235, 272)),  # lights of cars out of focus
        Drop("person", (41, 46), within=(400, 236, 500, 272)),
        Drop("person", (41, 75), within=(0, 0, 300, 272)),
        Drop("person", (49, 75)),  # mirror
        Drop("license-plate", (30, 75)),  # TAXI
        Drop("vehicle", (30, 75), within=(360, 0, 640, 272)),
        Drop("vehicle", (76, 136), within=(0, 0, 330, 272), wider=180),
        Drop("vehicle", (76, 136), wider=200),
        Drop("face", (137, 186)),  # wheel
        Drop("vehicle", (137, 155), within=(0, 0, 300, 272), wider=150),
        Drop("vehicle", (137, 186), wider=300),
        Drop("vehicle", (187, 241)),
    ],
}

ADDS: dict[str, list[Add]] = {
    "pedestrians.mp4": [
        # a man behind the signpost
        Add("person", {31: (445, 184, 475, 273), 36: (433, 175, 465, 268), 45: (410, 163, 440, 252),
                       52: (388, 158, 418, 243), 59: (363, 153, 391, 231)}),
    ],
    "street.mp4": [
        # a bus from above, and a car with a readable plate
        Add("vehicle", {0: (190, 0, 468, 272), 29: (205, 0, 468, 272)}),
        Add("vehicle", {9: (515, 0, 610, 4), 12: (520, 0, 620, 16), 16: (513, 0, 636, 32), 20: (515, 0, 640, 50),
                        24: (516, 0, 640, 68), 29: (520, 0, 640, 95)}),
        Add("license-plate", {12: (563, 0, 596, 11), 16: (566, 14, 598, 29), 20: (569, 32, 602, 47),
                              24: (572, 49, 605, 64), 29: (577, 72, 610, 87)}),
        # taxis; a man walks out of the picture
        Add("vehicle", {30: (380, 10, 640, 272), 71: (385, 0, 640, 272)}),
        Add("vehicle", {43: (0, 190, 60, 272), 45: (0, 160, 115, 272), 50: (0, 148, 235, 272), 54: (0, 145, 340, 272),
                        58: (0, 95, 425, 272), 62: (0, 95, 540, 272), 66: (0, 100, 640, 272), 75: (0, 75, 640, 272)}),
        Add("person", {45: (460, 0, 640, 272), 46: (545, 0, 640, 272), 47: (590, 100, 640, 272)}),
        # a van that stands, what passes behind it, and a man behind the cyclist
        Add("vehicle", {76: (0, 45, 318, 272), 84: (0, 38, 325, 272), 93: (0, 60, 310, 272), 101: (0, 60, 310, 272),
                        107: (0, 40, 290, 272), 115: (0, 20, 288, 272), 124: (0, 5, 292, 272), 128: (0, 0, 300, 272),
                        136: (0, 0, 310, 272)}),
        Add("vehicle", {78: (520, 80, 640, 272), 80: (400, 20, 640, 272), 84: (330, 8, 640, 272),
                        86: (325, 0, 640, 272), 97: (325, 0, 640, 272)}),
        Add("vehicle", {93: (490, 200, 640, 272), 96: (400, 165, 640, 272), 98: (335, 155, 640, 272),
                        101: (265, 145, 640, 272), 104: (260, 120, 525, 272), 107: (260, 130, 445, 272),
                        109: (260, 130, 320, 272)}),
        Add("person", {76: (474, 74, 512, 190), 81: (472, 66, 512, 184)}),
        Add("person", {108: (450, 50, 490, 170), 115: (445, 34, 486, 160), 127: (445, 25, 486, 155),
                       136: (440, 15, 485, 150)}),
        # cars behind a fence
        Add("vehicle", {137: (0, 75, 240, 218), 140: (5, 75, 240, 218), 141: (55, 88, 338, 215),
                        142: (70, 88, 346, 213), 146: (145, 85, 370, 190), 149: (165, 85, 392, 186),
                        152: (200, 92, 405, 182), 155: (280, 96, 422, 182)}),
        Add("vehicle", {177: (375, 105, 440, 158), 180: (395, 107, 466, 156), 186: (408, 105, 478, 150)}),
        Add("vehicle", {184: (0, 125, 55, 240), 185: (0, 110, 100, 240), 186: (0, 103, 128, 237)}),
        # a bicycle at a wall; legs of a man who walks out of the picture
        Add("person", {206: (415, 0, 620, 272), 210: (440, 0, 640, 272), 212: (488, 0, 640, 272),
                       213: (540, 0, 640, 272)}),
        Add("vehicle", {187: (298, 0, 562, 206), 212: (278, 6, 556, 206), 240: (258, 0, 520, 202),
                        241: (257, 0, 519, 202)}),
    ],
}  # fmt: skip


def corrected(name: str, found: dict[int, list[tuple[str, Box, float]]]) -> dict[int, list[tuple[str, Box, float]]]:
    """The detections (type, box, score) of each frame of the clip ``name``, mended. Added ones have score 1."""
    mended = {
        frame: [one for one in detections if not any(_falls(frame, one, drop) for drop in DROPS.get(name, []))]
        for frame, detections in found.items()
    }
    for add in ADDS.get(name, []):
        for frame in range(min(add.keys), max(add.keys) + 1):
            box = _between(add.keys, frame)
            present = mended.setdefault(frame, [])
            if not any(kind == add.kind and overlap(box, other) > 0.4 for kind, other, _ in present):
                present.append((add.kind, box, 1.0))
    return mended


def overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0, width) * max(0, height)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def _falls(frame: int, one: tuple[str, Box, float], drop: Drop) -> bool:
    kind, (x1, y1, x2, y2), _ = one
    if kind != drop.kind or not drop.frames[0] <= frame <= drop.frames[1]:
        return False
    if drop.like is not None:
        return overlap((x1, y1, x2, y2), drop.like) > 0.6
    left, top, right, bottom = drop.within
    return left <= (x1 + x2) / 2 < right and top <= (y1 + y2) / 2 < bottom and x2 - x1 > drop.wider


def _between(keys: dict[int, Box], frame: int) -> Box:
    before = max(key for key in keys if key <= frame)
    after = min(key for key in keys if key >= frame)
    part = (frame - before) / (after - before) if after > before else 0.0
    x1, y1, x2, y2 = (round(a + part * (b - a)) for a, b in zip(keys[before], keys[after], strict=True))
    return x1, y1, x2, y2
