"""Small DICOM trees with known answers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, EnhancedMRImageStorage, ExplicitVRLittleEndian, MRImageStorage

ROWS, COLUMNS = 12, 10
SPACING_MM = (1.5, 1.25, 3.0)  # between rows, columns, slices
FLAIR = {"SeriesDescription": "t2_flair", "RepetitionTime": 9000, "EchoTime": 120, "InversionTime": 2500}

NUMBERS = count(1)


def new_uid() -> UID:
    """An identifier without chance digits, which a test that replaces a value's bytes could hit."""
    return UID(f"1.2.826.0.1.3680043.8.498.{next(NUMBERS)}")


def dataset(**tags) -> Dataset:
    """A data set with what every file has."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID, data.SOPInstanceUID = MRImageStorage, new_uid()
    data.PatientID, data.PatientName, data.PatientBirthDate = "HOSP-4711", "Doe^Jane", "19700101"
    data.StudyInstanceUID, data.StudyDate, data.StudyTime = new_uid(), "20200102", "101010"
    data.Modality, data.AcquisitionTime, data.InstitutionName = "MR", "101112", "Saint Elsewhere"
    for name, value in tags.items():
        setattr(data, name, value)
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    return data


def save(data: Dataset, path: Path) -> Path:
    """Write a data set as a DICOM file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data.save_as(path, enforce_file_format=True)
    return path


def slice_tags(index: int, *, orientation=(1, 0, 0, 0, 1, 0), origin=(-5.0, -7.0, 11.0)) -> dict:
    """Geometry and type of one slice; the marker is the voxel at row 4, column 7 of slice 2."""
    across = np.array(orientation[:3], dtype=float)
    down = np.array(orientation[3:], dtype=float)
    place = np.array(origin) + index * SPACING_MM[2] * np.cross(across, down)
    pixels = np.full((ROWS, COLUMNS), index, dtype=np.uint16)
    if index == 2:
        pixels[4, 7] = 1000
    return {
        "Manufacturer": "SIEMENS",
        "MagneticFieldStrength": 3,
        "SeriesNumber": 3,
        "InstanceNumber": index + 1,
        "ImageType": ["ORIGINAL", "PRIMARY", "M"],
        "ScanningSequence": "SE",
        "SequenceVariant": "SK",
        "MRAcquisitionType": "2D",
        "PatientPosition": "HFS",
        "Rows": ROWS,
        "Columns": COLUMNS,
        "PixelSpacing": list(SPACING_MM[:2]),
        "SliceThickness": SPACING_MM[2],
        "SpacingBetweenSlices": SPACING_MM[2],
        "ImageOrientationPatient": [float(x) for x in orientation],
        "ImagePositionPatient": [float(x) for x in place],
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
        "PixelData": pixels.tobytes(),
    }


def marker_ras_mm(*, orientation=(1, 0, 0, 0, 1, 0), origin=(-5.0, -7.0, 11.0)) -> np.ndarray:
    """Where the marker lies, from the definition in DICOM PS3.3 C.7.6.2.1.1, turned from LPS to RAS."""
    across, down = np.array(orientation[:3], dtype=float), np.array(orientation[3:], dtype=float)
    normal = np.cross(across, down)
    lps = (
        np.array(origin) + 7 * SPACING_MM[1] * across + 4 * SPACING_MM[0] * down + 2 * SPACING_MM[2] * normal
    )
    return lps * [-1, -1, 1]


def series(folder: Path, *, slices=range(5), stem="I", orientation=(1, 0, 0, 0, 1, 0), **tags) -> list[Path]:
    """Write one series, by default an axial FLAIR of five slices; tags override those of every file."""
    common = {
        "StudyInstanceUID": new_uid(),
        "SeriesInstanceUID": new_uid(),
        "FrameOfReferenceUID": new_uid(),
    }
    return [
        save(
            dataset(**{**common, **slice_tags(index, orientation=orientation), **FLAIR, **tags}),
            folder / f"{stem}{index:03d}",
        )
        for index in slices
    ]


def multiframe(path: Path, *, slices: int = 5) -> Path:
    """Write the slices of `series` as one enhanced MR file."""
    tags = slice_tags(0)
    pixels = b"".join(slice_tags(index)["PixelData"] for index in range(slices))
    shared, frames = Dataset(), []
    measures, plane, timing, echo, inversion = (Dataset() for _ in range(5))
    measures.PixelSpacing, measures.SliceThickness = tags["PixelSpacing"], tags["SliceThickness"]
    measures.SpacingBetweenSlices = tags["SpacingBetweenSlices"]
    plane.ImageOrientationPatient = tags["ImageOrientationPatient"]
    timing.RepetitionTime, echo.EffectiveEchoTime, inversion.InversionTimes = 9000.0, 120.0, [2500.0]
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [plane]
    shared.MRTimingAndRelatedParametersSequence = [timing]
    shared.MREchoSequence, shared.MRModifierSequence = [echo], [inversion]
    for index in range(slices):
        content, place, frame = Dataset(), Dataset(), Dataset()
        content.StackID, content.InStackPositionNumber, content.DimensionIndexValues = (
            "1",
            index + 1,
            [1, index + 1],
        )
        place.ImagePositionPatient = slice_tags(index)["ImagePositionPatient"]
        frame.FrameContentSequence, frame.PlanePositionSequence = [content], [place]
        frames.append(frame)
    for name in ("ImageOrientationPatient", "ImagePositionPatient", "PixelSpacing", "SpacingBetweenSlices"):
        del tags[name]
    whole = {
        "SOPClassUID": EnhancedMRImageStorage,
        "SeriesInstanceUID": new_uid(),
        "FrameOfReferenceUID": new_uid(),
        "NumberOfFrames": slices,
        "SharedFunctionalGroupsSequence": [shared],
        "PerFrameFunctionalGroupsSequence": frames,
        "PixelData": pixels,
    }
    return save(dataset(**{**tags, **whole}), path)


@pytest.fixture
def write_series() -> Callable[..., list[Path]]:
    """Write one DICOM series into a folder."""
    return series
