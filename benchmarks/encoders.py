#!/usr/bin/env python3
"""What a presence head costs with encoders of several sizes: processor time a tile, beside the network's own, and peak memory.

    benchmarks/encoders.py build/release/bin/wsi-lpd SLIDE --model MODEL --patches PATCHES [--encoders vit_s,vit_b,vit_l,resnet50]
                           [--rounds 3] [-- SEGMENT OPTIONS, e.g. --mpp 0.31]

Encoders get random weights: cost does not depend on the values. A head is fitted on PATCHES, which can be few, and the slide is segmented
without overlap, so that head and network look at the same tiles. Needs numpy.
"""
import json
import pathlib
import shutil
import statistics
import tempfile

import numpy
import commands

VISION_TRANSFORMERS = {"vit_s": (384, 12), "vit_b": (768, 12), "vit_l": (1024, 24)}  # width, blocks; patches of 16 px, images of 224 px


def vision_transformer(width, blocks):
    """Shapes of timm's vit_*_patch16_224."""
    shapes = {"cls_token": (1, 1, width), "pos_embed": (1, 197, width), "patch_embed.proj.weight": (width, 3, 16, 16),
              "patch_embed.proj.bias": (width,), "norm.weight": (width,), "norm.bias": (width,)}
    for block in range(blocks):
        for name, rows, columns in (("attn.qkv", 3 * width, width), ("attn.proj", width, width), ("mlp.fc1", 4 * width, width),
                                    ("mlp.fc2", width, 4 * width)):
            shapes[f"blocks.{block}.{name}.weight"], shapes[f"blocks.{block}.{name}.bias"] = (rows, columns), (rows,)
        for name in ("norm1", "norm2"):
            shapes[f"blocks.{block}.{name}.weight"] = shapes[f"blocks.{block}.{name}.bias"] = (width,)
    return shapes


def resnet50():
    """Shapes of torchvision's resnet50."""
    shapes = {}

    def convolution(name, norm, outputs, inputs, size):
        shapes[f"{name}.weight"] = (outputs, inputs, size, size)
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{norm}.{part}"] = (outputs,)

    convolution("conv1", "bn1", 64, 3, 7)
    inputs = 64
    for layer, (width, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3)), 1):
        for block in range(blocks):
            name = f"layer{layer}.{block}"
            convolution(f"{name}.conv1", f"{name}.bn1", width, inputs, 1)
            convolution(f"{name}.conv2", f"{name}.bn2", width, width, 3)
            convolution(f"{name}.conv3", f"{name}.bn3", 4 * width, width, 1)
            if block == 0:
                convolution(f"{name}.downsample.0", f"{name}.downsample.1", 4 * width, inputs, 1)
            inputs = 4 * width
    return shapes


def write_weights(path, shapes):
    """A safetensors file in float16: products of the size of those in trained networks, scales 1, everything else 0."""
    random, header, data = numpy.random.default_rng(0), {}, b""
    for name, shape in shapes.items():
        if len(shape) > 1:
            values = random.standard_normal(shape) / numpy.sqrt(numpy.prod(shape[1:]))
        else:
            values = numpy.full(shape, 1.0 if name.endswith(("running_var", "norm.weight", "norm1.weight", "norm2.weight")) or
                                ("bn" in name or "downsample.1" in name) and name.endswith("weight") else 0.0)
        content = values.astype("<f2").tobytes()
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def main():
    parser = commands.parser_of(__doc__)
    parser.add_argument("slide", type=pathlib.Path)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--patches", type=pathlib.Path, required=True)
    parser.add_argument("--encoders", default="resnet50,vit_s,vit_b,vit_l")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = commands.parse(parser)
    program = arguments.program

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        models = {"none": arguments.model}
        for encoder in arguments.encoders.split(","):
            raw, weights, models[encoder] = folder / f"{encoder}-raw.safetensors", folder / f"{encoder}.safetensors", folder / f"{encoder}-model.safetensors"
            write_weights(raw, resnet50() if encoder == "resnet50" else vision_transformer(*VISION_TRANSFORMERS[encoder]))
            commands.measure([program, "weights", "import", raw, "-o", weights])
            shutil.copy(arguments.model, models[encoder])
            wall, cpu, _ = commands.measure([program, "calibrate", arguments.patches, "--model", models[encoder], "--presence-encoder", weights])
            print(f"{encoder}: calibrate {wall:.1f} s, cpu {cpu:.1f} s", flush=True)
        runs = {encoder: [] for encoder in models}
        for turn in range(arguments.rounds):
            for encoder, model in models.items():
                out = folder / f"{encoder}{turn}"
                runs[encoder].append(commands.measure([program, "segment", arguments.slide, "--model", model, "--overlap", "0", "--quiet",
                                                       *arguments.options, "-o", out]))
                tiles = json.loads((out / f"{arguments.slide.stem}.json").read_text())["tiles"]["read"]
        own = statistics.median(cpu for _, cpu, _ in runs["none"])
        print(f"\n{tiles} tiles; the network alone {own:.1f} s of processor time, {1000 * own / tiles:.0f} ms a tile, all of `segment` included\n")
        print("| encoder | file, MB | processor time of the head, relative to the network's `segment` | memory more, MiB |\n|---|---|---|---|")
        for encoder in list(models)[1:]:
            more = statistics.median(cpu for _, cpu, _ in runs[encoder]) - own
            memory = statistics.median(each[2] for each in runs[encoder]) - statistics.median(each[2] for each in runs["none"])
            size = (folder / f"{encoder}.safetensors").stat().st_size / 1e6
            print(f"| {encoder} | {size:.0f} | {more / own:.2f} | {memory:.0f} |")


if __name__ == "__main__":
    main()
