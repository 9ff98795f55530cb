#!/usr/bin/env python3
"""Segmentation of one slide against other programs, in turns; prints ratios of wall time, processor seconds and peak memory, start-up included.

    benchmarks/segment.py build/release/bin/wsi-lpd SLIDE --model MODEL [--against 'python peer_loop.py {slide} {out}.tif --no-mask' ...]
                          [--rounds 5] [--variant='--precision fp32'] [-- SEGMENT OPTIONS, e.g. --mpp 0.31]

Every other command gets {slide} and {out}, a path that doesn't exist. Ours takes all tiles without overlap, as a plain loop does; other options
of `segment` follow after --; each --variant is one more run of ours in every round. A run in which the processors were taken away (CPU
seconds per second below nine tenths of the median) is named.
"""
import pathlib
import statistics
import tempfile

import commands


def main():
    parser = commands.parser_of(__doc__)
    parser.add_argument("slide", type=pathlib.Path)
    parser.add_argument("--against", nargs="*", default=[], help="commands to compare with")
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--variant", action="append", default=[""], help="run ours with these options, too; e.g. --variant='--precision fp32'")
    arguments = commands.parse(parser)

    runs = {}  # command: [(wall, cpu, memory) of each round]
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(arguments.rounds):
            for number, variant in enumerate(arguments.variant):
                command = [arguments.program, "segment", arguments.slide, "--model", arguments.model, "--tissue", "none", "--overlap", "0",
                           "--normalisation", "tile", "--quiet", *arguments.options, *variant.split(), "-o", pathlib.Path(folder) / f"ours{turn}-{number}"]
                runs.setdefault(f"ours {variant}".strip(), []).append(commands.measure(list(map(str, command))))
            for number, other in enumerate(arguments.against):
                command = other.format(slide=arguments.slide.resolve(), out=pathlib.Path(folder) / f"theirs{turn}-{number}")
                runs.setdefault(other, []).append(commands.measure(command))
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
