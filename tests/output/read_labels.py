"""Opens the label pyramids of label_readers_test.cpp with one of other people's readers: values, levels, um/px and colours must be ours.
Usage: read_labels.py READER FOLDER"""

import json
import pathlib
import sys

import numpy as np

reader, folder = sys.argv[1], pathlib.Path(sys.argv[2])
given = json.loads((folder / "given.json").read_text())
width, height = given["size"]
mpp = given["mpp"]
palette = np.zeros((256, 3), np.uint8)
for value, colour in given["colours"].items():
    palette[int(value)] = colour


def reduced(above):
    """The rule of docs/outputs.md: the most frequent of 2 x 2, ties to the first in reading order; an odd edge repeats itself."""
    above = np.pad(above, [(0, above.shape[0] % 2), (0, above.shape[1] % 2)], mode="edge")
    pixels = np.stack([above[0::2, 0::2], above[0::2, 1::2], above[1::2, 0::2], above[1::2, 1::2]])
    votes = (pixels[:, None] == pixels[None]).sum(1)
    return np.take_along_axis(pixels, votes.argmax(0)[None], 0)[0]


levels = [np.fromfile(folder / "labels.raw", np.uint8).reshape(height, width)]
while max(levels[-1].shape) > 512:
    levels.append(reduced(levels[-1]))


def read_with_openslide():
    import openslide

    print("OpenSlide", openslide.__library_version__)
    with openslide.OpenSlide(folder / "slide.tif") as slide:
        assert slide.level_dimensions == tuple(level.shape[::-1] for level in levels), slide.level_dimensions
        assert np.allclose(slide.level_downsamples, [2**index for index in range(len(levels))], rtol=0.01)
        assert slide.properties["tiff.ResolutionUnit"] == "centimeter"
        assert abs(10000 / float(slide.properties["tiff.XResolution"]) - mpp) < 1e-6
        for index, level in enumerate(levels):
            region = np.asarray(slide.read_region((0, 0), index, level.shape[::-1]))
            assert (region[..., 3] == 255).all() and np.array_equal(region[..., :3], palette[level]), index
        corner = np.asarray(slide.read_region((700, 600), 0, (300, 300)))[..., :3]
        assert np.array_equal(corner, palette[levels[0][600:900, 700:1000]])
    with openslide.OpenSlide(folder / "slide.ome.tif") as slide:  # knows nothing of SubIFDs
        assert slide.level_dimensions == ((width, height),)
        region = np.asarray(slide.read_region((0, 0), 0, (width, height)))
        assert np.array_equal(region[..., :3], palette[levels[0]])


def read_with_openslide_of_the_system():
    sys.modules["openslide_bin"] = None  # openslide-python then takes the library that is installed
    read_with_openslide()


def read_with_openslide_4():
    import openslide

    assert openslide.__library_version__.startswith("4."), openslide.__library_version__
    read_with_openslide()


def read_with_tifffile():
    import tifffile

    def check(page, level, index):
        side = [min(max(length // 16 * 16, 16), 512) for length in level.shape]
        assert page.is_tiled and list(page.tile) == side and page.is_reduced == (index > 0), index
        assert page.photometric == tifffile.PHOTOMETRIC.PALETTE and page.dtype == np.uint8
        assert np.array_equal(page.asarray(), level), index
        assert all(tuple(page.colormap[:, int(value)] // 257) == tuple(colour) for value, colour in given["colours"].items())
        assert page.resolutionunit == tifffile.RESUNIT.CENTIMETER
        assert all(abs(10000 / value / 2**index - mpp) < 1e-6 for value in page.resolution), page.resolution

    for name in ("slide.tif", "zstd.tif"):
        with tifffile.TiffFile(folder / name) as tiff:
            assert tiff.is_bigtiff and len(tiff.pages) == len(levels), name
            for index, (page, level) in enumerate(zip(tiff.pages, levels)):
                check(page, level, index)
            assert json.loads(tiff.pages[0].description) == given["description"]
    with tifffile.TiffFile(folder / "slide.ome.tif") as tiff:
        assert tiff.is_bigtiff and tiff.is_ome and len(tiff.pages) == 1 and len(tiff.series) == 1
        series = tiff.series[0]
        assert series.kind == "ome" and series.axes == "YX" and [level.shape for level in series.levels] == [l.shape for l in levels]
        for index, (own, level) in enumerate(zip(series.levels, levels)):
            assert np.array_equal(own.asarray(), level), index
            check(own.pages[0], level, index)


def read_with_ome_types():
    import ome_types

    ome = ome_types.from_tiff(folder / "slide.ome.tif", validate=True)  # against the schema
    image = ome.images[0]
    pixels = image.pixels
    assert len(ome.images) == 1 and image.name == given["name"] and pixels.type.value == "uint8"
    assert (pixels.size_x, pixels.size_y, pixels.size_z, pixels.size_c, pixels.size_t) == (width, height, 1, 1, 1)
    assert (pixels.physical_size_x, pixels.physical_size_y) == (mpp, mpp)
    assert pixels.physical_size_x_unit.value == pixels.physical_size_y_unit.value == "\N{MICRO SIGN}m"
    assert [channel.name for channel in pixels.channels] == ["classes"] and pixels.channels[0].samples_per_pixel == 1
    assert [(data.ifd, data.plane_count) for data in pixels.tiff_data_blocks] == [(0, 1)]
    annotations = [reference.ref for reference in image.annotation_refs]
    assert [a.__class__.__name__ for a in annotations] == ["CommentAnnotation", "MapAnnotation"]
    assert json.loads(annotations[0].value) == given["description"]
    assert {pair.k: pair.value for pair in annotations[1].value.ms} == given["notes"]


def read_with_libvips():
    import subprocess

    def check(image, level, index):
        def header(field):
            return float(subprocess.run(["vipsheader", "-f", field, image], check=True, capture_output=True).stdout)

        assert (header("width"), header("height"), header("bands")) == (level.shape[1], level.shape[0], 3)
        subprocess.run(["vips", "rawsave", image, folder / "pixels.raw"], check=True)
        assert np.array_equal(np.fromfile(folder / "pixels.raw", np.uint8), palette[level].astype(np.uint8).ravel()), index
        assert abs(1000 / header("xres") / 2**index - mpp) < 1e-6 and abs(header("xres") - header("yres")) < 1e-9

    for index, level in enumerate(levels):
        check(f"{folder / 'slide.tif'}[page={index}]", level, index)
        check(f"{folder / 'slide.ome.tif'}[subifd={index - 1}]", level, index)


def read_with_pillow():
    from PIL import Image, ImageSequence

    for name, pages in (("slide.tif", levels), ("slide.ome.tif", levels[:1])):
        with Image.open(folder / name) as image:
            assert image.n_frames == len(pages), name
            for index, (page, level) in enumerate(zip(ImageSequence.Iterator(image), pages)):
                assert page.mode == "P" and np.array_equal(np.asarray(page), level), (name, index)
                assert np.array_equal(np.asarray(page.convert("RGB")), palette[level]), (name, index)
                assert abs(25400 / float(page.info["dpi"][0]) / 2**index - mpp) < 1e-4, (name, index)


def read_with_gdal():
    import warnings

    import rasterio

    warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
    for name in ("slide.tif", "slide.ome.tif"):
        with rasterio.open(folder / name) as raster:
            assert np.array_equal(raster.read(1), levels[0]), name
            assert raster.colorinterp == (rasterio.enums.ColorInterp.palette,)
            assert all(raster.colormap(1)[int(value)][:3] == tuple(colour) for value, colour in given["colours"].items())
            tags = raster.tags()
            assert abs(10000 / float(tags["TIFFTAG_XRESOLUTION"]) - mpp) < 1e-6 and tags["TIFFTAG_RESOLUTIONUNIT"].startswith("3")
            assert raster.overviews(1) == [2**index for index in range(1, len(levels))], (name, raster.overviews(1))
        for index, level in enumerate(levels[1:]):
            with rasterio.open(folder / name, overview_level=index) as raster:
                assert np.array_equal(raster.read(1), level), (name, index)


{
    "openslide-system": read_with_openslide_of_the_system,
    "openslide-4": read_with_openslide_4,
    "tifffile": read_with_tifffile,
    "ome-types": read_with_ome_types,
    "libvips": read_with_libvips,
    "pillow": read_with_pillow,
    "gdal": read_with_gdal,
}[reader]()
