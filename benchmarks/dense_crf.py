#!/usr/bin/env python3
"""Dense CRF against pydensecrf2 on the same image, in turns; prints ratios and how many labels agree.

    pip install numpy pillow pydensecrf2
    cmake --preset release -DWSI_LPD_BENCHMARKS=ON && cmake --build build/release
    benchmarks/dense_crf.py build/release/bin/benchmark_dense_crf IMAGE [--side 224 2048] [--pairs 5]
"""
import argparse
import multiprocessing
import pathlib
import resource
import statistics
import subprocess
import tempfile
import time

import numpy as np
from PIL import Image


def problem(path, side, classes=3):
    """The image repeated to side x side, and probabilities that follow its colours, with noise."""
    tile = np.asarray(Image.open(path).convert("RGB"))
    repeats = [-(-side // n) for n in tile.shape[:2]]
    rgb = np.ascontiguousarray(np.tile(tile, (*repeats, 1))[:side, :side])
    noise = np.random.default_rng(1).normal(0, 1, (classes + 1, side, side))
    scores = np.stack([(rgb[..., c % 3] / 255 - 0.5) * (1 + c) for c in range(classes + 1)]) + 0.3 * noise
    e = np.exp(scores)
    return rgb, np.ascontiguousarray(e / e.sum(0), dtype=np.float32)


def reference(rgb, probabilities, queue):
    import pydensecrf.densecrf as dcrf

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    labels, height, width = probabilities.shape
    crf = dcrf.DenseCRF2D(width, height, labels)
    crf.setUnaryEnergy(np.ascontiguousarray(-np.log(np.clip(probabilities, 1e-5, 1)).reshape(labels, -1)))
    crf.addPairwiseGaussian(sxy=15, compat=30)
    crf.addPairwiseBilateral(sxy=10, srgb=20, rgbim=rgb, compat=50)
    q = np.array(crf.inference(5))
    seconds = time.perf_counter() - start
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    queue.put((seconds, peak, q.reshape(labels, -1).argmax(0).astype(np.uint8)))


def run_reference(rgb, probabilities):
    queue = multiprocessing.Queue()
    process = multiprocessing.Process(target=reference, args=(rgb, probabilities, queue))
    process.start()
    result = queue.get()
    process.join()
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("image")
    parser.add_argument("--side", type=int, nargs="+", default=[224, 2048])
    parser.add_argument("--pairs", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for side in arguments.side:
            rgb, probabilities = problem(arguments.image, side)
            rgb.tofile(folder / "rgb")
            probabilities.tofile(folder / "p")

            def ours(threads):
                command = [arguments.program, side, side, len(probabilities), threads, 1, folder / "rgb", folder / "p", folder / "labels"]
                seconds, peak = map(float, subprocess.run(list(map(str, command)), capture_output=True, check=True, text=True).stdout.split())
                return seconds, peak

            one, two, memory = [], [], []
            for _ in range(arguments.pairs):
                theirs, their_peak, expected = run_reference(rgb, probabilities)
                seconds, peak = ours(1)
                agree = np.mean(np.fromfile(folder / "labels", np.uint8) == expected)
                one.append(theirs / seconds)
                two.append(seconds / ours(2)[0])
                memory.append((peak, their_peak))
            print(f"{side}x{side}: one core {statistics.median(one):.2f} x pydensecrf2 ({min(one):.2f} to {max(one):.2f}), "
                  f"two threads {statistics.median(two):.2f} x one, "
                  f"peak {memory[-1][0]:.0f} MiB (whole process) against {memory[-1][1]:.0f} MiB (above its start), "
                  f"labels equal {100 * agree:.3f} %")


if __name__ == "__main__":
    main()
