"""Loads tiles as the projects do whose layout `/coords` and `/features` follow: CLAM's bag of patches and TRIDENT's patcher and slide
encoders. Both must find the tile's own part of the slide. Usage: load_tiles.py RESULT.h5 SLIDE"""

import sys

import h5py
import numpy as np
import openslide

result, path = sys.argv[1:]
slide = openslide.OpenSlide(path)


class PatchBag:
    """CLAM: opened once, a patch is patch_size pixels of patch_level at its coordinate."""

    def __init__(self, name):
        self.file = h5py.File(name, "r")
        coords = self.file["coords"]
        self.level, self.size, self.length = coords.attrs["patch_level"], coords.attrs["patch_size"], len(coords)

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        coord = self.file["coords"][index]
        return np.asarray(slide.read_region(coord, self.level, (self.size, self.size)).convert("RGB")), coord


def trident_patches(name):
    """TRIDENT: patch_size at target_magnification, read from level 0 at the ratio of the magnifications."""
    with h5py.File(name, "r") as file:
        attributes, coords = dict(file["coords"].attrs), file["coords"][:]
    size, source, target = (attributes.get(key) for key in ("patch_size", "level0_magnification", "target_magnification"))
    assert None not in (size, source, target), attributes
    side = round(size * source / target)
    assert side == attributes["patch_size_level0"], "which slide encoders place patches with"
    for x, y in coords:
        yield np.asarray(slide.read_region((int(x), int(y)), 0, (side, side)).convert("RGB"))


bag = PatchBag(result)
assert len(bag) > 4
for index, theirs in enumerate(trident_patches(result)):
    patch, (x, y) = bag[index]
    assert np.array_equal(patch, theirs), index
    assert 0 <= x < slide.dimensions[0] and 0 <= y < slide.dimensions[1]

# what training on bags of features takes, whole and by index
with h5py.File(result, "r") as file:
    features, coords = file["features"][:], file["coords"][:]
    assert len(features) == len(coords) == len(bag) and features.dtype == np.float32 and coords.dtype == np.int64
    some = np.array([0, len(bag) // 2, len(bag) - 1])
    assert np.array_equal(file["features"][some], features[some]) and np.isfinite(features).all()
    # tiles lie on a grid, whose step is the patch less the overlap
    step = file["coords"].attrs["patch_size_level0"] - file["coords"].attrs["overlap"]
    for axis in (0, 1):
        steps = np.diff(np.unique(coords[:, axis]))
        assert len(steps) and (abs(steps - step) <= 1).all(), steps
    assert file["features"].maxshape[0] is None and file["coords"].maxshape[0] is None  # others may append
