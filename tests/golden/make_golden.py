#!/usr/bin/env python3
"""Makes the files of this folder from the full fixtures: make_golden.py FOLDER. README.md says what they hold. Needs numpy."""
import json
import shutil
import struct
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
TYPES = {"F32": "<f4", "I64": "<i8", "U8": "u1"}
STEP = 29  # of a thinned tensor every 29th value is kept: a prime, so that all rows and columns of a map are met


def read(path):
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    body = data[8 + length :]
    return {
        name: np.frombuffer(body[slice(*entry["data_offsets"])], TYPES[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items()
    }


class Fixture:
    """One .safetensors file in the making."""

    def __init__(self, source, name):
        self.given = read(source / f"{name}.safetensors")
        self.path = HERE / f"{name}.safetensors"
        self.tensors, self.notes = {}, {}

    def whole(self, *names):
        for name in names:
            self.tensors[name] = self.given[name]

    def thin(self, *names, step=STEP):
        """Every step-th value of the flat tensor, and the mean of each plane [i, j] over all further dimensions."""
        for name in names:
            values = self.given[name]
            self.tensors[name] = values.reshape(-1)[::step]
            self.tensors[name + ".means"] = values.reshape(*values.shape[:2], -1).mean(axis=2, dtype=np.float64).astype("<f4")
            self.notes[name] = {"shape": values.shape, "step": step}

    def bytes_only(self, *names):
        """The CRC-32 of the bytes instead of the values: for what must be equal bit by bit."""
        for name in names:
            values = self.given[name]
            self.notes[name] = {"shape": values.shape, "crc32": zlib.crc32(values.tobytes())}

    def labels(self, *names):
        """Four labels of 0 to 3 in a byte, the first in the lowest bits."""
        for name in names:
            values = self.given[name].reshape(-1, 4)
            self.tensors[name] = (values << np.arange(0, 8, 2, dtype=np.uint8)).sum(axis=1, dtype=np.uint8)
            self.notes[name] = {"shape": self.given[name].shape, "bits": 2}

    def whole_or_thin(self, names, step=STEP):
        for name in names:
            small = self.given[name].size <= 5000 or self.given[name].ndim < 3
            self.whole(name) if small else self.thin(name, step=step)

    def write(self):
        header = {"__metadata__": {name: json.dumps(note) for name, note in sorted(self.notes.items())}}
        body = b""
        for name, values in sorted(self.tensors.items(), key=lambda item: (-item[1].dtype.itemsize, item[0])):
            kind = next(k for k, v in TYPES.items() if np.dtype(v) == values.dtype)
            data = np.ascontiguousarray(values).tobytes()
            header[name] = {"dtype": kind, "shape": list(values.shape), "data_offsets": [len(body), len(body) + len(data)]}
            body += data
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        self.path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def write_json(name, content):
    (HERE / f"{name}.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


def network_files(source):
    fixture = Fixture(source, "patches")
    fixture.whole("rgb_u8")
    fixture.bytes_only("input")
    fixture.write()
    for name in ("encoder_b1", "encoder_b0_b2", "swin_t", "network_c4k3", "network_c3k10"):
        fixture = Fixture(source, name)
        unused = ("relative_position_index", "embedding_l2", "pooled")  # computed, or told by the others
        fixture.whole_or_thin(n for n in fixture.given if n not in unused)
        fixture.write()


def loss_files(source):
    fixture = Fixture(source, "losses")
    fixture.thin("mask.fg_input", "mask.bg_input")
    unused = ("mask.cam_up", "mask.binary", "mask.loss")  # steps on the way to mask.fg_input and mask.bg_input
    fixture.whole(*(n for n in fixture.given if n not in fixture.tensors and n not in unused and not n.startswith("pair.")))
    fixture.write()
    fixture = Fixture(source, "training")
    fixture.whole(*fixture.given)
    fixture.write()
    keep = ("terms", "selected", "lr", "grad_norm", "after")
    steps = json.loads((source / "training.json").read_text())["steps"]
    write_json("training", {"steps": [{key: step[key] for key in keep} for step in steps]})


def evaluation_files(source):
    fixture = Fixture(source, "crf_small")
    fixture.whole("unary", "rgb_u8")
    fixture.thin(*(n for n in fixture.given if ".q" in n), step=5)
    fixture.write()

    fixture = Fixture(source, "evaluation")
    fixture.whole("rgb_u8", "oracle_labels")
    fixture.labels("masks", *(n for n in fixture.given if n.endswith(("argmax_labels", "crf_labels"))))
    fixture.bytes_only(*(f"{i}.crf_image_u8" for i in range(3)))
    for i in range(3):
        for scale in "234":  # before the image labels are applied: the same in both modes
            fixture.tensors[f"{i}.scale{scale}.views"] = fixture.given[f"all.{i}.scale{scale}.views_merged"]
        for mode in ("oracle", "all"):
            whole = fixture.given.get(f"{mode}.{i}.probs")
            every4 = fixture.given[f"{mode}.{i}.probs_every4"] if whole is None else whole[:, ::4, ::4]
            fixture.tensors[f"{mode}.{i}.probs_every4"] = every4
    fixture.write()
    numbers = json.loads((source / "evaluation.json").read_text())
    write_json("evaluation", {key: value for key, value in numbers.items() if key.startswith("metrics.")})


def small_files(source):
    for name in ("lr_schedule", "names_mit_official", "names_mit_huggingface", "checkpoints"):
        write_json(name, json.loads((source / f"{name}.json").read_text()))
    with zipfile.ZipFile(source / "tiny_encoder.ts.pt") as given, zipfile.ZipFile(HERE / "tiny_encoder.ts.pt", "w") as written:
        for entry in given.infolist():
            if not entry.filename.endswith(".debug_pkl"):  # the call stacks of the machine that traced it
                written.writestr(zipfile.ZipInfo(entry.filename), given.read(entry))
    (HERE / "checkpoints").mkdir(exist_ok=True)
    for path in (source / "checkpoints").iterdir():
        shutil.copyfile(path, HERE / "checkpoints" / path.name)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for make in (network_files, loss_files, evaluation_files, small_files):
        make(Path(sys.argv[1]))
