import hashlib
import json
import logging
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco

from streamproc.detect.detection import Detection
from streamproc.detect.detector import Detector, DetectorSettings
from streamproc.detect.external import ExternalDetector
from streamproc.errors import DetectionsFileError, DetectorError
from streamproc.masks.objects import ObjectType
from streamproc.media.frame import Frame
from streamproc.metadata.accumulator import ChunkMetadata, image_to_bytes
from streamproc.metadata.records import frame_record, image_record

WIDTH, HEIGHT = 64, 48
PERSON, FACE, PLATE, VEHICLE = ObjectType.PERSON, ObjectType.FACE, ObjectType.LICENSE_PLATE, ObjectType.VEHICLE
BOX = Detection(FACE, (1, 2, 30, 40), 0.5, track_id=3)


def frame(ordinal: int = 0, width: int = WIDTH, height: int = HEIGHT) -> Frame:
    return Frame.from_planes([np.zeros((height, width), np.uint8)], "gray", ordinal=ordinal)


def seen(detections: list[Detection]) -> list[tuple[Any, ...]]:
    return [(found.object_type, found.box, found.score, found.track_id) for found in detections]


def canvas(found: Detection) -> np.ndarray:
    whole = np.zeros((HEIGHT + 200, WIDTH + 200), np.uint8)
    assert found.mask is not None
    (x, y), (rows, columns) = found.corner, found.mask.shape
    whole[100 + y : 100 + y + rows, 100 + x : 100 + x + columns] = found.mask
    return whole[100 : 100 + HEIGHT, 100 : 100 + WIDTH]


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


# our own metadata


def chunk(folder: Path, stem: str, first: int, last: int, found: Detection = BOX) -> Path:
    made = ChunkMetadata(first)
    for ordinal in range(first, last + 1):
        record = frame_record(
            ordinal, [found] if ordinal % 2 else [], anonymised=[True] * (ordinal % 2), colours=[None] * (ordinal % 2),
            width=WIDTH, height=HEIGHT, duration=0, pts=ordinal, time_base=Fraction(1, 25), segmentation=True,
        )  # fmt: skip
        made.add(record)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / made.file_name(stem)
    path.write_bytes(made.to_bytes())
    return path


@pytest.fixture
def series(tmp_path: Path) -> list[Path]:
    return [chunk(tmp_path, "clip", 0, 9), chunk(tmp_path, "clip", 10, 14)]


def test_it_is_a_detector(series: list[Path]) -> None:
    made = ExternalDetector(series)
    assert isinstance(made, Detector)
    assert made.name == "external"
    assert len(made.fingerprint) == 64
    int(made.fingerprint, 16)


@pytest.mark.parametrize("how", ["files", "files reversed", "folder", "prefix", "whole file"])
def test_metadata_is_found_and_read_by_ordinal(tmp_path: Path, series: list[Path], how: str) -> None:
    whole = write(tmp_path / "other" / "all.json", [r for path in series for r in json.loads(path.read_text())])
    paths = {
        "files": series, "files reversed": series[::-1], "folder": tmp_path, "prefix": str(tmp_path / "clip"),
        "whole file": whole,
    }  # fmt: skip
    detector = ExternalDetector(paths[how])
    order = [0, 1, 9, 10, 11, 3, 14]
    for ordinal, found in zip(order, detector.detect([frame(i) for i in order]), strict=True):
        assert seen(found) == (seen([BOX]) if ordinal % 2 else [])
    with pytest.raises(DetectorError, match=r"frame 15 \(time 0\.600 s\): .*json ends before it"):
        detector.detect([frame(15)])


def test_masks_come_back_from_the_segmentation(tmp_path: Path) -> None:
    mask = np.zeros((20, 30), np.uint8)
    mask[5:9, 4:30] = 255
    found = Detection(PERSON, (10, 10, 40, 30), 0.5, mask, (10, 10))
    path = chunk(tmp_path, "clip", 0, 1, found)
    ((back,),) = ExternalDetector(path).detect([frame(1)])
    assert np.array_equal(canvas(back), canvas(found))
    assert back.corner == (10, 10)


def test_a_missing_chunk_is_an_error_and_no_frame_without_objects(tmp_path: Path) -> None:
    chunk(tmp_path, "clip", 0, 9)
    chunk(tmp_path, "clip", 20, 29)
    with pytest.raises(DetectionsFileError, match=r"clip-20-29\.json: frame 20: id: expected 10"):
        ExternalDetector(tmp_path).detect([frame(10)])


def test_metadata_of_another_size_is_refused(series: list[Path]) -> None:
    with pytest.raises(DetectionsFileError, match="picture of 64x48 pixels, but the frame has 32x24"):
        ExternalDetector(series).detect([frame(0, 32, 24)])


def test_an_older_file_that_does_not_tell_its_size_order_fits_either_way(tmp_path: Path) -> None:
    path = write(tmp_path / "clip-0-0.json", [{"id": 0, "detections": [], "size": [WIDTH, HEIGHT]}])
    assert ExternalDetector(path).detect([frame()]) == [[]]


def test_many_sources_find_their_own_files_in_one_folder(tmp_path: Path) -> None:
    chunk(tmp_path, "a", 0, 1, BOX)
    other = Detection(VEHICLE, (0, 0, 5, 5), 0.25)
    chunk(tmp_path, "a.mp4", 0, 1, other)
    chunk(tmp_path / "sub", "a", 0, 1, Detection(PLATE, (0, 0, 5, 5), 0.125))
    detector = ExternalDetector(tmp_path)

    def types(bound: ExternalDetector) -> list[ObjectType]:
        return [found.object_type for found in bound.detect([frame(1)])[0]]

    assert types(detector.for_video("a.avi")) == [FACE]
    assert types(detector.for_video("a.mp4")) == [VEHICLE]
    assert types(detector.for_video("a.mp4", "sub")) == [PLATE]
    assert detector.for_video("a.avi").fingerprint != detector.for_video("a.mp4").fingerprint
    with pytest.raises(DetectionsFileError, match=r"no metadata files b-FIRST-LAST\.json for b\.mp4; .*: a, a\.mp4"):
        detector.for_video("b.mp4")
    with pytest.raises(DetectionsFileError, match=r"a video whose name is not known; series found: a, a\.mp4"):
        detector.detect([frame()])


def test_images_find_their_metadata_by_name(tmp_path: Path) -> None:
    for name, stem, folder in (("photo.jpg", "photo", None), ("photo.png", "photo.png", None), ("p.jpg", "p", "sub")):
        record = image_record(
            name, folder, [Detection(PLATE, (0, 0, 5, len(name)), 1.0)], anonymised=[True], colours=[None],
            width=WIDTH, height=HEIGHT, duration=0,
        )  # fmt: skip
        path = tmp_path / (folder or "") / f"{stem}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(image_to_bytes(record))
    detector = ExternalDetector(tmp_path)
    for name, folder in (("photo.jpg", None), ("photo.png", None), ("p.jpg", "sub")):
        assert detector.for_image(name, folder).detect([frame()])[0][0].box == (0, 0, 5, len(name))
    one = ExternalDetector(tmp_path / "photo.json").for_image("photo.jpg")
    assert one.fingerprint == detector.for_image("photo.jpg").fingerprint
    with pytest.raises(DetectionsFileError, match=r"no metadata of the image other\.jpg"):
        detector.for_image("other.jpg")


def test_broken_metadata_names_file_frame_and_key(tmp_path: Path) -> None:
    path = write(tmp_path / "clip-0-0.json", [{"id": 0, "detections": [{"bbox": [1]}], "size": [HEIGHT, WIDTH]}])
    with pytest.raises(DetectionsFileError, match=r"clip-0-0\.json: frame 0: detections\[0\]\.bbox: expected"):
        ExternalDetector(path).detect([frame()])


# COCO


def coco_file(path: Path, images: list[Any], annotations: list[Any], names: tuple[str, ...] = ("person",)) -> Path:
    categories = [{"id": number, "name": name} for number, name in enumerate(names, 1)]
    numbered = [{"id": number} | annotation for number, annotation in enumerate(annotations)]
    return write(path, {"images": images, "annotations": numbered, "categories": categories})


def image(number: int, **more: Any) -> dict[str, Any]:
    return {"id": number, "width": WIDTH, "height": HEIGHT, "file_name": f"f_{number:06d}.png"} | more


def test_coco_boxes_are_rounded_outwards(tmp_path: Path) -> None:
    annotations = [
        {"image_id": 0, "category_id": 1, "bbox": [1.5, 2.25, 3.0, 4.0], "score": 0.75, "track_id": 9},
        {"image_id": 0, "category_id": 2, "bbox": [5, 6, 0, 0]},
        {"image_id": 0, "category_id": 1, "bbox": [70, 6, 5, 5]},
    ]
    path = coco_file(tmp_path / "c.json", [image(0), image(1)], annotations, ("Number_Plate", "car"))
    detector = ExternalDetector(path)
    first, second = detector.detect([frame(0), frame(1)])
    assert seen(first) == [(PLATE, (1, 2, 5, 7), 0.75, 9), (VEHICLE, (5, 6, 6, 7), 1.0, None)]
    assert second == []
    content = hashlib.sha256(path.read_bytes()).digest()
    assert detector.fingerprint == hashlib.sha256(content).hexdigest()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools with numpy 2
@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(["polygon", "compressed", "uncompressed"]),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)
def test_coco_segmentations_are_those_of_pycocotools(
    tmp_path_factory: pytest.TempPathFactory, kind: str, seed: int, with_box: bool
) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 40), rng.integers(0, 30)
    expected = np.zeros((HEIGHT, WIDTH), np.uint8, order="F")
    if kind == "polygon":
        angles = np.sort(rng.random(6) * 2 * np.pi)
        points = np.stack([x + 10 + 9 * np.cos(angles), y + 9 + 8 * np.sin(angles)], 1).round(2)
        segmentation: Any = [points.ravel().tolist()]
        expected = coco.decode(coco.merge(coco.frPyObjects(segmentation, HEIGHT, WIDTH)))
    else:
        expected[y : y + 15, x : x + 20] = rng.random((15, 20)) < 0.6
        encoded = coco.encode(expected)
        segmentation = {"size": [HEIGHT, WIDTH], "counts": encoded["counts"].decode()}
        if kind == "uncompressed":
            flat = expected.ravel(order="F")
            changes = np.flatnonzero(np.diff(flat)) + 1
            counts = np.diff([0, *changes, flat.size]).tolist()
            segmentation["counts"] = counts if not flat[0] else [0, *counts]
    annotation: dict[str, Any] = {"image_id": 0, "category_id": 1, "segmentation": segmentation}
    if with_box:
        annotation["bbox"] = [float(x) - 0.5, float(y) - 0.5, 21.5, 19.5]
    path = coco_file(tmp_path_factory.mktemp("coco") / "c.json", [image(0)], [annotation])
    if not expected.any():
        return
    ((found,),) = ExternalDetector(path).detect([frame()])
    # A polygon's outline may meet the centre of a pixel, which then goes either way.
    assert np.count_nonzero(canvas(found) != expected * 255) <= (1 if kind == "polygon" else 0)
    assert found.corner[0] <= found.box[0]
    assert found.corner[1] <= found.box[1]


@pytest.mark.parametrize(
    "images",
    [
        [image(n + 40, frame_id=n) for n in range(3)],
        [image(n + 40, file_name=f"cam2/f_{n}.png") for n in range(3)],
        [image(n + 40, file_name=f"f_{n + 1:06d}.png") for n in range(3)],
        [image(n, file_name="clip.mp4") for n in range(3)],
        [image(n + 1, file_name="clip2.mp4") for n in range(3)],
    ],
    ids=["frame_id", "names from 0", "names from 1", "ids from 0", "ids from 1"],
)
def test_coco_images_are_matched_with_frames(tmp_path: Path, images: list[Any]) -> None:
    annotations = [{"image_id": entry["id"], "category_id": 1, "bbox": [n, 0, 5, 5]} for n, entry in enumerate(images)]
    detector = ExternalDetector(coco_file(tmp_path / "c.json", images[::-1], annotations))
    assert [found.box[0] for (found,) in detector.detect([frame(n) for n in range(3)])] == [0, 1, 2]


def test_coco_frames_that_may_be_off_by_one_are_refused(tmp_path: Path) -> None:
    path = coco_file(tmp_path / "c.json", [image(5), image(9)], [])
    with pytest.raises(DetectionsFileError, match=r'cannot tell which frame .* give every image its "frame_id"'):
        ExternalDetector(path).detect([frame()])


def test_coco_that_numbers_all_frames_has_to_have_them_all(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(DetectorError, match=r"frame 2 \(time .*lists the video's frames and ends with frame 1"):
        ExternalDetector(coco_file(tmp_path / "c.json", [image(0), image(1)], [])).detect([frame(2)])
    sparse = ExternalDetector(coco_file(tmp_path / "d.json", [image(0, frame_id=3)], []))
    with caplog.at_level(logging.WARNING):
        assert sparse.detect([frame(0), frame(3), frame(4), frame(5)]) == [[], [], [], []]
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path / 'd.json'}: gives nothing for frame 4 or any later one"
    ]


def test_two_coco_images_of_one_frame_are_refused(tmp_path: Path) -> None:
    path = coco_file(tmp_path / "c.json", [image(0, frame_id=3), image(1, frame_id=3)], [])
    with pytest.raises(DetectionsFileError, match="image 1 and image 0 are both of frame 3"):
        ExternalDetector(path).detect([frame()])


def test_coco_images_are_found_by_file_name(tmp_path: Path) -> None:
    images = [image(7, file_name="a/photo.jpg"), image(8, file_name="b/photo.jpg"), image(9, file_name="x/y/one.jpg")]
    annotations = [{"image_id": n, "category_id": 1, "bbox": [n, 0, 5, 5]} for n in (7, 8, 9)]
    detector = ExternalDetector(coco_file(tmp_path / "c.json", images, annotations))
    assert detector.for_image("photo.jpg", "b").detect([frame()])[0][0].box[0] == 8
    assert detector.for_image("one.jpg").detect([frame()])[0][0].box[0] == 9
    with pytest.raises(DetectionsFileError, match=r"names several images photo\.jpg"):
        detector.for_image("photo.jpg")
    with pytest.raises(DetectionsFileError, match=r"names no image two\.jpg"):
        detector.for_image("two.jpg")


def test_foreign_categories_are_left_out_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    annotations = [{"image_id": 0, "category_id": n, "bbox": [0, 0, 5, 5]} for n in (1, 2, 2)]
    with caplog.at_level(logging.WARNING):
        detector = ExternalDetector(coco_file(tmp_path / "c.json", [image(0)], annotations, ("Pedestrian", "dog")))
    assert len(detector.detect([frame()])[0]) == 1
    assert "none of our object types are left out: dog (2)" in caplog.text


COCO_ERRORS: list[tuple[list[Any], list[Any], tuple[str, ...], str]] = [
    ([image(0)], [], ("dog", "cat"), "categories: none is a person, .* seen: dog, cat"),
    ([image(0), image(0)], [], ("person",), "image 0: id: expected a number or text that no other image has"),
    ([image(0)], [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1]}], ("person",), "annotation 0: image_id: 1"),
    ([image(0)], [{"image_id": 0, "category_id": 3, "bbox": [0, 0, 1, 1]}], ("person",), "category_id: 3 is the id of"),
    ([image(0)], [{"image_id": 0, "category_id": 1, "bbox": [0, 0, 1]}], ("person",), "bbox: expected .x, y, width"),
    (
        [image(0)],
        [{"image_id": 0, "category_id": 1, "bbox": [0, 0, -1, 1]}],
        ("person",),
        "bbox: expected .x, y, width",
    ),
    ([image(0)], [{"image_id": 0, "category_id": 1}], ("person",), "bbox: expected .* or a segmentation"),
    (
        [image(0)],
        [{"image_id": 0, "category_id": 1, "segmentation": [[1, 2, 3]]}],
        ("person",),
        "annotation 0: segmentation: expected polygons",
    ),
    (
        [image(0)],
        [{"image_id": 0, "category_id": 1, "segmentation": {"size": [5, 5], "counts": [25]}}],
        ("person",),
        r"annotation 0: segmentation\.size: \[5, 5\] is not \[height, width\] of the frame, \[48, 64\]",
    ),
    ([image(0, width=65)], [], ("person",), "image 0: is of a picture of 65x48 pixels, but the frame has 64x48"),
    (
        [{"id": 0}],
        [{"image_id": 0, "category_id": 1, "bbox": [100, 0, 5, 5]}],
        ("person",),
        r"annotation 0: bbox: \[100, 0, 105, 5\] lies outside the frame of 64x48 pixels",
    ),
]


@pytest.mark.parametrize(("images", "annotations", "names", "message"), COCO_ERRORS)
def test_coco_errors_name_file_entry_and_key(
    tmp_path: Path, images: list[Any], annotations: list[Any], names: tuple[str, ...], message: str
) -> None:
    path = coco_file(tmp_path / "c.json", images, annotations, names)
    with pytest.raises(DetectionsFileError, match=rf"c\.json: .*{message}"):
        ExternalDetector(path).detect([frame()])


# JSON lines


def lines(path: Path, *entries: Any) -> Path:
    return write(path, "\n".join(json.dumps(entry) for entry in entries) + "\n\n")


def test_json_lines_of_detections(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "d.jsonl",
        {"frame": 4, "bbox": [1.5, 2, 3, 4], "type": "face", "score": 0.5, "track_id": 1},
        {"frame": 0, "bbox": [1, 2, 3, 4], "type": 104},
        {"frame": 4, "bbox": [5, 6, 7, 8], "type": "Licence Plate"},
        {"frame": 1, "segmentation": [[2, 2, 8, 2, 8, 8]], "type_label": "person"},
    )
    found = ExternalDetector(path).detect([frame(n) for n in range(6)])
    assert [seen(one) for one in found] == [
        [(VEHICLE, (1, 2, 3, 4), 1.0, None)],
        [(PERSON, found[1][0].box, 1.0, None)],
        [],
        [],
        [(FACE, (1, 2, 3, 4), 0.5, 1), (PLATE, (5, 6, 7, 8), 1.0, None)],
        [],
    ]
    assert found[1][0].mask is not None


def test_json_lines_of_frames_have_to_have_them_all(tmp_path: Path) -> None:
    face = {"bbox": [1, 2, 3, 4], "type": "face"}
    path = lines(tmp_path / "d.jsonl", {"id": 0, "detections": [face, face]}, {"frame": 2, "detections": []})
    detector = ExternalDetector(path)
    assert [len(one) for one in detector.detect([frame(0), frame(2)])] == [2, 0]
    with pytest.raises(DetectorError, match=r"frame 1 .*d\.jsonl lists the video's frames and leaves it out"):
        detector.detect([frame(1)])
    with pytest.raises(DetectorError, match="ends with frame 2"):
        detector.detect([frame(3)])


def test_json_lines_of_images(tmp_path: Path) -> None:
    face = {"bbox": [1, 2, 3, 4], "type": "face"}
    path = lines(
        tmp_path / "d.jsonl",
        {"filename": "a.jpg"} | face,
        {"filename": "b.jpg", "detections": []},
        {"id": "c.jpg", "detections": [face]},
    )
    detector = ExternalDetector(path)
    assert [len(detector.for_image(name).detect([frame()])[0]) for name in ("a.jpg", "b.jpg", "c.jpg")] == [1, 0, 1]
    with pytest.raises(DetectionsFileError, match=r"names no image d\.jpg; an image without objects needs an entry"):
        detector.for_image("d.jpg")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"frame": 0, "bbox": [1, 2, 3], "type": "face"}, r"line 2\.bbox: expected \[x1, y1, x2, y2\]"),
        ({"frame": 0, "type": "face"}, r"line 2: bbox: expected .* or a segmentation"),
        ({"frame": 0, "bbox": [1, 2, 3, 4], "type": "dog"}, 'line 2: type: expected person, face, .* found "dog"'),
        ({"frame": 0, "bbox": [1, 2, 3, 4], "type": "face", "score": 2}, r"line 2\.score: expected a number from 0"),
        ({"frame": -1, "bbox": [1, 2, 3, 4], "type": "face"}, "line 2: expected frame, an ordinal from 0, or filename"),
        ({"bbox": [1, 2, 3, 4], "type": "face"}, "line 2: expected frame, an ordinal from 0, or filename"),
        ({"id": 0, "detections": 3}, "line 2: detections: expected an array, found 3"),
        ({"id": 0, "detections": [3]}, r"line 2, detections\[0\]: expected a JSON object, found 3"),
        ([1], "line 2: expected a JSON object"),
        ({"id": 0, "detections": [], "width": 5, "height": 5}, "of a picture of 5x5 pixels, but the frame has 64x48"),
    ],
)
def test_json_lines_errors_name_file_line_and_key(tmp_path: Path, entry: Any, message: str) -> None:
    path = lines(tmp_path / "d.jsonl", {"frame": 1, "bbox": [1, 2, 3, 4], "type": "face"}, entry)
    with pytest.raises(DetectionsFileError, match=rf"d\.jsonl: .*{message}"):
        ExternalDetector(path).detect([frame()])


# in general


def test_settings_leave_out_types_and_low_scores(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "d.jsonl",
        *({"frame": 0, "bbox": [1, 2, 3, 4], "type": kind, "score": s} for kind in ("face", "car") for s in (0.2, 0.8)),
    )
    wanted = DetectorSettings(types=frozenset({FACE}), thresholds={FACE: 0.5})
    assert seen(ExternalDetector(path, settings=wanted).detect([frame()])[0]) == [(FACE, (1, 2, 3, 4), 0.8, None)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is neither metadata of this program .* nor COCO JSON, nor JSON lines"),
        ("frame,x,y\n", "is neither metadata of this program"),
        ("[{", "is not valid JSON"),
        ('{"a": 1', "is not valid JSON"),
        ("{}\n", "line 1: expected frame, an ordinal from 0"),
        ('[{"image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1]}]', "id: expected"),
    ],
)
def test_what_is_no_file_of_detections_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = write(tmp_path / "it.json", content)
    with pytest.raises(DetectionsFileError, match=rf"it\.json: .*{message}"):
        ExternalDetector(path).detect([frame()])


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DetectionsFileError, match=r"none: there is no such file or folder, and no none-FIRST-LAST"):
        ExternalDetector(tmp_path / "none")
    with pytest.raises(DetectionsFileError, match="no file of detections was given"):
        ExternalDetector([])


def test_kinds_are_not_mixed(tmp_path: Path, series: list[Path]) -> None:
    other = lines(tmp_path / "d.jsonl", {"frame": 1, "bbox": [1, 2, 3, 4], "type": "face"})
    with pytest.raises(DetectionsFileError, match=r"d\.jsonl: is a COCO or JSON lines file; give only one"):
        ExternalDetector([other, *series])
