"""Stain normalisation with numpy alone, to compare with.

Macenko et al. 2009, "A method for normalizing histology slides for quantitative analysis": optical density; pixels whose mean density is
over beta = 0.15; plane of the two largest singular vectors; 1st and 99th percentile of the angle in it; amounts by least squares; their 99th
percentiles. Density outside the plane is kept. Reinhard et al. 2001, "Color transfer between images": mean and deviation in l-alpha-beta, of
the same pixels.
Usage: stain_reference.py FOLDER, with from.raw and to.raw (RGB bytes).
"""
import sys
import numpy as np

LMS = np.array([[0.3811, 0.5783, 0.0402], [0.1967, 0.7244, 0.0782], [0.0241, 0.1288, 0.8444]])
LAB = np.diag([3**-0.5, 6**-0.5, 2**-0.5]) @ np.array([[1, 1, 1], [1, 1, -2], [1, -1, 0]])


def density(rgb):
    return -np.log((rgb + 1.0) / 256)


def macenko(rgb):
    tissue = density(rgb)
    plane = np.linalg.svd(tissue, full_matrices=False)[2][:2]
    plane *= np.sign((tissue @ plane.T).mean(axis=0))[:, None]
    across, along = tissue @ plane[1], tissue @ plane[0]
    ends = [np.cos(a) * plane[0] + np.sin(a) * plane[1] for a in np.percentile(np.arctan2(across, along), [1, 99])]
    stains = np.array(sorted(ends, key=lambda v: -v[0]))
    amounts = np.linalg.lstsq(stains.T, tissue.T, rcond=None)[0]
    return stains, np.percentile(amounts, 99, axis=1)


def lab(rgb):
    return np.log10((rgb + 1.0) / 256 @ LMS.T) @ LAB.T


def reinhard(rgb):
    return lab(rgb).mean(axis=0), lab(rgb).std(axis=0)


def to_bytes(rgb):
    return np.clip(np.round(256 * rgb - 1), 0, 255).astype(np.uint8)


def main(folder):
    pictures = [np.fromfile(f"{folder}/{name}.raw", np.uint8).reshape(-1, 3) for name in ("from", "to")]
    tissue = [p[(density(p).mean(axis=1) > 0.15) & (p.max(axis=1) > 30)] for p in pictures]
    with open(f"{folder}/numbers.txt", "w") as numbers:
        for t in tissue:
            for values in (*macenko(t), *reinhard(t)):
                print(*[repr(float(v)) for v in np.ravel(values)], file=numbers)

    (stains, amounts), (wanted_stains, wanted_amounts) = macenko(tissue[0]), macenko(tissue[1])
    normal, wanted_normal = (np.cross(*s) / np.linalg.norm(np.cross(*s)) for s in (stains, wanted_stains))
    found = np.linalg.solve(np.vstack([stains, normal]).T, density(pictures[0]).T)
    scaled = found * np.append(wanted_amounts / amounts, 1)[:, None]
    to_bytes(np.exp(-(np.vstack([wanted_stains, wanted_normal]).T @ scaled).T)).tofile(f"{folder}/macenko.raw")

    (mean, deviation), (wanted_mean, wanted_deviation) = reinhard(tissue[0]), reinhard(tissue[1])
    moved = (lab(pictures[0]) - mean) * wanted_deviation / deviation + wanted_mean
    # glass stays: nothing below half the density of tissue changes, everything from that density on
    share = np.clip(density(pictures[0]).mean(axis=1, keepdims=True) / 0.075 - 1, 0, 1)
    moved = 10 ** (moved @ np.linalg.inv(LAB).T) @ np.linalg.inv(LMS).T
    to_bytes(share * np.clip(moved, 0, 1) + (1 - share) * (pictures[0] + 1.0) / 256).tofile(f"{folder}/reinhard.raw")


main(sys.argv[1])
