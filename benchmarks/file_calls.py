#!/usr/bin/env python3
"""System calls per slide on the files of an archive and of a folder of results, which a file server has to answer where they lie on one.

    benchmarks/file_calls.py build/release/bin/wsi-lpd SLIDE --model MODEL [-- BATCH OPTIONS, e.g. --mpp 0.5]

Runs `batch` under strace on one copy of SLIDE and on three, and prints half the difference: what one more slide costs, without what a
batch costs once. In three cases: the slide is segmented, its results are complete, and it belongs to another shard.
"""
import collections
import pathlib
import re
import shutil
import subprocess
import tempfile

import commands

KINDS = {"open": "openat open creat", "stat": "newfstatat stat lstat statx access readlink fstat", "read": "read pread64",
         "write": "write pwrite64 writev", "sync": "fsync fdatasync", "rename": "rename renameat renameat2", "remove": "unlink unlinkat rmdir",
         "make a folder": "mkdir mkdirat", "list a folder": "getdents64", "set a time": "utimensat", "close": "close"}
KIND = {call: kind for kind, calls in KINDS.items() for call in calls.split()}
PLACE = re.compile(r'(?<!AT_FDCWD)<(/[^>]*)>|"(/[^"]*)"')  # of the file that the call is about: the first
MOVED = re.compile(r"= (\d+)$")


def calls(command, folders, trace):
    """Counts of (folder, kind), and bytes of (folder, "read" or "write")."""
    subprocess.run(["strace", "-f", "-y", "-qq", "-e", "trace=%file,%desc", "-o", trace, *command], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    count = collections.Counter()
    for line in open(trace, errors="replace"):
        call = re.match(r"\d+ +(?:<\.\.\. )?(\w+)", line)
        place = PLACE.search(line)
        name = next((name for name, folder in folders.items() if place and str(folder) in place[0]), None)
        if not call or not name or "resumed>" in line or call[1] not in KIND:
            continue
        count[name, KIND[call[1]]] += 1
        if KIND[call[1]] in ("read", "write") and (moved := MOVED.search(line.rstrip())):
            count[name, KIND[call[1]] + ": bytes"] += int(moved[1])
    return count


def main():
    parser = commands.parser_of(__doc__)
    parser.add_argument("slide", type=pathlib.Path)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    arguments = commands.parse(parser)
    counts = collections.defaultdict(dict)  # case: slides: counts
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for slides in (1, 3):
            archive, results, other = (folder / f"{name}{slides}" for name in ("archive", "results", "other"))
            archive.mkdir()
            for i in range(slides):
                shutil.copy(arguments.slide, archive / f"{i}{arguments.slide.suffix}")
            # One thread, so that strace cuts no call in two.
            base = [arguments.program, "batch", archive, "--model", arguments.model, "--quiet", "--threads", "1", *arguments.options]
            for case, output, options in (("segmented", results, []), ("complete", results, []), ("of another shard", other, ["--shard", "1000/1000"])):
                counts[case][slides] = calls([*map(str, [*base, "-o", output, *options])], {"archive": archive, "results": output}, folder / "trace")
    keys = sorted({key for case in counts.values() for count in case.values() for key in count})
    print("| on | call | " + " | ".join(counts) + " |\n|" + "---|" * (len(counts) + 2))
    for name, kind in keys:
        cells = [f"{(case[3][name, kind] - case[1][name, kind]) / 2:g}" for case in counts.values()]
        print(f"| {name} | {kind} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
