#!/usr/bin/env python3
"""Segmentation of one slide against other programs, in turns; prints ratios of wall time, processor seconds and peak memory, start-up included.

    benchmarks/segment.py build/release/bin/wsi-lpd SLIDE --model MODEL [--against 'python peer_loop.py {slide} {out}.tif --no-mask' ...]
                          [--rounds 5] [--variant='--precision fp32'] [-- SEGMENT OPTIONS, e.g. --mpp 0.31]

Every other command gets {slide} and {out}, a path that doesn't exist. Ours takes all tiles without overlap, as a plain loop does; other options
of `segment` follow after --; each --variant is one more run of ours in every round. A run in which the processors were taken away (CPU
seconds per second below nine tenths of the median) is named.
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
    parser.add_argument("--against", nargs="*", default=[], help="commands to compare with")
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--variant", action="append", default=[""], help="run ours with these options, too; e.g. --variant='--precision fp32'")
    arguments = parser.parse_args(sys.argv[1:])

    runs = {}  # command: [(wall, cpu, memory) of each round]
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(arguments.rounds):
            for number, variant in enumerate(arguments.variant):
                command = [arguments.program.resolve(), "segment", arguments.slide, "--model", arguments.model, "--tissue", "none", "--overlap", "0",
                           "--normalisation", "tile", "--quiet", *options, *variant.split(), "-o", pathlib.Path(folder) / f"ours{turn}-{number}"]
                runs.setdefault(f"ours {variant}".strip(), []).append(measure(list(map(str, command))))
            for number, other in enumerate(arguments.against):
                command = other.format(slide=arguments.slide.resolve(), out=pathlib.Path(folder) / f"theirs{turn}-{number}")
                runs.setdefault(other, []).append(measure(command))
            for name, measured in runs.items():
                wall, cpu, memory = measured[-1]
                print(f"round {turn + 1}: wall {wall:6.1f} s, cpu {cpu:6.1f} s, memory {memory:5.0f} MiB   {name[-70:]}", flush=True)
    for name, measured in runs.items():
        usual = statistics.median(cpu / wall for wall, cpu, _ in measured)
        for turn, (wall, cpu, _) in enumerate(measured):
            if cpu / wall < 0.9 * usual:
                print(f"round {turn + 1} of {name} had only {cpu / wall:.2f} processors instead of {usual:.2f}: don't count it")
    print("\n| theirs ÷ ours (median, least to most) | ours | wall time | processor time | peak memory |\n|---|---|---|---|---|")
    for other in arguments.against:
        for variant in arguments.variant:
            ratios = [[b / a for a, b in zip(*pair)] for pair in zip(runs[f"ours {variant}".strip()], runs[other])]
            cells = [f"{statistics.median(column):.2f} ({min(column):.2f} to {max(column):.2f})" for column in zip(*ratios)]
            print(f"| `{other}` | {variant} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
