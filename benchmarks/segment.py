#!/usr/bin/env python3
"""Segmentation of one slide against other programs, in turns; prints ratios of wall time, processor seconds and peak memory, start-up included.

    benchmarks/segment.py build/release/bin/wsi-lpd SLIDE --model MODEL 'python peer_loop.py {slide} {out}.tif --no-mask' ... [--pairs 5]
                          [-- SEGMENT OPTIONS, e.g. --mpp 0.31 --precision fp32]

Every other command gets {slide} and {out}, a path that doesn't exist. Ours takes all tiles without overlap, as a plain loop does; other options
of `segment` follow after --. A run in which the processors were taken away (CPU seconds per second below nine tenths of the median) is named.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time


def tree_rss_mib(pid):
    """Resident memory of a process and all below it; shared pages count once."""
    total, todo = 0, [pid]
    while todo:
        process = todo.pop()
        try:
            todo += map(int, pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split())
            for line in pathlib.Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        except OSError:
            pass
    return total / 1024


def measure(command):
    """Wall seconds, processor seconds (children included) and peak memory in MiB."""
    before, start = os.times(), time.perf_counter()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, shell=isinstance(command, str), stdout=log, stderr=log)
        peak, done = [0.0], threading.Event()

        def watch():
            while not done.wait(0.2):
                peak[0] = max(peak[0], tree_rss_mib(process.pid))

        thread = threading.Thread(target=watch)
        thread.start()
        code = process.wait()
        wall, after = time.perf_counter() - start, os.times()
        done.set()
        thread.join()
        if code != 0:
            log.seek(0)
            sys.exit(f"{command}: exit status {code}\n{log.read().decode(errors='replace')[-2000:]}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu, peak[0]


def main():
    options = []
    if "--" in sys.argv:
        at = sys.argv.index("--")
        sys.argv, options = sys.argv[:at], sys.argv[at + 1:]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("slide", type=pathlib.Path)
    parser.add_argument("others", nargs="*", help="commands to compare with")
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--pairs", type=int, default=5)
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        ours_command = [arguments.program.resolve(), "segment", arguments.slide, "--model", arguments.model, "--tissue", "none", "--overlap", "0",
                        "--normalisation", "tile", "--quiet", *options]
        ratios = {other: [] for other in arguments.others}
        runs = []

        def ours():
            runs.append(measure(list(map(str, [*ours_command, "-o", pathlib.Path(folder) / f"ours{len(runs)}"]))))
            return runs[-1]

        if not arguments.others:
            for _ in range(arguments.pairs):
                ours()
        for pair in range(arguments.pairs):
            for number, other in enumerate(arguments.others):
                mine = ours()
                theirs = measure(other.format(slide=arguments.slide.resolve(), out=pathlib.Path(folder) / f"theirs{number}-{pair}"))
                ratios[other].append([b / a for a, b in zip(mine, theirs)])
                print(f"pair {pair + 1}: wall {mine[0]:.1f} / {theirs[0]:.1f} s, cpu {mine[1]:.0f} / {theirs[1]:.0f} s, memory {mine[2]:.0f} / "
                      f"{theirs[2]:.0f} MiB, theirs ÷ ours {theirs[0] / mine[0]:.2f}   {other[:60]}", flush=True)
        usual = statistics.median(cpu / wall for wall, cpu, _ in runs)
        for number, (wall, cpu, _) in enumerate(runs):
            if cpu / wall < 0.9 * usual:
                print(f"run {number + 1} of ours had only {cpu / wall:.2f} processors instead of {usual:.2f}: drop its pair")
        print("\n| theirs ÷ ours (median, least to most) | wall time | processor time | peak memory |\n|---|---|---|---|")
        for other, values in ratios.items():
            cells = [f"{statistics.median(column):.2f} ({min(column):.2f} to {max(column):.2f})" for column in zip(*values)]
            print(f"| `{other}` | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
