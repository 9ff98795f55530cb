"""Opens slide.geojson with shapely and holds it against a level of slide.tif. Usage: read_geojson.py STEM LEVEL MIN_PIXELS"""

import json
import sys

import numpy as np
import shapely
import shapely.geometry
import tifffile

stem, level, min_pixels = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
statistics = json.load(open(stem + ".json"))
frame = statistics["frame"]
raster = tifffile.imread(stem + ".tif", key=level)
side = frame["level0_pixels_per_output_pixel"] * 2**level  # level-0 pixels
features = json.load(open(stem + ".geojson", encoding="utf-8"))["features"]
classes = {entry["name"]: entry for entry in statistics["classes"]}
found = {name: 0.0 for name in classes}
for feature in features:
    assert feature["type"] == "Feature" and feature["properties"]["objectType"] == "annotation"
    polygon = shapely.geometry.shape(feature["geometry"])
    assert polygon.geom_type == "Polygon" and polygon.is_valid, shapely.is_valid_reason(polygon)
    classification, measurements = feature["properties"]["classification"], feature["properties"]["measurements"]
    colour = classes[classification["name"]]["colour"]
    assert classification["color"] == [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    assert polygon.area > 0.98 * min_pixels * side**2 - side**2 * 2
    micrometres = frame["level0_mpp"]
    assert np.isclose(measurements["Area µm^2"], polygon.area * micrometres**2, rtol=1e-2, atol=0.1)
    assert np.isclose(measurements["Perimeter µm"], polygon.length * micrometres, rtol=1e-2, atol=0.1)
    found[classification["name"]] += polygon.area / side**2
for name, area in found.items():
    pixels = int((raster == classes[name]["value"]).sum())
    print(f"{name}: {area:.1f} pixels in polygons, {pixels} in the raster")
    if min_pixels <= 1:
        assert abs(area - pixels) <= 0.01 * pixels + raster.shape[0] + raster.shape[1], name  # an edge pixel may be cut by the frame
# no two regions overlap
tree = shapely.STRtree([shapely.geometry.shape(feature["geometry"]) for feature in features])
for a, b in zip(*tree.query(tree.geometries, predicate="overlaps")):
    assert shapely.intersection(tree.geometries[a], tree.geometries[b]).area < 1e-2 * side**2, (a, b)
print(len(features), "regions")
