#!/usr/bin/env python3
"""Trains lpd, pbip and cam with several seeds and the same budget, evaluates each, and prints one table of mIoU (mean and spread).

    benchmarks/methods.py build/release/bin/wsi-lpd PATCHES --frozen-encoder ENCODER -o methods [--seeds 0 1 2] [-- TRAIN OPTIONS]

What is done already in the output folder is not done again, and an unfinished training goes on.
    e.g. -- --iterations 460 --warmup-iterations 400 --lr-warmup-iterations 0 --stain-jitter 0 --ema 0
"""
import json
import pathlib
import statistics
import subprocess

import commands


def train(arguments, method, seed, folder):
    if (folder / "model.safetensors").exists() and not (folder / "state.safetensors").exists():
        return
    command = [arguments.program, "train", arguments.patches, "-o", folder, "--method", method, "--seed", seed, *arguments.options]
    if method != "cam" and arguments.frozen_encoder:
        command += ["--frozen-encoder", arguments.frozen_encoder]
    if (folder / "state.safetensors").exists():
        command.append("--resume")
    subprocess.run(list(map(str, command)), check=True)


def evaluate(arguments, folder):
    result = folder / "evaluation" / "evaluation.json"
    if not result.exists():
        model = folder / ("last.safetensors" if arguments.last else "model.safetensors")
        command = [arguments.program, "evaluate", arguments.patches, "--model", model, "-o", result.parent, "--split", arguments.split,
                   "--presence", arguments.presence]
        subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    return json.loads(result.read_text())["segmentation"]


def main():
    parser = commands.parser_of(__doc__)
    parser.add_argument("patches", type=pathlib.Path)
    parser.add_argument("-o", "--output", type=pathlib.Path, default=pathlib.Path("methods"))
    parser.add_argument("--frozen-encoder", type=pathlib.Path)
    parser.add_argument("--methods", nargs="+", default=["lpd", "pbip", "cam"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--split", default="test")
    parser.add_argument("--presence", default="calibrated", choices=["calibrated", "half"])
    parser.add_argument("--last", action="store_true", help="evaluate the last model, not the best on valid/")
    arguments = commands.parse(parser)

    columns = [(labels, how) for labels in ("oracle", "predicted") for how in ("argmax", "crf")]
    print("| method | " + " | ".join(f"{labels}, {how}" for labels, how in columns) + " |")
    print("|---|" + "---|" * len(columns))
    for method in arguments.methods:
        results = []
        for seed in arguments.seeds:
            folder = arguments.output / f"{method}-{seed}"
            train(arguments, method, seed, folder)
            results.append(evaluate(arguments, folder))
        cells = []
        for labels, how in columns:
            values = [100 * result[labels][how]["mIoU"] for result in results]
            spread = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
            cells.append(f"{statistics.mean(values):.2f}{spread}")
        print(f"| {method} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
