#!/usr/bin/env python3
"""Training with the classification loss against another program, in turns; prints ratios of images per second.

    benchmarks/training.py build/release/bin/wsi-lpd PATCHES 'python train_loop.py {folder} --steps 40' [--pairs 5] [--precision bf16]

The other command gets a folder of labelled PNGs for {folder} and prints a JSON line with images_per_s.
"""
import argparse
import json
import pathlib
import re
import statistics
import subprocess
import tempfile


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("patches", type=pathlib.Path, help="folder with train/NAME[101].png")
    parser.add_argument("other")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--images", type=int, default=120, help="so many of the training images are used")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        train = folder / "patches" / "train"
        train.mkdir(parents=True)
        for image in sorted((arguments.patches / "train").glob("*.png"))[: arguments.images]:
            (train / image.name).symlink_to(image.resolve())
        ratios, waits = [], []
        for pair in range(arguments.pairs):
            line = subprocess.run(arguments.other.format(folder=train), shell=True, check=True, capture_output=True, text=True).stdout
            theirs = json.loads(line)["images_per_s"]
            command = [arguments.program.resolve(), "train", folder / "patches", "-o", folder / f"run{pair}", "--method", "cam", "--iterations", "45",
                       "--hold-out", "0", "--precision", arguments.precision, "--quiet"]
            text = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout
            ours, waited = map(float, re.search(r"([\d.]+) images/s, ([\d.]+) %", text).groups())
            ratios.append(ours / theirs)
            waits.append(waited)
            print(f"pair {pair + 1}: {ours:.1f} / {theirs:.1f} images/s = {ratios[-1]:.2f}, waiting for images {waited} %", flush=True)
        print(f"{arguments.precision}: {statistics.median(ratios):.2f} x ({min(ratios):.2f} to {max(ratios):.2f}), waiting at most {max(waits)} %")


if __name__ == "__main__":
    main()
