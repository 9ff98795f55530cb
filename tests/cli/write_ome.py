"""Writes a TIFF's picture as an OME-TIFF with two lower levels in SubIFDs and 0.25 um/px. Usage: write_ome.py SLIDE RESULT"""

import sys

import tifffile

levels = [tifffile.imread(sys.argv[1], key=0)]
for _ in range(2):
    even = levels[-1][: levels[-1].shape[0] // 2 * 2, : levels[-1].shape[1] // 2 * 2].astype("uint16")
    levels.append(((even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2] + 2) // 4).astype("uint8"))

options = {"tile": (128, 128), "photometric": "rgb", "compression": "zlib"}
size = {"PhysicalSizeX": 0.25, "PhysicalSizeXUnit": "\N{MICRO SIGN}m", "PhysicalSizeY": 0.25, "PhysicalSizeYUnit": "\N{MICRO SIGN}m"}
with tifffile.TiffWriter(sys.argv[2], ome=True, bigtiff=True) as tiff:
    tiff.write(levels[0], subifds=2, metadata={"axes": "YXS", **size}, **options)
    for level in levels[1:]:
        tiff.write(level, subfiletype=1, **options)
