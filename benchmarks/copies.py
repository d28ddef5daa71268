"""How fast copies are found among many images, and which changed copies of real images are found.

    python benchmarks/copies.py [--count 10000] [--volumes 2000] [--data DIR]

Without --data only the times are measured, on prints of smoothed noise. With the folder of open data
sets also: how many changed copies of brisc2025's pictures and of volumes are found, and how alike the
images of different subjects are.
"""

from __future__ import annotations

import argparse
import io
import time
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from monai_mri.images import read_image
from monai_mri.manifest.copies import find_copies, fingerprint
from monai_mri.manifest.copies.search import NEAR

PICTURES = 60


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000, help="pictures in the race")
    parser.add_argument("--volumes", type=int, default=2_000, help="volumes in the race")
    parser.add_argument("--data", type=Path, help="folder of the open data sets")
    options = parser.parse_args()
    if options.data:
        robustness(options.data)
    race(options.count, (96, 96))
    race(options.volumes, (24, 28, 24))


def race(count, shape):
    rng = np.random.default_rng(0)
    started = time.perf_counter()
    images = (ndimage.gaussian_filter(rng.random(shape, dtype=np.float32), 2) for _ in range(count))
    prints = [fingerprint(image) for image in images]
    made = time.perf_counter()
    found = find_copies(prints, [str(number) for number in range(count)])
    print(
        f"{count} images of {shape}: fingerprints {made - started:.1f} s, "
        f"search {time.perf_counter() - made:.1f} s, {len(found)} pairs"
    )


def robustness(data):
    paths = sorted((data / "brisc2025/classification_task").rglob("*.jpg"))
    rng = np.random.default_rng(2)
    chosen = [read_image(paths[index]).array for index in rng.choice(len(paths), PICTURES, replace=False)]
    table("brisc2025 pictures", chosen, PICTURE_CHANGES, NEAR[2])
    volumes = sorted((data / "open_ms_wm_mni").glob("*.nii"))
    volumes += sorted((data / "open_ms_data/cross_sectional/MNI/patient07").glob("[FT]*.nii.gz"))
    table("volumes", [read_image(path).array[::2, ::2, ::2] for path in volumes], VOLUME_CHANGES, NEAR[3])


def table(name, images, changes, least):
    print(f"{name}, {len(images)}, found at similarity {least}")
    rng, count = np.random.default_rng(3), len(images)
    prints = [fingerprint(image) for image in images]
    groups = ["original"] * count + [f"copy {number}" for number in range(count)]
    for change, function in changes.items():
        copies = [
            fingerprint(np.ascontiguousarray(function(image, rng), dtype=np.float32)) for image in images
        ]
        found = find_copies(prints + copies, groups, most=1000)
        right = [copy for copy in found if copy.second == copy.first + count]
        exact = sum(copy.kind != "near" for copy in right)
        wrong = sum(copy.second != copy.first + count and copy.first < count for copy in found)
        print(f"| {change} | {len(right) / count:.0%} | {exact / count:.0%} | {wrong} |")


def scaled(image):
    return (image - image.min()) / np.ptp(image)


def noisy(image, rng, snr):
    return image + rng.normal(0, image[image > image.mean()].mean() / snr, image.shape)


def moved(image, *, degrees=0.0, axes=(0, 1), zoom=1.0, shift=0.0):
    turn = np.eye(image.ndim)
    cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    turn[np.ix_(axes, axes)] = [[cosine, -sine], [sine, cosine]]
    middle = (np.array(image.shape) - 1) / 2
    offset = middle - turn / zoom @ (middle + shift * np.array(image.shape))
    return ndimage.affine_transform(image, turn / zoom, offset, order=1)


def jpeg(image, quality):
    stream = io.BytesIO()
    Image.fromarray((scaled(image) * 255).astype(np.uint8)).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream), dtype=np.float32)


def cropped(image, rng, share):
    cut = [int(share * length) for length in image.shape]
    start = [rng.integers(0, length + 1) for length in cut]
    return image[
        tuple(
            slice(low, low + length - less) for low, length, less in zip(start, image.shape, cut, strict=True)
        )
    ]


def resized(image, size):
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))


def elastic(image, rng, share):
    fields = [ndimage.gaussian_filter(rng.normal(size=image.shape), 0.06 * len(image)) for _ in image.shape]
    shifts = [share * len(image) * field / field.std() for field in fields]
    return ndimage.map_coordinates(image, np.indices(image.shape) + shifts, order=1)


def signed(rng, size):
    return size * rng.choice([-1, 1])


COMMON = {
    "flipped": lambda image, rng: image[::-1],
    "turned by 90 degrees": lambda image, rng: np.rot90(image),
    "grey values × 0.37 + 5": lambda image, rng: image * np.float32(0.37) + 5,
    "inverted": lambda image, rng: image.max() - image,
    "gamma 0.7": lambda image, rng: scaled(image) ** 0.7,
    "gamma 1.5": lambda image, rng: scaled(image) ** 1.5,
    "noise, SNR 20": lambda image, rng: noisy(image, rng, 20),
    "noise, SNR 5": lambda image, rng: noisy(image, rng, 5),
    "cropped 5 %": lambda image, rng: cropped(image, rng, 0.05),
    "cropped 10 %": lambda image, rng: cropped(image, rng, 0.1),
    "shifted 5 %": lambda image, rng: moved(image, shift=signed(rng, 0.05)),
    "shifted 10 %": lambda image, rng: moved(image, shift=signed(rng, 0.1)),
    "rotated 2°": lambda image, rng: moved(image, degrees=signed(rng, 2)),
    "rotated 5°": lambda image, rng: moved(image, degrees=signed(rng, 5)),
    "rotated 10°": lambda image, rng: moved(image, degrees=signed(rng, 10)),
    "rotated 15°": lambda image, rng: moved(image, degrees=signed(rng, 15)),
    "zoomed 1.1": lambda image, rng: moved(image, zoom=1.1),
}
PICTURE_CHANGES = COMMON | {
    "blurred, 0.5 % of the side": lambda image, rng: ndimage.gaussian_filter(image, len(image) / 200),
    "blurred, 1 % of the side": lambda image, rng: ndimage.gaussian_filter(image, len(image) / 100),
    "JPEG quality 90": lambda image, rng: jpeg(image, 90),
    "JPEG quality 50": lambda image, rng: jpeg(image, 50),
    "resized to 128 × 128": lambda image, rng: resized(image, (128, 128)),
    "resized to 224 × 300": lambda image, rng: resized(image, (224, 300)),
    "elastic, 0.5 % of the side": lambda image, rng: elastic(image, rng, 0.005),
    "elastic, 1 % of the side": lambda image, rng: elastic(image, rng, 0.01),
    "flipped, rotated 8°, zoomed, noise, JPEG 75": lambda image, rng: jpeg(
        noisy(moved(image[:, ::-1], degrees=signed(rng, 8), zoom=1.05), rng, 20), 75
    ),
}
VOLUME_CHANGES = COMMON | {
    "tilted 5°": lambda image, rng: moved(image, degrees=signed(rng, 5), axes=(1, 2)),
    "blurred, 1 voxel": lambda image, rng: ndimage.gaussian_filter(image, 1),
    "resized by a half": lambda image, rng: ndimage.zoom(image, 0.5, order=1),
}

if __name__ == "__main__":
    main()
