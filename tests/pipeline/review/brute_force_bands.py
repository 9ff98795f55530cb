"""Works out bands, distances and the grid of one slide again from its mask and its regions alone, by the definitions in docs/measure.md, and
holds them against the table. Distances are scipy's where it is installed, else the least of all.
Usage: brute_force_bands.py STEM TABLE ANNOTATIONS OPTION=VALUE...; ANNOTATIONS may be empty, OPTION is bands, annotation-bands, distance or
grid. Annotations are simple polygons here."""

import csv
import json
import sys

import numpy as np
import tifffile

try:
    from scipy.ndimage import distance_transform_edt
except ImportError:  # of older installations

    def distance_transform_edt(sides):
        """Distance of each pixel that is not 0 to the nearest that is 0: in its column, then over all columns."""
        rows, columns = (np.arange(n, dtype=float) for n in sides.shape)
        apart = np.abs(rows[:, None] - rows)
        down = np.array([np.where(sides[:, x], np.inf, apart).min(1) for x in range(len(columns))]).T
        return np.sqrt([((columns[:, None] - columns) ** 2 + row**2).min(1) for row in down])


def signed_um(inside, mpp):
    """Distance from the border in µm, negative inside; infinite where there is none."""
    if inside.all() or not inside.any():
        return np.where(inside, -np.inf, np.inf)
    return mpp * np.where(inside, 0.5 - distance_transform_edt(inside), distance_transform_edt(~inside) - 0.5)


def polygon_mask(ring, shape, scale):
    """Pixels whose centre is in a ring, by the even-odd rule."""
    y, x = ((np.arange(n) + 0.5) * scale for n in shape)
    inside = np.zeros(shape, bool)
    for (x0, y0), (x1, y1) in zip(ring, ring[1:]):
        if y0 == y1:
            continue
        crosses = (y >= min(y0, y1)) & (y < max(y0, y1))
        at = x0 + (y - y0) / (y1 - y0) * (x1 - x0)
        inside ^= crosses[:, None] & (x[None, :] >= at[:, None])
    return inside


stem, table, annotations = sys.argv[1:4]
options = [argument.split("=", 1) for argument in sys.argv[4:]]
statistics = json.load(open(stem + ".json"))
mask, mpp = tifffile.imread(stem + ".tif", key=0), statistics["mpp"]
scale = statistics["frame"]["level0_pixels_per_output_pixel"]
values = {entry["name"]: entry["value"] for entry in statistics["classes"]}
mm2 = (mpp / 1000) ** 2

found = {}
for row in csv.DictReader(open(table, encoding="utf-8")):
    if row["slide"] == statistics["slide"]:
        found[row["region"], row["class"], row["measure"]] = float(row["value"])

regions, drawn, ignored = {}, {}, np.zeros(mask.shape, bool)
if annotations:
    collection = json.load(open(annotations))
    for number, feature in enumerate(collection["features"] if isinstance(collection, dict) else collection, 1):
        inside = polygon_mask(feature["geometry"]["coordinates"][0], mask.shape, scale)
        name = (feature["properties"].get("classification") or {}).get("name", "")
        if name.startswith("Ignore"):
            ignored |= inside
        else:
            drawn[number] = (inside, name)
else:
    drawn[0] = (np.ones(mask.shape, bool), "")
regions = {number: inside & ~ignored for number, (inside, _) in drawn.items()}
labels = np.where(ignored, 0, mask)
compared = set()


def near(key, expected, rtol=1e-9):
    key = (str(key[0]), *key[1:])
    compared.add(key)
    if expected is None:
        assert key not in found, (key, found[key])
    else:
        assert key in found, (key, expected)
        assert np.isclose(found[key], expected, rtol=rtol, atol=1e-12), (key, found[key], expected)


def check_area(region, area):
    """What every area has; returns pixels by class."""
    pixels = {name: int(np.count_nonzero(labels[area] == value)) for name, value in values.items()}
    total, classified = int(np.count_nonzero(area)), sum(pixels.values())
    unreadable = int(np.count_nonzero(labels[area] == 254))
    near((region, "", "area"), total * mm2)
    near((region, "", "tissue"), (classified + unreadable) * mm2)
    near((region, "", "unreadable"), unreadable * mm2)
    if "LYM" in pixels and "STR" in pixels:
        infiltrated = pixels["LYM"] + pixels["STR"]
        near((region, "", "til_fraction"), pixels["LYM"] / infiltrated if infiltrated else None)
    for name, count in pixels.items():
        near((region, name, "area"), count * mm2)
        near((region, name, "fraction_of_region"), count / total if total else None)
        near((region, name, "share_of_classes"), count / classified if classified else None)
    return pixels


def check_bands(region, kind, distance, where, bounds):
    numbers = [float(bound) for bound in bounds.split(",")]
    for low, high in zip(numbers, numbers[1:]):
        outside = (distance >= low * (1 - 1e-9 * np.sign(low))) & (distance < high - 1e-9 * abs(high)) & (distance > 0)
        inside = (distance <= high + 1e-9 * abs(high)) & (distance > low + 1e-9 * abs(low)) & (distance < 0)
        check_area(f"{region} {kind} {low:g}..{high:g}", (inside | outside) & where)


for option, value in options:
    if option == "bands":
        of, bounds = value.split(":")
        distance = signed_um(labels == values[of], mpp)
        for number, where in regions.items():
            check_bands(number, "band " + of, distance, where, bounds)
    elif option == "annotation-bands":
        of, _, bounds = value.rpartition(":")
        for number, (inside, name) in drawn.items():
            if of in ("", name):
                check_bands(number, "margin", signed_um(inside, mpp), ~ignored, bounds)
    elif option == "distance":
        first, second, *rest = value.split(":")
        maximum = float(rest[0]) if rest else 1000.0
        distance = signed_um(labels == values[second], mpp)
        for number, where in regions.items():
            key = (number, f"{first}:{second}")
            of = distance[where & (labels == values[first])]
            within = np.sort(of[of < maximum - 1e-9 * maximum])
            near((*key, "distance_maximum"), maximum)
            near((*key, "distance_beyond"), 1 - len(within) / len(of) if len(of) else None)
            near((*key, "distance_mean"), within.mean() if len(within) else None)
            tenths = np.floor(10 * within / mpp + 0.5) / 10 * mpp
            for share, name in ((0.05, "q05"), (0.25, "q25"), (0.5, "median"), (0.75, "q75"), (0.95, "q95")):
                rank = int(np.ceil(share * len(of) - 1e-9)) - 1
                near((*key, "distance_" + name), tenths[rank] if 0 <= rank < len(within) else None)
    elif option == "grid":
        area, of = value.split("mm2:")
        side = int(np.sqrt(float(area)) * 1000 / mpp + 0.5)
        for number, where in regions.items():
            best = None
            for row in range(-(-mask.shape[0] // side)):
                for column in range(-(-mask.shape[1] // side)):
                    square = np.zeros(mask.shape, bool)
                    square[row * side : (row + 1) * side, column * side : (column + 1) * side] = True
                    square &= where
                    region = f"{number} square {column + 1} {row + 1}"
                    classified = np.count_nonzero((labels[square] > 0) & (labels[square] != 254))
                    if not classified:
                        assert (region, "", "area") not in found, region
                        continue
                    pixels = check_area(region, square)
                    share = pixels[of] / classified
                    if 2 * classified >= side * side and (best is None or share > best[2]):
                        best = (column + 1, row + 1, share, column * side * scale, row * side * scale, side * scale)
            for name, expected in zip(("column", "row", "share_of_classes", "x", "y", "side"), best or (None,) * 6):
                near((number, of, "hot_spot_" + name), expected)

for key in found:
    assert key in compared or " " not in key[0] or key[2] == "tumour_stroma_ratio", key
assert compared
print(f"{len(compared)} figures of {len(regions)} regions, {mask.shape[1]} x {mask.shape[0]} px: as in the table")
