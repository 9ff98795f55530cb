"""Opens the files of readers_test.cpp with other people's readers and checks what they see. Usage: read_results.py FOLDER"""

import csv
import json
import pathlib
import sys

import h5py
import numpy as np
import openslide
from PIL import Image

folder = pathlib.Path(sys.argv[1])
palette = {0: (255, 255, 255), 1: (255, 0, 0), 2: (0, 255, 0), 3: (0, 0, 255), 4: (153, 0, 255), 254: (64, 64, 64)}
statistics = json.loads((folder / "slide.json").read_text())
width, height = statistics["frame"]["size"]
labels = np.fromfile(folder / "labels.raw", np.uint8).reshape(height, width)


def colours(values):
    table = np.zeros((256, 3), np.uint8)
    for value, colour in palette.items():
        table[value] = colour
    return table[values]


with openslide.OpenSlide(folder / "rgb.tif") as slide:
    assert slide.level_dimensions == ((1300, 700), (650, 350), (325, 175)), slide.level_dimensions
    for index, factor in enumerate((1, 2, 4)):
        region = np.asarray(slide.read_region((0, 0), index, slide.level_dimensions[index])).astype(int)
        y, x = np.mgrid[0 : region.shape[0], 0 : region.shape[1]] * factor
        assert abs(region[..., 0] - x // 6).max() < 8 and abs(region[..., 1] - y // 3).max() < 8, index

png = Image.open(folder / "labels.png")
assert png.mode == "P" and np.array_equal(np.asarray(png), labels)
assert np.array_equal(np.asarray(png.convert("RGB")), colours(labels))
assert Image.open(folder / "slide.overlay.jpg").size == (1300, 700)

with h5py.File(folder / "slide.h5") as file:
    coords = file["coords"]
    assert coords.shape == (300, 2) and coords.dtype == np.int64 and tuple(coords[3]) == (100 + 444 * 3, 200)
    attributes = dict(coords.attrs)
    scale = statistics["frame"]["level0_pixels_per_output_pixel"]
    side = round(224 * scale)
    assert attributes["patch_size_level0"] == side and attributes["overlap"] == round(112 * scale) and attributes["name"] == "slide"
    # what CLAM's bag of patches asks for: a square of patch_size pixels of patch_level at each of coords
    assert (attributes["patch_level"], attributes["patch_size"]) == (0, side)
    # what TRIDENT's patcher asks for: patch_size at target_magnification, brought to level 0 by the ratio of magnifications
    ratio = attributes["level0_magnification"] / attributes["target_magnification"]
    assert attributes["level0_magnification"] == 40 and round(attributes["patch_size"] * ratio) == side
    # what both projects' training asks for: as many features as coordinates
    assert file["features"][:].shape[0] == file["coords"][:].shape[0]
    assert np.allclose(attributes["downsample"], statistics["frame"]["level0_pixels_per_output_pixel"])
    assert file["features"].shape == (300, 5) and file["features"].dtype == np.float32 and file["features"][299].tolist() == [1, 2, 3, 4, 5]
    assert file["tiles/scores"].shape == (300, 4) and file["tiles/prototypes"].shape == (300, 4, 2) and file["tiles/status"].shape == (300,)
    assert file["tiles/focus"].shape == (300,) and file["tiles/focus"].dtype == np.float32 and file["tiles/focus"][299] == 0.5
    assert file["tiles/distance"].shape == (300,) and file["tiles/distance"][299] == 0.75 and file["tiles/stain_distance"][299] == 1.5
    assert file["tiles/prototypes"][7].tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]
    assert file["mask"].shape == (189, 252) and (file["mask"][:] == (np.arange(189) % 5)[:, None]).all()
    assert file["probabilities"].shape == (4, 189, 252) and (file["probabilities"][:] == 51).all()
    assert file["mask"].attrs["output_pixels_per_cell"] == 8 and file["mask"].attrs["mpp"] == 4.0
    assert list(file.attrs["classes"]) == ["TUM", "STR", "LYM", "NEC"] and file.attrs["background"] == "BACK"
    assert list(file.attrs["level0_bounds"]) == [100, 200, 4001, 3001] and file.attrs["mpp"] == 0.5
    assert file.attrs["model_sha256"] == "abc123" and file.attrs["mpp_source"] == ""
with h5py.File(folder / "empty.h5") as file:
    assert file["coords"].shape == (0, 2) and file["features"][:].shape == (0, 5)

with open(folder / "summary.csv", newline="") as lines:
    rows = list(csv.DictReader(lines))
assert [row["status"] for row in rows] == ["complete", "failed"]
assert rows[0]["slide"] == statistics["slide"] and float(rows[0]["TUM_fraction"]) == 0.4
assert rows[1]["reason"] == 'a reason, "quoted"\nin two lines'
assert np.isclose(statistics["classes"][0]["mm2"], 0.2) and np.isclose(statistics["til_fraction"], 0.2)
