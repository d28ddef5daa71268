"""Read what a DICOM file says of its image, without the pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from monai_mri.manifest.deflated import inflates_within_bounds

Position = tuple[float, ...]

# fmt: off
TAGS = (
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "StudyDate", "SeriesNumber",
    "InstanceNumber", "PatientID", "PatientName", "PatientBirthDate", "AccessionNumber", "InstitutionName",
    "Modality", "Manufacturer", "ManufacturerModelName", "MagneticFieldStrength", "SeriesDescription",
    "ProtocolName", "SequenceName", "ScanningSequence", "ImageType", "ComplexImageComponent",
    "RepetitionTime", "EchoTime", "InversionTime", "DiffusionBValue", "ContrastBolusAgent", "Rows",
    "Columns", "NumberOfFrames", "SamplesPerPixel", "BitsAllocated", "PixelSpacing", "SliceThickness",
    "SpacingBetweenSlices", "ImagePositionPatient", "ImageOrientationPatient",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
)
# fmt: on
GROUPED = {
    "PixelSpacing": "PixelMeasuresSequence",
    "SliceThickness": "PixelMeasuresSequence",
    "SpacingBetweenSlices": "PixelMeasuresSequence",
    "ImageOrientationPatient": "PlaneOrientationSequence",
    "RepetitionTime": "MRTimingAndRelatedParametersSequence",
    "EffectiveEchoTime": "MREchoSequence",
    "InversionTimes": "MRModifierSequence",
    "DiffusionBValue": "MRDiffusionSequence",
}
"""Where an enhanced multi-frame file keeps a value that a classic one has at the top."""


@dataclass(frozen=True)
class Instance:
    """One DICOM image: whose, of which series, and what its tags say; None or empty where they do not.

    `patient` tells patients apart (their id, else name and birth date) and `secrets` are texts that must
    not leave with the image: neither may be shown. `positions` has one entry a frame, in mm (LPS); times
    are in ms. `text` is description, protocol and sequence name in lower case. `broken` says in words what
    is wrong with the pixels.
    """

    path: Path
    patient: str
    patient_id: str
    secrets: tuple[str, ...]
    study: str
    date: str
    series: str
    uid: str
    number: int | None
    text: str
    image_type: tuple[str, ...]
    scanning: tuple[str, ...]
    tr_ms: float | None
    te_ms: float | None
    ti_ms: float | None
    diffusion: bool
    contrast: bool
    manufacturer: str
    model: str
    institution: str
    field_t: float | None
    voxel_mm: tuple[float, float, float] | None
    orientation: Position | None
    positions: tuple[Position, ...]
    broken: str = ""


def read_instance(path: Path, *, modality: str = "MR") -> Instance | str:
    """What the tags of one file say, or in words why it is not an image to be taken.

    Only tags are read. A file whose pixels are shorter than its tags promise is found by its size, unless
    they are compressed.
    """
    import pydicom

    try:
        if path.stat().st_size == 0:
            return "an empty file"
        with path.open("rb") as file:
            bare = not _has_magic(file)
            if bare and not _looks_bare(file):
                return "not a DICOM file"
            if not inflates_within_bounds(file):
                return "deflated, and damaged or longer than 64 MiB"
            data = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=[*TAGS], force=bare)
            pixels_at = file.tell()
        return _refusal(path, data, modality) or _instance(path, data, _cut_short(path, data, pixels_at))
    except Exception as error:  # pydicom raises many kinds, and one file must not end the run
        return f"not readable as DICOM ({type(error).__name__})"  # its text may quote a tag


def _has_magic(file: Any) -> bool:
    file.seek(128)
    found: bool = file.read(4) == b"DICM"
    file.seek(0)
    return found


def _looks_bare(file: Any) -> bool:
    """Whether a file without the DICM mark begins as a data set of old does: group 2 or 8."""
    start = file.read(4)
    file.seek(0)
    return len(start) == 4 and start[0] in (2, 8) and start[1] == 0 and start[3] == 0


def _refusal(path: Path, data: Any, modality: str) -> str:
    from pydicom.uid import UID

    kind = UID(str(data.get("SOPClassUID") or data.file_meta.get("MediaStorageSOPClassUID") or ""))
    if path.name.upper() == "DICOMDIR" or kind.name == "Media Storage Directory Storage":
        return "a DICOMDIR: an index, the images are taken from their own files"
    if "Secondary Capture" in kind.name:
        return "a secondary capture: a picture of a screen, not a scan"
    if not data.get("Rows") or not data.get("Columns"):
        if not kind.name.endswith("Storage") or "Image Storage" in kind.name:
            return "no rows and columns: cut short, or an image without pixels"
        return f"not an image ({kind.name})"
    if modality and _text(data, "Modality").upper() != modality.upper():
        return f"modality {_text(data, 'Modality') or 'not given'}, expected {modality} (option modality)"
    missing = [name for name in ("SOPInstanceUID", "SeriesInstanceUID") if not data.get(name)]
    return f"no {missing[0]}" if missing else ""


def _cut_short(path: Path, data: Any, pixels_at: int) -> str:
    """Why the pixels cannot all be there; unknown, so empty, where they are compressed."""
    syntax = data.file_meta.get("TransferSyntaxUID")
    if syntax is not None and (syntax.is_compressed or syntax.is_deflated):
        return ""
    samples = int(data.get("SamplesPerPixel") or 1) * int(data.get("NumberOfFrames") or 1)
    wanted = int(data.Rows) * int(data.Columns) * samples * int(data.get("BitsAllocated") or 16) // 8
    header = 8 if syntax is None or syntax.is_implicit_VR else 12
    found = path.stat().st_size - pixels_at - header
    if found >= wanted:
        return ""
    return f"cut short: {max(0, found)} bytes of pixels, expected {wanted}; copy the file again"


def _instance(path: Path, data: Any, broken: str) -> Instance:
    name, birth = _text(data, "PatientName"), _text(data, "PatientBirthDate")
    patient = _text(data, "PatientID") or (f"{name}/{birth}" if name else "")
    secrets = {_text(data, "PatientID"), _text(data, "AccessionNumber"), birth, *name.split("^"), name}
    described = ("SeriesDescription", "ProtocolName", "SequenceName")
    inversion = _number(data, "InversionTime")
    return Instance(
        path=path,
        patient=patient,
        patient_id=_text(data, "PatientID"),
        secrets=tuple(sorted(secret for secret in secrets if len(secret) > 2)),
        study=_text(data, "StudyInstanceUID"),
        date=_text(data, "StudyDate"),
        series=_text(data, "SeriesInstanceUID"),
        uid=_text(data, "SOPInstanceUID"),
        number=None if (number := _number(data, "SeriesNumber")) is None else int(number),
        text=" ".join(_text(data, name) for name in described).lower(),
        image_type=tuple(part.upper() for part in _texts(data, "ImageType"))
        + tuple(part.upper() for part in _texts(data, "ComplexImageComponent")),
        scanning=tuple(part.upper() for part in _texts(data, "ScanningSequence")),
        tr_ms=_number(data, "RepetitionTime"),
        te_ms=_first(_number(data, "EchoTime"), _number(data, "EffectiveEchoTime")),
        ti_ms=_first(inversion, _number(data, "InversionTimes")),
        diffusion=bool(_number(data, "DiffusionBValue")),
        contrast=bool(_text(data, "ContrastBolusAgent")),
        manufacturer=_text(data, "Manufacturer"),
        model=_text(data, "ManufacturerModelName"),
        institution=_text(data, "InstitutionName"),
        field_t=_number(data, "MagneticFieldStrength"),
        voxel_mm=_voxel_mm(data),
        orientation=_numbers(_value(data, "ImageOrientationPatient"), 6),
        positions=tuple(_positions(data)),
        broken=broken,
    )


def _voxel_mm(data: Any) -> tuple[float, float, float] | None:
    in_plane = _numbers(_value(data, "PixelSpacing"), 2)
    through = _first(_number(data, "SpacingBetweenSlices"), _number(data, "SliceThickness"))
    if in_plane is None or through is None:
        return None
    rows_mm, columns_mm = in_plane
    return columns_mm, rows_mm, abs(through)


def _positions(data: Any) -> Iterator[Position]:
    frames = data.get("PerFrameFunctionalGroupsSequence") or ()
    for frame in frames:
        for plane in frame.get("PlanePositionSequence") or ():
            if position := _numbers(plane.get("ImagePositionPatient"), 3):
                yield position
    if not frames and (position := _numbers(data.get("ImagePositionPatient"), 3)):
        yield position


def _value(data: Any, name: str) -> Any:
    """A value at the top of a file, or in the groups of an enhanced one: shared, then the first frame's."""
    if data.get(name) is not None:
        return data.get(name)
    for holder in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for groups in list(data.get(holder) or ())[:1]:
            for item in groups.get(GROUPED.get(name, "")) or ():
                if item.get(name) is not None:
                    return item.get(name)
    return None


def _text(data: Any, name: str) -> str:
    value = data.get(name)
    return "" if value is None else str(value).strip()


def _texts(data: Any, name: str) -> tuple[str, ...]:
    value = data.get(name)
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(str(part) for part in value)


def _number(data: Any, name: str) -> float | None:
    value = _value(data, name)
    values = value if hasattr(value, "__iter__") and not isinstance(value, str) else [value]
    try:
        found = next((float(item) for item in values), None)
    except (TypeError, ValueError, OverflowError):
        return None
    return None if found is None or not isfinite(found) else found


def _numbers(value: Any, count: int) -> tuple[float, ...] | None:
    try:
        numbers = tuple(float(item) for item in value)
    except (TypeError, ValueError, OverflowError):
        return None
    return numbers if len(numbers) == count and all(map(isfinite, numbers)) else None


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)
