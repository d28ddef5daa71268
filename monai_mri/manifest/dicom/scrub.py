"""Take out of a converted image what could say whose it is."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping, Sequence
from typing import Any

TEXT_FIELDS = {"data_type": (4, 10), "db_name": (14, 18), "descrip": (148, 80), "aux_file": (228, 24)}
"""Byte offset and length of the text fields of a NIfTI-1 header; `intent_name` follows below."""
INTENT_NAME = (328, 16)
HEADER_BYTES = 352

_IDENTIFYING = re.compile(
    r"Patient(?!Position)|Institution|Station|Physician|Operator|Serial(?!s)|UID|Date|Time$|Accession|"
    r"Comment|Address|StudyID|StudyDescription|Procedure|Name$|Referring|Requested|Admitting"
)
# fmt: off
_HARMLESS = {
    "EchoTime", "RepetitionTime", "InversionTime", "DwellTime", "TotalReadoutTime",
    "EstimatedTotalReadoutTime", "TriggerDelayTime", "ProtocolName", "SequenceName", "ReceiveCoilName",
    "ManufacturersModelName",
}
# fmt: on


def nameless_header(raw: bytes) -> bytes:
    """An uncompressed NIfTI-1 file with its text fields emptied and its extensions cut out.

    dcm2niix writes the time of the scan into `descrip`. Voxels, affine and scaling stay bit for bit.

    Raises:
        ValueError: not a NIfTI-1 file in one piece.
    """
    if raw[344:348] != b"n+1\0" or len(raw) < HEADER_BYTES:
        raise ValueError("not a NIfTI-1 file in one piece")
    order = "<" if struct.unpack_from("<i", raw)[0] == 348 else ">"
    (start,) = struct.unpack_from(f"{order}f", raw, 108)
    head = bytearray(raw[:HEADER_BYTES])
    for offset, length in (*TEXT_FIELDS.values(), INTENT_NAME):
        head[offset : offset + length] = bytes(length)
    head[348:352] = bytes(4)
    struct.pack_into(f"{order}f", head, 108, float(HEADER_BYTES))
    return bytes(head) + raw[int(start) :]


def nameless_sidecar(entries: Mapping[str, Any], secrets: Sequence[str] = ()) -> dict[str, Any]:
    """A BIDS sidecar without persons, places, dates, serial numbers and UIDs.

    Also left out is each entry whose text holds one of `secrets`, in any case: a technician may have
    typed the name into the protocol.

    >>> nameless_sidecar({"EchoTime": 0.12, "AcquisitionTime": "10:11", "ProtocolName": "Doe"}, ["DOE"])
    {'EchoTime': 0.12}
    """
    return {
        name: value
        for name, value in entries.items()
        if name in _HARMLESS or not _IDENTIFYING.search(name)
        if not any(secret.lower() in text for secret in secrets for text in _texts(value))
    }


def _texts(value: Any) -> list[str]:
    """The texts of an entry in lower case; numbers are none, for an id of digits is in many of them."""
    return [item.lower() for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]
