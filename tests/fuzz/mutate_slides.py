"""Slides with faults, and what `wsi-lpd batch` makes of them: each must be complete or failed with a reason, in bounded time.

  mutate_slides.py make DIR --count 500 --seed 1      DIR/sources, small sound slides, and DIR/slides, mutations of them
  mutate_slides.py run DIR --program wsi-lpd          puts DIR/slides through batch; counts complete, failed, lost and hung ones
  mutate_slides.py check DIR --program wsi-lpd        both, and ends with 1 where a slide is lost or hung

The same seed makes the same slides. Without --model a model is trained for a few steps. Slides that are lost or hung are kept in DIR/found.
"""

import argparse
import csv
import io
import os
import random
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

HUGE = (0, 1, 2, 3, 7, 8, 15, 16, 64, 255, 256, 4096, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
# tags whose values readers act on: sizes, samples, compression, strips, tiles, tables, SubIFDs, resolution, orientation, colour maps
TAGS = (254, 256, 257, 258, 259, 262, 266, 270, 273, 274, 277, 278, 279, 281, 282, 283, 284, 296, 317, 320, 322, 323, 324, 325, 330, 338,
        339, 347, 530, 532)
TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}


def tissue(height, width):
    """A pink picture with darker grains on glass."""
    import numpy

    y, x = numpy.mgrid[:height, :width]
    noise = numpy.random.default_rng(7).integers(-20, 20, (height, width, 1))
    inside = ((x - width / 2) / (width * 0.42)) ** 2 + ((y - height / 2) / (height * 0.42)) ** 2 < 1
    grains = (numpy.sin(x / 3.0) * numpy.sin(y / 4.0) > 0.6)[..., None]
    picture = numpy.where(grains, [110, 60, 140], [215, 140, 180]) + noise
    return numpy.where(inside[..., None], picture, 243).clip(0, 255).astype("uint8")


def make_sources(folder):
    """Small slides of each kind that is read: name → file."""
    import numpy
    import tifffile

    picture = tissue(288, 320)
    half = picture[::2, ::2]
    resolution = {"resolution": (20000, 20000), "resolutionunit": "CENTIMETER"}
    aperio = "Aperio Image Library v12.0.15\r\n320x288 [0,0 320x288] (64x64) {} Q=70|AppMag = 20|MPP = 0.5"

    def write(name, pages, **options):
        with tifffile.TiffWriter(folder / name, **options) as tiff:
            for page, arguments in pages:
                tiff.write(page, **{"metadata": None, "photometric": "rgb", **arguments})

    def svs(name, label, compression, photometric):
        tiles = {"tile": (64, 64), "compression": compression, "photometric": photometric}
        small = {"rowsperstrip": 16, "compression": "jpeg", "photometric": "ycbcr", "description": aperio.format("thumbnail")}
        write(name, [(picture, {**tiles, "description": aperio.format(label)}), (picture[::4, ::4], small),
                     (half, {**tiles, "description": aperio.format(label)})])

    folder.mkdir(parents=True, exist_ok=True)
    svs("jpeg.svs", "JPEG/RGB", "jpeg", "ycbcr")
    svs("jpeg2000.svs", "J2K/KDU", "aperio_jp2000_rgb", "rgb")
    tiles = {"tile": (64, 64), **resolution}
    reduced = {"subfiletype": 1, **resolution}
    write("tiled.tif", [(picture, {**tiles, "compression": "zlib"}), (half, {**tiles, "compression": "zlib", **reduced})])
    write("lzw.tif", [(picture, {**tiles, "compression": "lzw", "predictor": True})])
    write("depth.tif", [(picture.astype("uint16") * 16, {**tiles, "compression": "zlib"})])
    write("planes.tif", [(numpy.moveaxis(picture, -1, 0), {**tiles, "planarconfig": "separate", "compression": "zlib"})])
    write("big.btf", [(picture, {**tiles, "compression": "jpeg", "photometric": "ycbcr"})], bigtiff=True)
    write("strips.tif", [(picture, {"rowsperstrip": 32, "compression": "zlib", **resolution})])
    micrometres = {"axes": "YXS", "PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.5, "PhysicalSizeYUnit": "µm"}
    write("ome.ome.tif", [(picture, {"tile": (64, 64), "compression": "zlib", "subifds": 1, "metadata": micrometres}),
                          (half, {"tile": (64, 64), "compression": "zlib", "subfiletype": 1})], ome=True)
    header = struct.pack("<8I2f", 0x08F2A6B6, 320, 288, 3, 0, 0, 0, 22, 2000.0, 2000.0)
    (folder / "plain.v").write_bytes(header.ljust(64, b"\0") + picture.tobytes())


class Tiff:
    """Where the parts of a sound TIFF are in its bytes."""

    def __init__(self, data):
        self.order = "<" if data[:2] == b"II" else ">"
        self.big = struct.unpack_from(self.order + "H", data, 2)[0] == 43
        self.entries, self.links, self.parts = [], [8 if self.big else 4], []
        todo = [self.number(data, self.links[0], self.offset_size())]
        while todo:
            at = todo.pop(0)
            if at == 0:
                continue
            count_size, entry_size = (8, 20) if self.big else (2, 12)
            first = at + count_size
            count = self.number(data, at, count_size)
            for i in range(count):
                self.add_entry(data, first + i * entry_size, todo)
            self.links.append(first + count * entry_size)
            todo.append(self.number(data, self.links[-1], self.offset_size()))

    def offset_size(self):
        return 8 if self.big else 4

    def number(self, data, at, size):
        return int.from_bytes(data[at:at + size], "little" if self.order == "<" else "big")

    def put(self, data, at, size, value):
        data[at:at + size] = (value % (1 << 8 * size)).to_bytes(size, "little" if self.order == "<" else "big")

    def add_entry(self, data, at, todo):
        tag, kind = self.number(data, at, 2), self.number(data, at + 2, 2)
        count = self.number(data, at + 4, self.offset_size())
        place, size = at + 4 + self.offset_size(), TYPE_SIZES[kind]
        values = place if count * size <= self.offset_size() else self.number(data, place, self.offset_size())
        self.entries.append((at, tag, kind, count, values, size))
        read = [self.number(data, values + i * size, size) for i in range(min(count, 10000))]
        if tag == 330:
            todo.extend(read)
        if tag in (273, 324):
            self.offsets = read
        if tag in (279, 325):
            self.parts.extend(zip(self.offsets, read))


def flip_bits(data, begin, end, chance):
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        data[chance.randrange(begin, min(end, len(data)))] ^= 1 << chance.randrange(8)


def mutate_anything(data, chance):
    begin = chance.randrange(len(data))
    length = min(chance.choice((1, 4, 64, 512, 4096)), len(data) - begin)
    kind = chance.choice(("header", "bits", "cut", "zeros", "ones", "lost", "twice"))
    if kind == "header":
        flip_bits(data, 0, 64, chance)
    elif kind == "bits":
        flip_bits(data, 0, len(data), chance)
    elif kind == "cut":
        del data[chance.randrange(len(data)):]
    elif kind in ("zeros", "ones"):
        data[begin:begin + length] = (b"\0" if kind == "zeros" else b"\xff") * length
    elif kind == "lost":
        del data[begin:begin + length]
    else:
        data[begin:begin] = data[begin:begin + length]
    return kind


def mutate_tiff(data, chance):
    tiff = Tiff(data)
    kind = chance.choice(("header", "directory", "tile", "value", "value", "value", "element", "count", "type", "link"))
    at, tag, _, count, values, size = chance.choice([entry for entry in tiff.entries if entry[1] in TAGS])
    if kind == "header":
        flip_bits(data, 0, 16 if tiff.big else 8, chance)
    elif kind == "directory":
        flip_bits(data, at, at + (20 if tiff.big else 12), chance)
    elif kind == "tile":
        begin, length = chance.choice(tiff.parts)
        flip_bits(data, begin, begin + max(1, length), chance)
    elif kind in ("value", "element"):
        place = values + (chance.randrange(count) * size if kind == "element" else 0)
        old = tiff.number(data, place, size)
        tiff.put(data, place, size, chance.choice(HUGE + (old + 1, old - 1, old * 2, old // 2, len(data), len(data) - 1, 33003, 33005, 34712)))
    elif kind == "count":
        tiff.put(data, at + 4, tiff.offset_size(), chance.choice(HUGE + (count + 1, count - 1)))
    elif kind == "type":
        tiff.put(data, at + 2, 2, chance.choice((0, 1, 2, 3, 4, 5, 7, 9, 11, 12, 13, 16, 18, 200)))
    else:
        link = chance.choice(tiff.links)
        tiff.put(data, link, tiff.offset_size(), chance.choice((0, 1, 8, link, len(data) - 4, len(data), 0xFFFFFFFF,
                                                                tiff.number(data, tiff.links[0], tiff.offset_size()))))
    return f"{kind}{tag}" if kind in ("value", "element", "count", "type") else kind


def make(folder, count, seed):
    make_sources(folder / "sources")
    slides = folder / "slides"
    shutil.rmtree(slides, ignore_errors=True)
    slides.mkdir(parents=True)
    sources = sorted((folder / "sources").iterdir())
    for i in range(count):
        chance = random.Random(f"{seed} {i}")
        source = sources[i % len(sources)]
        data = bytearray(source.read_bytes())
        kinds = []
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            is_tiff = source.suffix != ".v" and not kinds  # a second fault may stand in what is no TIFF any more
            kinds.append(mutate_tiff(data, chance) if is_tiff and chance.random() < 0.75 else mutate_anything(data, chance))
            if not data:
                break
        (slides / f"{i:05d}-{'-'.join(kinds)}-{source.name}").write_bytes(data)


def train(program, folder):
    """A model of four steps."""
    if not (folder / "runs/latest/model.safetensors").exists():
        synth = "synth data --train 24 --valid 4 --test 0 --patch-size 96 --slides 0 --seed 3"
        steps = "train data/patches --encoder mit_b0 --iterations 4 --warmup-iterations 2 --batch-size 4"
        for command in (synth, steps):
            subprocess.run([program, *command.split(), "--quiet"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder / "runs/latest/model.safetensors"


class Runner:
    def __init__(self, folder, program, model, limit):
        self.folder, self.program, self.model, self.limit = folder, program, model, limit
        self.results = folder / "results"
        self.found = folder / "found"
        self.reasons, self.lost, self.hung = {}, {}, []
        self.complete = 0

    def batch(self, slides, seconds):
        """What batch ended with: its exit code, minus the signal, or None where it took too much time of the processor, or long did nothing."""
        listed = self.folder / "portion.txt"
        listed.write_text("".join(f"{slide}\n" for slide in slides))
        command = [self.program, "batch", listed, "-o", self.results, "--model", self.model, "--precision", "fp32", "--overlap", "0", "--quiet"]
        bound = lambda: resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 10))  # other processes on the machine don't count
        try:
            code = subprocess.run(command, timeout=600 + 20 * seconds, preexec_fn=bound, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, check=False).returncode
            return None if code == -signal.SIGXCPU else code
        except subprocess.TimeoutExpired:
            return None

    def outcomes(self, slides):
        """The slides without an outcome; notes those that have one."""
        summary = self.results / "summary.csv"
        rows = list(csv.DictReader(io.StringIO(summary.read_text(errors="replace")))) if summary.exists() else []
        known = {Path(row["slide"]).name: row for row in rows}
        for slide in slides:
            status = known.get(slide.name, {}).get("status")
            self.complete += status == "complete"
            if status == "failed":
                self.reasons[slide.name] = known[slide.name]["reason"]
        return [slide for slide in slides if known.get(slide.name, {}).get("status") not in ("complete", "failed")]

    def keep(self, slide):
        self.found.mkdir(exist_ok=True)
        shutil.copy(slide, self.found)

    def run(self, slides):
        """One portion; where its process dies or hangs, slide by slide."""
        shutil.rmtree(self.results, ignore_errors=True)
        code = self.batch(slides, 30 + self.limit * len(slides))
        rest = self.outcomes(slides)
        if not rest and code in (0, 3):
            return
        if len(slides) > 1:
            for slide in rest:
                self.run([slide])
        elif code is None:
            self.hung.append(slides[0].name)
            self.keep(slides[0])
        else:
            self.lost[slides[0].name] = code
            self.keep(slides[0])


def run(folder, program, model, portion, limit):
    model = model or train(program, folder)
    slides = sorted((folder / "slides").iterdir())
    runner = Runner(folder, program, model, limit)
    begin = time.monotonic()
    for i in range(0, len(slides), portion):
        runner.run(slides[i:i + portion])
    print(f"{len(slides)} slides in {time.monotonic() - begin:.0f} s: {runner.complete} complete, {len(runner.reasons)} failed with a reason, "
          f"{len(runner.lost)} lost, {len(runner.hung)} hung")
    for name, code in runner.lost.items():
        print(f"lost: {name}: the process ended with {code}")
    for name in runner.hung:
        print(f"hung: {name}")
    with open(folder / "reasons.csv", "w", newline="") as file:
        csv.writer(file).writerows(sorted(runner.reasons.items()))
    named = re.compile(r"\d{5}-[^/\s]*")
    unclear = {name: reason for name, reason in runner.reasons.items() if not reason.strip() or set(named.findall(reason.replace(":", " "))) - {name}}
    for name, reason in unclear.items():
        print(f"failed without a reason of its own: {name}: {reason}")
    return 1 if runner.lost or runner.hung or unclear else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("make", "run", "check"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=50, help="mutated slides")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--program", default="wsi-lpd")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--portion", type=int, default=25, help="slides of one batch")
    parser.add_argument("--limit", type=int, default=10, help="seconds of the processor for each slide, on top of 30")
    given = parser.parse_args()
    folder = given.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if given.command != "run":
        try:
            make(folder, given.count, given.seed)
        except ImportError as error:
            print(f"skipped: {error} (scripts/setup --tests)")
            return 77
    if given.command == "make":
        return 0
    program = os.path.abspath(given.program) if os.sep in given.program else given.program
    return run(folder, program, given.model, given.portion, given.limit)


if __name__ == "__main__":
    sys.exit(main())
