#!/usr/bin/env python3
"""Does memory or time grow with a slide's glass? Segments slides of several sizes that hold the same tissue, and prints, for each, the peak memory of
the process and its processor seconds per tile.

    benchmarks/gigapixels.py build/release/bin/wsi-lpd PICTURE --model MODEL --mpp 0.25 [--gigapixels 0.07 1 10] [--blocks 2] [-- SEGMENT OPTIONS]

PICTURE is any slide: 4096 x 4096 pixels of its middle are the tissue, laid as so many blocks down the diagonal of white slides. These are
BigTIFFs whose white tiles are all one.
"""
import json
import math
import os
import pathlib
import struct
import sys
import tempfile
import zlib

import numpy
import openslide

import commands

BLOCK, TILE, STEPS = 4096, 256, (1, 4, 16)


def picture_of(slide):
    with openslide.OpenSlide(slide) as opened:
        width, height = opened.dimensions
        if min(width, height) < BLOCK:
            sys.exit(f"{slide}: {width} x {height} pixels, less than {BLOCK} x {BLOCK}")
        region = opened.read_region(((width - BLOCK) // 2, (height - BLOCK) // 2), 0, (BLOCK, BLOCK))
    return numpy.asarray(region)[:, :, :3]


def write_slide(path, picture, blocks_across, blocks):
    """A pyramid of blocks_across² blocks, `blocks` of them the picture. Tiles that are equal are stored once."""
    with open(path, "wb") as file:
        file.write(struct.pack("<2sHHHQ", b"II", 43, 8, 0, 0))

        def stored(pixels):
            data, at = zlib.compress(pixels.tobytes(), 6), file.tell()
            file.write(data)
            return at, len(data)

        white = stored(numpy.full((TILE, TILE, 3), 255, numpy.uint8))
        holds = [k * blocks_across // blocks for k in range(blocks)]  # on the diagonal
        link = 8  # where the offset of the next directory goes
        for step in STEPS:
            reduced = picture.reshape(BLOCK // step, step, BLOCK // step, step, 3).mean((1, 3)).astype(numpy.uint8)
            per_block = BLOCK // step // TILE
            tissue = [[stored(reduced[y * TILE:(y + 1) * TILE, x * TILE:(x + 1) * TILE]) for x in range(per_block)] for y in range(per_block)]
            across = per_block * blocks_across
            entries = [white] * (across * across)
            for block in holds:
                for y in range(per_block):
                    at = (block * per_block + y) * across + block * per_block
                    entries[at:at + per_block] = tissue[y]
            arrays = []
            for column in zip(*entries):
                arrays.append(file.tell())
                file.write(struct.pack(f"<{len(column)}Q", *column))
            bits = struct.pack("<3H", 8, 8, 8).ljust(8, b"\0")
            side, count = BLOCK * blocks_across // step, len(entries)
            tags = [(254, 4, 1, int(step > 1)), (256, 4, 1, side), (257, 4, 1, side), (258, 3, 3, bits), (259, 3, 1, 8), (262, 3, 1, 2), (277, 3, 1, 3),
                    (322, 4, 1, TILE), (323, 4, 1, TILE), (324, 16, count, arrays[0]), (325, 16, count, arrays[1])]
            at = file.tell()
            file.write(struct.pack("<Q", len(tags)))
            for tag, kind, length, value in tags:
                file.write(struct.pack("<HHQ", tag, kind, length) + (value if isinstance(value, bytes) else struct.pack("<Q", value)))
            next_link = file.tell()
            file.write(struct.pack("<Q", 0))
            file.seek(link)
            file.write(struct.pack("<Q", at))
            file.seek(0, os.SEEK_END)
            link = next_link


def main():
    parser = commands.parser_of(__doc__)
    parser.add_argument("picture", type=pathlib.Path)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--mpp", type=float, required=True)
    parser.add_argument("--gigapixels", type=float, nargs="+", default=[0.07, 1, 10])
    parser.add_argument("--blocks", type=int, default=2)
    arguments = commands.parse(parser)

    picture = picture_of(arguments.picture)
    print("| gigapixels | tiles | processor seconds per tile | peak memory, MiB | file, MiB |\n|---|---|---|---|---|")
    for gigapixels in arguments.gigapixels:
        with tempfile.TemporaryDirectory() as folder:
            slide = pathlib.Path(folder) / "slide.tif"
            across = max(arguments.blocks, round(math.sqrt(gigapixels * 1e9) / BLOCK))
            write_slide(slide, picture, across, arguments.blocks)
            command = [arguments.program, "segment", slide, "-o", folder + "/results", "--model", arguments.model, "--mpp", arguments.mpp,
                       "--quiet", *arguments.options]
            cpu = commands.measure(list(map(str, command)))[1]
            result = json.loads((pathlib.Path(folder) / "results" / "slide.json").read_text())
            tiles = result["tiles"]["read"]
            print(f"| {(across * BLOCK) ** 2 / 1e9:.2f} | {tiles} | {cpu / tiles:.4f} | {result['peak_memory_bytes'] / 2**20:.0f} | "
                  f"{slide.stat().st_size / 2**20:.0f} |", flush=True)


if __name__ == "__main__":
    main()
