"""The four object types: their names, metadata codes and bits in the instance mask. Imports nothing heavy."""

from __future__ import annotations

from enum import StrEnum


class ObjectType(StrEnum):
    """What a detection shows. The value is the ``type_label`` of the metadata format."""

    PERSON = "person"
    FACE = "face"
    LICENSE_PLATE = "license-plate"
    VEHICLE = "vehicle"

    @property
    def code(self) -> int:
        """The ``type`` number of the metadata format."""
        return _CODES[self]

    @property
    def bit(self) -> int:
        """The blue value of the type in an instance mask (coding ``or``): one bit, so that overlaps combine."""
        return _BITS[self]

    @property
    def legacy_blue(self) -> int:
        """The blue value of the type in an instance mask of the older coding (``legacy``)."""
        return _LEGACY_BLUES[self]


_CODES = {ObjectType.LICENSE_PLATE: 101, ObjectType.PERSON: 102, ObjectType.FACE: 103, ObjectType.VEHICLE: 104}
_BITS = {ObjectType.PERSON: 128, ObjectType.LICENSE_PLATE: 64, ObjectType.FACE: 32, ObjectType.VEHICLE: 16}
_LEGACY_BLUES = {
    ObjectType.PERSON: 128,
    ObjectType.LICENSE_PLATE: 64,
    ObjectType.FACE: 192,
    ObjectType.VEHICLE: 255,
}

ALL_TYPES = frozenset(ObjectType)


class MaskCoding(StrEnum):
    """How blue values stand for types: one bit each, combined by OR (``or``), or the older single values."""

    OR = "or"
    LEGACY = "legacy"
