"""Names of classes and slide as other programs see them in the results of a batch with odd ones. Usage: open_names.py STEM"""

import csv
import json
import pathlib
import sys

import h5py
import ome_types

stem = sys.argv[1]
names = ["<b>", "a/b", "\N{CJK UNIFIED IDEOGRAPH-80BF}", "x,y"]
slide = pathlib.Path(stem).name + ".tif"

with h5py.File(stem + ".h5") as file:
    assert list(file.attrs["classes"]) == names and file.attrs["slide"].endswith(slide)
ome = ome_types.from_tiff(stem + ".ome.tif", validate=True)
labels = ome.images[0]
meanings = {pair.k: pair.value for pair in labels.annotation_refs[1].ref.value.ms}
assert [meanings[str(value)] for value in range(1, 5)] == names
assert json.loads(labels.annotation_refs[0].ref.value)["slide"] == slide
probabilities = ome_types.from_tiff(stem + ".probabilities.ome.tif", validate=True)
assert [channel.name for channel in probabilities.images[0].pixels.channels] == names
regions = json.load(open(stem + ".geojson"))["features"]
assert {region["properties"]["classification"]["name"] for region in regions} <= set(names)
with open(pathlib.Path(stem).parent.parent / "summary.csv", newline="") as lines:
    rows = list(csv.DictReader(lines))
assert len(rows) == 3 and all(f"{name}_mm2" in rows[0] for name in names)
assert any(row["slide"].endswith(slide) for row in rows)
