import pytest

from streamproc.detect.class_names import object_type_named
from streamproc.masks.objects import ObjectType


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *((object_type.value, object_type) for object_type in ObjectType),
        ("Pedestrian", ObjectType.PERSON),
        ("human-head", ObjectType.FACE),
        ("Licence_Plate", ObjectType.LICENSE_PLATE),
        (" number  plate ", ObjectType.LICENSE_PLATE),
        *((name, ObjectType.VEHICLE) for name in ("car", "bus", "truck", "motorcycle", "bicycle", "train")),
        ("dog", None),
        ("traffic light", None),
        ("carpet", None),
        ("", None),
    ],
)
def test_names_of_classes(name: str, expected: ObjectType | None) -> None:
    assert object_type_named(name) is expected
