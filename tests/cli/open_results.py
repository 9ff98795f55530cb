"""Opens what `segment` wrote for one slide with other people's readers, and holds it against the statistics. Usage: open_results.py STEM"""

import json
import sys

import h5py
import numpy as np
import openslide
import tifffile

stem = sys.argv[1]
statistics = json.load(open(stem + ".json"))
width, height = statistics["frame"]["size"]
counts = {entry["value"]: entry["pixels"] for entry in statistics["classes"]}
counts[254] = statistics["unreadable"]["pixels"]

with tifffile.TiffFile(stem + ".tif") as tiff:
    assert tiff.pages[0].shape == (height, width)
    found = np.bincount(tiff.pages[0].asarray().ravel(), minlength=256)
    assert all(found[value] == pixels for value, pixels in counts.items()), (found, counts)
    assert found.sum() - found[0] == sum(counts.values())
    assert max(tiff.pages[-1].shape) <= 512
    values = json.loads(tiff.pages[0].description)["values"]
    assert [values[str(entry["value"])] for entry in statistics["classes"]] == [entry["name"] for entry in statistics["classes"]]

with openslide.OpenSlide(stem + ".tif") as slide:
    assert slide.dimensions == (width, height)
    if statistics["mpp"]:
        assert abs(10000 / float(slide.properties["tiff.XResolution"]) - statistics["mpp"]) < 1e-3
    slide.get_thumbnail((300, 300))

with h5py.File(stem + ".h5") as file:
    tiles = statistics["tiles"]
    assert len(file["coords"]) == len(file["features"]) == tiles["planned"]
    assert (file["tiles/status"][:] == 0).sum() == tiles["read"]
    assert np.isfinite(file["features"][:]).all()
    mask = file["mask"][:]
    assert mask.shape == (-(-height // 8), -(-width // 8)) and set(np.unique(mask)) <= {0, 254, *counts}
