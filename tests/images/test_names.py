from __future__ import annotations

from monai_mri.images.names import image_suffix


def test_the_suffix_of_a_compressed_volume_is_one():
    assert [image_suffix(name) for name in ("a.nii.gz", "b.NII", "c.JPG", "d.gz", "nii")] == [
        ".nii.gz",
        ".nii",
        ".jpg",
        "",
        "",
    ]
