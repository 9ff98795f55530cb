"""A MIRAX slide with BMP tiles, the only ones that OpenSlide gives to gdk-pixbuf, which loads its BMP reader by name."""
import random
import struct

TILE, COLUMNS, ROWS = 256, 4, 3
SECTIONS = {
    "GENERAL": {"SLIDE_VERSION": "01.02", "SLIDE_ID": "0123456789ABCDEF", "IMAGENUMBER_X": COLUMNS, "IMAGENUMBER_Y": ROWS,
                "OBJECTIVE_MAGNIFICATION": 20},
    "HIERARCHICAL": {"HIER_COUNT": 1, "NONHIER_COUNT": 0, "INDEXFILE": "Index.dat", "HIER_0_NAME": "Slide zoom level", "HIER_0_COUNT": 1,
                     "HIER_0_VAL_0_SECTION": "LEVEL"},
    "DATAFILE": {"FILE_COUNT": 1, "FILE_0": "Data.dat"},
    "LEVEL": {"OVERLAP_X": 0, "OVERLAP_Y": 0, "MICROMETER_PER_PIXEL_X": 0.5, "MICROMETER_PER_PIXEL_Y": 0.5, "IMAGE_FORMAT": "BMP24",
              "IMAGE_FILL_COLOR_BGR": 0xFFFFFF, "DIGITIZER_WIDTH": TILE, "DIGITIZER_HEIGHT": TILE, "IMAGE_CONCAT_FACTOR": 0},
}


def bmp(pixels):
    """Bytes of a BMP file; `pixels` are blue, green, red from the bottom row up."""
    header = struct.pack("<IiiHHIIiiII", 40, TILE, TILE, 1, 24, 0, len(pixels), 0, 0, 0, 0)
    return struct.pack("<2sIHHI", b"BM", 54 + len(pixels), 0, 0, 54) + header + pixels


def write_mirax(slide):
    """Writes `slide`, NAME.mrxs, and its folder: glass around tissue of uneven colour, the same each time."""
    folder, noise = slide.with_suffix(""), random.Random(1)
    folder.mkdir(parents=True)
    slide.touch()
    data, page = b"", b""
    for number in range(COLUMNS * ROWS):
        is_tissue = 0 < number % COLUMNS < COLUMNS - 1
        shades = [noise.randrange(80) for _ in range(TILE)]
        row = b"".join(bytes((180 - shade, 110 - shade, 190 - shade)) if is_tissue else b"\xf4\xf4\xf4" for shade in shades)
        tile = bmp(row * TILE)
        page += struct.pack("<4i", number, len(data), len(tile), 0)
        data += tile
    (folder / "Data.dat").write_bytes(data)
    # Where the levels' table is, no other table; the level's head; that head: nothing, its page; the page: its length, no next one.
    begin = "01.02" + SECTIONS["GENERAL"]["SLIDE_ID"]
    at = len(begin)
    pointers = struct.pack("<7i", at + 8, 0, at + 12, 0, at + 20, COLUMNS * ROWS, 0)
    (folder / "Index.dat").write_bytes(begin.encode() + pointers + page)
    lines = [line for name, keys in SECTIONS.items() for line in (f"[{name}]", *(f"{key} = {value}" for key, value in keys.items()))]
    (folder / "Slidedat.ini").write_text("\n".join(lines) + "\n")
