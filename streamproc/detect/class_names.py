"""What the names of classes in other people's data sets and models mean in our four object types."""

from __future__ import annotations

import re

from streamproc.masks.objects import ObjectType

_NAMES = {
    ObjectType.PERSON: "person, persons, people, human, pedestrian, pedestrians, rider, cyclist, bicyclist, "
    "motorcyclist, motorist, body, human body, person body, man, woman, child, boy, girl",
    # A head is covered as a face: seen from the front it holds one.
    ObjectType.FACE: "face, faces, human face, person face, head, heads, human head, person head",
    ObjectType.LICENSE_PLATE: "license plate, licence plate, number plate, plate, plates, licenseplate, licenceplate, "
    "numberplate, car plate, car license plate, vehicle plate, vehicle registration plate, registration plate, lp, "
    "license plates, licence plates, number plates",
    ObjectType.VEHICLE: "vehicle, vehicles, car, cars, automobile, bus, buses, minibus, coach, truck, trucks, lorry, "
    "van, pickup, pickup truck, suv, taxi, ambulance, fire truck, motorcycle, motorbike, motor, moped, scooter, "
    "bicycle, bike, tricycle, rickshaw, train, tram, trailer, caravan, tractor, other vehicle, land vehicle, "
    "motor vehicle",
}
_TYPES = {name: object_type for object_type, names in _NAMES.items() for name in names.split(", ")}


def object_type_named(name: str) -> ObjectType | None:
    """The type that a class name stands for, in whatever case and with ``-`` or ``_`` for spaces; None if it is none.

    >>> object_type_named("Licence_Plate")
    <ObjectType.LICENSE_PLATE: 'license-plate'>
    """
    return _TYPES.get(re.sub(r"[\s_\-./]+", " ", name).strip().lower())
