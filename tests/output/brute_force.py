"""Works out the statistics of one slide again from its mask alone, by the definitions in docs/outputs.md and the most obvious way, and holds
them against slide.json and summary.csv. Usage: brute_force.py STEM [SUMMARY]"""

import csv
import itertools
import json
import sys

import numpy as np
import tifffile


def region_sizes(mask, value):
    """8-connected regions by flooding: sizes."""
    left = np.pad(mask == value, 1)
    sizes = []
    for start in zip(*np.nonzero(left)):
        if not left[start]:
            continue
        left[start] = False
        todo, size = [start], 0
        while todo:
            y, x = todo.pop()
            size += 1
            for near in itertools.product((y - 1, y, y + 1), (x - 1, x, x + 1)):
                if left[near]:
                    left[near] = False
                    todo.append(near)
        sizes.append(size)
    return sizes


def border(mask, a, b):
    """Length in pixels by Cauchy-Crofton in four directions."""

    def pairs(one, other):
        return int(np.sum((one == a) & (other == b)) + np.sum((one == b) & (other == a)))

    straight = pairs(mask[:, 1:], mask[:, :-1]) + pairs(mask[1:], mask[:-1])
    diagonal = pairs(mask[1:, 1:], mask[:-1, :-1]) + pairs(mask[1:, :-1], mask[:-1, 1:])
    return np.pi / 8 * (straight + diagonal / np.sqrt(2))


def square_counts(mask, side, values):
    counts = []
    for top in range(0, mask.shape[0], side):
        for left in range(0, mask.shape[1], side):
            square = mask[top : top + side, left : left + side]
            counts.append([np.count_nonzero(square == value) for value in values])
    counts = np.array(counts)
    return counts[counts.sum(1) > 0]


def bits(seed, counter):
    """splitmix64 of a counter, as include/wsi_lpd/core/counter_random.hpp."""
    with np.errstate(over="ignore"):
        x = np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) + counter + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


def intervals(counts):
    n = len(counts)
    draws = bits(0, np.arange(1000 * n, dtype=np.uint64)).reshape(1000, n)
    chosen = ((draws >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32)
    sums = counts[chosen.astype(np.int64)].sum(1)
    return np.percentile(sums / sums.sum(1, keepdims=True), [2.5, 97.5], axis=0).T


stem = sys.argv[1]
statistics = json.load(open(stem + ".json"))
mask = tifffile.imread(stem + ".tif", key=0)
classes = statistics["classes"]
values = [entry["value"] for entry in classes]
tissue, mpp = statistics["tissue"]["pixels"], statistics["mpp"]
pixels = [int(np.count_nonzero(mask == value)) for value in values]


def near(found, expected):
    assert np.allclose(found, expected, rtol=1e-9, atol=1e-12), (found, expected)


for entry, count in zip(classes, pixels):
    sizes = region_sizes(mask, entry["value"])
    assert (entry["pixels"], entry["regions"], entry["largest_region_pixels"]) == (count, len(sizes), max(sizes, default=0)), entry
    if tissue:
        near(entry["fraction_of_tissue"], count / tissue)
    if sum(pixels):
        near(entry["share_of_classes"], count / sum(pixels))
    if mpp:
        near([entry["mm2"], entry["largest_region_mm2"]], np.array([count, max(sizes, default=0)]) * (mpp / 1000) ** 2)

named = {entry["name"]: entry["value"] for entry in classes}
assert len(statistics["interfaces"]) == len(values) * (len(values) - 1) // 2
for entry in statistics["interfaces"]:
    length = border(mask, *(named[name] for name in entry["classes"]))
    near(entry["pixels"], length)
    if mpp:
        near(entry["mm"], length * mpp / 1000)

counts = square_counts(mask, statistics["squares"]["side_pixels"], values)
assert statistics["squares"]["count"] == len(counts)
if len(counts):
    shares = counts / counts.sum(1, keepdims=True)
    entropy = -np.sum(shares * np.log2(np.where(shares > 0, shares, 1)), axis=1).mean()
    near(statistics["squares"]["mean_entropy_bits"], entropy)
if len(counts) > 1:
    near([entry["share_of_classes_ci95"] for entry in classes], intervals(counts))

if len(sys.argv) > 2:
    row = next(row for row in csv.DictReader(open(sys.argv[2], encoding="utf-8")) if row["slide"] == statistics["slide"])
    for entry in classes:
        for column, key in (("share_of_classes", "share_of_classes"), ("mm2", "mm2")):
            text = row[entry["name"] + "_" + column]
            assert (text == "") if entry[key] is None else np.isclose(float(text), entry[key], rtol=1e-7), (column, text)
        interval = entry["share_of_classes_ci95"] or ("", "")
        for end, value in zip(("low", "high"), interval):
            text = row[f"{entry['name']}_share_of_classes_{end}"]
            assert text == value or np.isclose(float(text), value, rtol=1e-7), (end, text)
    for entry in statistics["interfaces"]:
        text = row["_".join(entry["classes"]) + "_interface_mm"]
        assert (text == "") if entry["mm"] is None else np.isclose(float(text), entry["mm"], rtol=1e-7), text

print(f"{len(values)} classes, {mask.shape[1]} x {mask.shape[0]} px, {len(counts)} squares: as in slide.json")
