"""Opens the probability pyramid and the OME-TIFF that `segment --tissue none --ome --probabilities` wrote, and holds them against the
HDF5 file, the statistics and each other. Usage: open_probabilities.py STEM"""

import json
import sys

import h5py
import numpy as np
import ome_types
import tifffile

stem = sys.argv[1]
statistics = json.load(open(stem + ".json"))
classes, frame = statistics["classes"], statistics["frame"]
with h5py.File(stem + ".h5") as file:
    maps, mask = file["probabilities"][:], file["mask"][:]
    cell = int(file["mask"].attrs["output_pixels_per_cell"])


def halved(plane):
    plane = np.pad(plane, [(0, plane.shape[0] % 2), (0, plane.shape[1] % 2)], mode="edge").astype(int)
    return (plane[0::2, 0::2] + plane[0::2, 1::2] + plane[1::2, 0::2] + plane[1::2, 1::2] + 2) // 4


path = stem + ".probabilities.ome.tif"
with tifffile.TiffFile(path) as tiff:
    series = tiff.series[0]
    assert series.kind == "ome" and series.levels[0].shape[-2:] == maps.shape[-2:], series
    expected = maps
    for level in series.levels:
        assert np.array_equal(level.asarray().reshape(expected.shape), expected), level
        expected = np.stack([halved(plane) for plane in expected])
    assert max(series.levels[-1].shape[-2:]) <= 256
    assert abs(10000 / tiff.pages[0].resolution[0] - statistics["mpp"] * cell) < 1e-3

ome = ome_types.from_tiff(path, validate=True)
pixels = ome.images[0].pixels
assert [channel.name for channel in pixels.channels] == [entry["name"] for entry in classes]
assert [channel.color.as_rgb_tuple()[:3] for channel in pixels.channels] == [
    tuple(int(entry["colour"][i : i + 2], 16) for i in (1, 3, 5)) for entry in classes
]
assert np.isclose(pixels.physical_size_x, statistics["mpp"] * cell) and pixels.physical_size_x_unit.value == "\N{MICRO SIGN}m"
placement = json.loads(ome.images[0].annotation_refs[0].ref.value)
assert placement["level0_bounds"] == frame["level0_bounds"]
assert np.isclose(placement["level0_pixels_per_pixel"], frame["level0_pixels_per_output_pixel"] * cell)

# The labels are the largest value, enlarged once between the cells' centres, where it passes the background's. What rounding to 1/255
# leaves open is left out.
labels = tifffile.imread(stem + ".ome.tif", level=0)
height, width = labels.shape


def axis(length, cells):
    at = np.clip((np.arange(length) + 0.5) / cell - 0.5, 0, cells - 1)
    first = np.minimum(at.astype(int), cells - 1)
    return first, np.minimum(first + 1, cells - 1), at - first


top, bottom, down = axis(height, maps.shape[1])
left, right, along = axis(width, maps.shape[2])
values = maps / 255
rows = values[:, top] * (1 - down)[:, None] + values[:, bottom] * down[:, None]
full = rows[:, :, left] * (1 - along) + rows[:, :, right] * along
order = np.sort(np.concatenate([full, np.full((1, height, width), 0.164920957)]), axis=0)
clear = order[-1] - order[-2] > 2 / 255
expected = np.where(full.max(0) > 0.164920957, full.argmax(0) + 1, 0)
assert clear.mean() > 0.5 and len(np.unique(expected)) > 1, clear.mean()
assert (labels[clear] == expected[clear]).all(), (labels[clear] != expected[clear]).mean()

# The classes' names are where other programs show them.
labels_ome = ome_types.from_tiff(stem + ".ome.tif", validate=True)
meanings = {pair.k: pair.value for pair in labels_ome.images[0].annotation_refs[1].ref.value.ms}
assert meanings == {"0": "not tissue", "254": "unreadable", **{str(entry["value"]): entry["name"] for entry in classes}}
