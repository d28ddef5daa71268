"""Text in pictures."""

from __future__ import annotations

import pytest
from PIL import Image, PngImagePlugin, TiffImagePlugin

from monai_mri.manifest.identity import identity_faults

OME = """<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Experimenter
 FirstName="John" LastName="Smith"/><Image><AcquisitionDate>1996-09-09</AcquisitionDate></Image></OME>"""
XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description>
<dc:creator><rdf:Seq><rdf:li>John Smith</rdf:li></rdf:Seq></dc:creator>
<xmp:CreateDate>1996-09-09T10:11:12</xmp:CreateDate></rdf:Description></rdf:RDF></x:xmpmeta>"""


def codes(path):
    faults = identity_faults(path, where="here")
    assert all("Smith" not in str(fault) and "1996-09" not in str(fault) for fault in faults)
    return [fault.code for fault in faults]


@pytest.fixture
def picture():
    return Image.new("L", (8, 8))


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif"])
def test_a_bare_picture_is_clean(tmp_path, picture, name):
    picture.save(tmp_path / name)
    assert codes(tmp_path / name) == []


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif"])
@pytest.mark.parametrize(
    ("tag", "value", "code"),
    [
        (315, "John Smith", "E801"),
        (270, "MRI of lady Smith", "W802"),
        (270, "brain t1", None),
        (306, "1996:09:09 10:11:12", "W804"),
        (316, "smith-laptop", "W806"),
        (33432, "Smith", "W802"),
        (305, "Adobe Photoshop", None),
        (305, "/home/jSmith/tool", "W804"),
    ],
)
def test_exif_and_tiff_tags_are_judged(tmp_path, picture, name, tag, value, code):
    exif = Image.Exif()
    exif[tag] = value
    picture.save(tmp_path / name, exif=exif)
    assert codes(tmp_path / name) == ([code] if code else [])


def test_a_gps_position_is_an_error(tmp_path, picture):
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    picture.save(tmp_path / "a.jpg", exif=exif)
    assert codes(tmp_path / "a.jpg") == ["E801"]


def test_a_user_comment_and_the_time_of_the_shot_are_judged(tmp_path, picture):
    exif = Image.Exif()
    exif.get_ifd(0x8769).update({37510: b"ASCII\0\0\0lady Smith", 36867: "1996:09:09 10:11:12"})
    picture.save(tmp_path / "a.jpg", exif=exif)
    assert codes(tmp_path / "a.jpg") == ["W802", "W804"]


def test_xmp_is_read(tmp_path, picture):
    picture.save(tmp_path / "a.jpg", xmp=XMP)
    assert codes(tmp_path / "a.jpg") == ["E801", "W804"]


def test_a_jpeg_comment_is_read(tmp_path, picture):
    picture.save(tmp_path / "a.jpg", comment=b"Smith, John")
    assert codes(tmp_path / "a.jpg") == ["W804"]


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("Author", "John Smith", ["E801"]),
        ("Comment", "lady Smith", ["W802"]),
        ("Software", "ImageJ", []),
        ("Creation Time", "1996-09-09", ["W804"]),
        ("dcm", '{"PatientName": "Smith^John"}', ["E801"]),
    ],
)
def test_text_of_a_png_is_judged(tmp_path, picture, zipped, key, value, found):
    for add in ("add_text", "add_itxt"):
        info = PngImagePlugin.PngInfo()
        getattr(info, add)(key, value, zip=zipped)
        picture.save(tmp_path / "a.png", pnginfo=info)
        assert codes(tmp_path / "a.png") == found


def test_text_after_the_pixels_of_a_png_is_read(tmp_path, picture):
    path = tmp_path / "a.png"
    picture.save(path)
    raw = path.read_bytes()
    content = b"Author\0John Smith"
    chunk = len(content).to_bytes(4, "big") + b"tEXt" + content + b"\0\0\0\0"
    path.write_bytes(raw[:-12] + chunk + raw[-12:])
    assert codes(path) == ["E801"]


def test_ome_xml_is_read(tmp_path, picture):
    picture.save(tmp_path / "a.ome.tif", tiffinfo={270: OME})
    assert codes(tmp_path / "a.ome.tif") == ["E801", "W804"]


def test_later_pages_of_a_tiff_are_read(tmp_path, picture):
    second = Image.new("L", (8, 8))
    second.encoderinfo = {"tiffinfo": {315: "John Smith"}}
    with TiffImagePlugin.AppendingTiffWriter(tmp_path / "a.tif") as writer:
        picture.save(writer, format="TIFF")
        writer.newFrame()
        info = TiffImagePlugin.ImageFileDirectory_v2()
        info[315] = "John Smith"
        second.save(writer, format="TIFF", tiffinfo=info)
    assert codes(tmp_path / "a.tif") == ["E801"]


def test_a_damaged_picture_gives_nothing(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff\xe1" + b"\xff" * 50)
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\xff" * 50)
    assert codes(tmp_path / "a.jpg") == codes(tmp_path / "a.png") == []


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("add", ["add_text", "add_itxt"])
def test_text_of_a_png_that_is_too_long_is_told(tmp_path, picture, zipped, add):
    info = PngImagePlugin.PngInfo()
    info.add_text("Software", "brain")
    picture.save(tmp_path / "a.png", pnginfo=info)
    assert codes(tmp_path / "a.png") == []
    raw = (tmp_path / "a.png").read_bytes()
    info = PngImagePlugin.PngInfo()
    getattr(info, add)("Comment", "brain " * 2**20, zip=zipped)
    kind, content = info.chunks[0][:2]
    chunk = len(content).to_bytes(4, "big") + kind + content + b"\0\0\0\0"
    (tmp_path / "a.png").write_bytes(raw[:-12] + chunk + raw[-12:])
    (fault,) = identity_faults(tmp_path / "a.png", where="here")
    assert fault.code == "W802"
    assert "too large to judge" in fault.found


def test_pages_of_a_tiff_after_the_eighth_are_told(tmp_path, picture):
    picture.save(tmp_path / "a.tif", save_all=True, append_images=[picture] * 7)
    assert codes(tmp_path / "a.tif") == []
    picture.save(tmp_path / "a.tif", save_all=True, append_images=[picture] * 9)
    (fault,) = identity_faults(tmp_path / "a.tif", where="here")
    assert (fault.code, fault.found[:29]) == ("W802", "2 pages after the first 8, to")


def test_a_picture_of_too_many_pixels_is_told(tmp_path, picture, monkeypatch):
    picture.save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 16)
    assert codes(tmp_path / "a.png") == ["W802"]
