#!/usr/bin/env python3
"""Does a mask show the tiles it was made of? Segments a slide as it is and moved against the grid of tiles, and prints how many labels stay.

    benchmarks/grid_shift.py build/release/bin/wsi-lpd SLIDE --model MODEL --mpp 0.25 [--shift 112 56] [-- SEGMENT OPTIONS, e.g. --overlap 0.5]

Shifts are in pixels of level 0, to the right and down. Compared are the pixels that both masks take for tissue; and of those that either does,
how many are equal.
"""
import pathlib
import subprocess
import sys
import tempfile

import numpy
import openslide
import tifffile

import commands


def pixels_of(slide):
    with openslide.OpenSlide(slide) as opened:
        width, height = opened.dimensions
        image = numpy.empty((height, width, 3), numpy.uint8)
        for top in range(0, height, 1024):
            rows = min(1024, height - top)
            image[top:top + rows] = numpy.asarray(opened.read_region((0, top), 0, (width, rows)))[:, :, :3]
    return image


def write_moved(image, shift, path):
    moved = numpy.pad(image, ((shift, 0), (shift, 0), (0, 0)), constant_values=255)
    with tifffile.TiffWriter(path, bigtiff=True) as writer:
        for level, step in enumerate((1, 4, 16)):
            writer.write(moved[::step, ::step], tile=(256, 256), photometric="rgb", compression="zlib", subfiletype=int(level > 0))


def main():
    parser = commands.parser_of(__doc__)
    parser.add_argument("slide", type=pathlib.Path)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--mpp", type=float, required=True)
    parser.add_argument("--shift", type=int, nargs="+", default=[112, 56])
    arguments = commands.parse(parser)

    image = pixels_of(arguments.slide)
    with tempfile.TemporaryDirectory() as folder:

        def mask_of(shift):
            slide, results = pathlib.Path(folder) / f"moved-{shift}.tif", pathlib.Path(folder) / "results"
            write_moved(image, shift, slide)
            command = [arguments.program, "segment", slide, "-o", results, "--model", arguments.model, "--mpp", arguments.mpp,
                       "--quiet", "--no-geojson", *arguments.options]
            subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
            slide.unlink()
            mask = tifffile.imread(results / slide.name)
            if mask.shape != (image.shape[0] + shift, image.shape[1] + shift):
                sys.exit(f"the mask has {mask.shape} pixels: --mpp must be the model's um/px, or places can't be compared pixel by pixel")
            return mask[shift:, shift:]

        unmoved = mask_of(0)
        for shift in arguments.shift:
            moved = mask_of(shift)
            both, either, equal = (unmoved > 0) & (moved > 0), (unmoved > 0) | (moved > 0), unmoved == moved
            print(f"moved by {shift} px: {100 * equal[both].mean():.2f} % of the labels in both stay, {100 * equal[either].mean():.2f} % of those in "
                  f"either", flush=True)


if __name__ == "__main__":
    main()
