#!/usr/bin/env python3
"""Many small slides in one batch: memory and open files of the batch and of its workers do not grow.

    WSI_LPD_PROGRAM=build/release/bin/wsi-lpd tests/reliability/flat_test.py WORLD --slides 1000
"""
import argparse
import os
import pathlib
import shutil
import statistics
import time

from bench import Batch, check, leftovers, opened_world, summary

MIB = 1 << 20


def resident(pid):
    """Bytes of memory and the number of open files."""
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE"), len(os.listdir(f"/proc/{pid}/fd"))


class Samples:
    """Of one process, with the number of slides that were done at that time."""

    def __init__(self):
        self.done, self.memory, self.files = [], [], []

    def add(self, done, memory, files):
        self.done.append(done)
        self.memory.append(memory)
        self.files.append(files)

    def between(self, values, first, last, slides):
        return [value for done, value in zip(self.done, values) if first * slides <= done < last * slides]


def watch(batch, results, slides):
    """Until the batch ends."""
    samples = {}
    while not batch.is_over():
        done = sum(1 for _ in results.glob("*.json"))
        for name, pid in (("batch", batch.pid), *((f"worker {pid}", pid) for pid in batch.workers())):
            try:
                memory, files = resident(pid)
            except OSError:  # it has just ended
                continue
            samples.setdefault(name, Samples()).add(done, memory, files)
        time.sleep(max(0.05, batch_interval(slides)))
    return samples


def batch_interval(slides):
    return min(1.0, slides / 1000)


def check_flat(name, samples, slides, growth):
    """The last fifth against the second."""
    early, late = (samples.between(samples.memory, *share, slides) for share in ((0.2, 0.4), (0.8, 1.01)))
    early_files, late_files = (samples.between(samples.files, *share, slides) for share in ((0.2, 0.4), (0.8, 1.01)))
    check(len(early) > 2 and len(late) > 2, f"{name}: {len(early)} and {len(late)} samples are too few")
    before, after = statistics.median(early) / MIB, statistics.median(late) / MIB
    print(f"{name}: {len(samples.done)} samples, {before:.1f} MiB early and {after:.1f} MiB late (most {max(samples.memory) / MIB:.1f}), "
          f"{statistics.median(early_files):.0f} and {statistics.median(late_files):.0f} open files (most {max(samples.files)})")
    check(after - before < growth, f"{name}: its memory has grown by {after - before:.1f} MiB")
    check(statistics.median(late_files) <= statistics.median(early_files) + 2, f"{name}: more and more files are open")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("world")
    parser.add_argument("--slides", type=int, default=60)
    given = parser.parse_args()
    # AddressSanitizer keeps what is freed, up to 256 MiB of it, which would look like a leak.
    os.environ["ASAN_OPTIONS"] = f"{os.environ.get('ASAN_OPTIONS', '')}:quarantine_size_mb=1:thread_local_quarantine_size_kb=64"
    world = opened_world(given.world)
    folder = world.fresh("flat")
    (folder / "archive").unlink()
    world.paint(folder / "archive", 4, 200, 160)
    patterns = sorted((folder / "archive").iterdir())
    for i in range(given.slides):
        shutil.copyfile(patterns[i % len(patterns)], folder / f"archive/s{i:04}.tif")
    for pattern in patterns:
        pattern.unlink()
    begun = time.monotonic()
    batch = Batch(folder, world.arguments())
    samples = watch(batch, folder / "results", given.slides)
    batch.end(0)
    seconds = time.monotonic() - begun
    print(f"{given.slides} slides in {seconds:.0f} s")
    rows = summary(folder / "results")
    check(len(rows) == given.slides and all(row["status"] == "complete" for row in rows.values()), f"{len(rows)} slides in summary.csv")
    check(not leftovers(folder / "results"), f"left over: {leftovers(folder / 'results')}")
    lasting = [name for name, each in samples.items() if each.done[0] < given.slides]  # a sanitizer starts a process when the batch ends
    check(len(lasting) == 3, f"processes: {sorted(samples)}")
    for name in lasting:
        check_flat(name, samples[name], given.slides, 4 if name == "batch" else 16)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
