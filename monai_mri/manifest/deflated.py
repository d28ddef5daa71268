"""DICOM files whose tags are packed: whether they may be unpacked."""

from __future__ import annotations

import zlib
from typing import IO

MOST_BYTES = 64 * 2**20
_PIECE_BYTES = 2**16


def inflates_within_bounds(stream: IO[bytes]) -> bool:
    """Whether a DICOM stream may be handed to pydicom, which unpacks a deflated one in memory, however long.

    False where the data are deflated and damaged, or longer than 64 MiB packed or unpacked. True for any
    other stream. The stream is left at its beginning.

    Raises:
        Exception: what pydicom raises where the file's meta information cannot be read.
    """
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    try:
        return _syntax(stream) != DeflatedExplicitVRLittleEndian or _ends_within_bounds(stream)
    finally:
        stream.seek(0)


def _syntax(stream: IO[bytes]) -> str:
    """The transfer syntax of the meta information, as pydicom reads it; the stream is then behind it."""
    from pydicom.filereader import read_preamble

    stream.seek(0)
    read_preamble(stream, force=True)
    start = stream.tell()
    try:
        return _syntax_of(stream, implicit=False)
    except NotImplementedError:  # an unknown kind of value: pydicom takes it for another encoding, too
        stream.seek(start)
        return _syntax_of(stream, implicit=True)


def _syntax_of(stream: IO[bytes], *, implicit: bool) -> str:
    from pydicom.filereader import read_dataset

    meta = read_dataset(
        stream,
        is_implicit_VR=implicit,
        is_little_endian=True,
        stop_when=lambda tag, kind, length: tag >> 16 != 2,
    )
    for tag in list(meta.keys())[:1]:
        meta[tag]
    return str(meta.get("TransferSyntaxUID", ""))


def _ends_within_bounds(stream: IO[bytes]) -> bool:
    """Whether what is left of a stream is deflated data that end, with nothing behind them to speak of."""
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    packed = unpacked = 0
    try:
        while piece := engine.unconsumed_tail or stream.read(_PIECE_BYTES):
            packed += 0 if engine.unconsumed_tail else len(piece)
            unpacked += len(engine.decompress(piece, _PIECE_BYTES))
            if engine.eof:
                return len(engine.unused_data) + len(stream.read(_PIECE_BYTES)) < _PIECE_BYTES
            if max(packed, unpacked) > MOST_BYTES:
                return False
    except zlib.error:
        return False
    return False
