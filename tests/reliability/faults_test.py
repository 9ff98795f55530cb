#!/usr/bin/env python3
"""Faults of disks, permissions, slides, memory and clocks in the middle of a batch: each costs at most its slide, summary.csv names it with
the reason, all else is complete, and the same command completes the folder when the fault is mended.

    WSI_LPD_PROGRAM=build/release/bin/wsi-lpd tests/reliability/faults_test.py WORLD disk_full
"""
import os
import pathlib
import resource
import shutil
import socket
import subprocess
import sys
import time

from bench import Batch, age, check, in_mount_namespace, leftovers, make_hanging_slide, opened_world, results_of, run, skip, summary, wait_for

NOBODY = 65534
MIB = 1 << 20


def mount_tmpfs(place, size):
    place.mkdir(exist_ok=True)
    run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", place])


def remount(place, options):
    run(["mount", "-o", f"remount,{options}", place])


def check_failed(world, batch, words, failed=None):
    """Exit code 3; what is not complete has failed with the reason, in summary.csv and in a line. Which slides those are."""
    batch.end(3)
    results = batch.log.parent / "results"
    rows = summary(results)
    reasons = {slide: row["reason"] for slide, row in rows.items() if row["status"] == "failed"}
    check(reasons, "no slide has failed")
    check(failed is None or reasons.keys() == set(failed), f"failed: {reasons}")
    wrong = [reason for slide, reason in reasons.items() if not reason.startswith(slide + ": ") or not any(word in reason for word in words)]
    check(not wrong, f"these reasons name none of {words}: {wrong}")
    for slide in reasons:
        lines = [line for line in batch.errors() if line.startswith(f"error: {slide}: ")]
        check(len(lines) == 1, f"{slide} failed, and these lines say so: {lines}\n{batch.text()}")
    check(len(batch.errors()) == len(reasons), f"other errors:\n{batch.text()}")
    complete = [slide for slide in world.slides() if slide not in reasons]
    check(all(rows.get(slide, {}).get("status") == "complete" for slide in complete), f"summary.csv lists {sorted(rows)}")
    if complete:
        world.check_same_results(results, complete)
    check(not leftovers(results), f"left over: {leftovers(results)}")
    print(f"failed: {len(reasons)} slides, such as: {next(iter(reasons.values()))}")
    return reasons


def check_refused(batch, code, *words):
    """One line says why nothing was done."""
    batch.end(code)
    check(len(batch.errors()) == 1, f"not one line:\n{batch.text()}")
    check(all(word in batch.errors()[0] for word in words), f"the line does not name {words}:\n{batch.text()}")
    print(batch.errors()[0])


def complete(world, folder, *more):
    Batch(folder, world.arguments(*more)).end(0)
    world.check_complete(folder / "results")


def room_of(files):
    """Bytes that files take, in whole pages."""
    return sum(-(-path.stat().st_size // 4096) * 4096 for path in files)


def disk_full(world):
    in_mount_namespace()
    folder = world.fresh("disk_full")
    results = folder / "results"
    stems = [world.plain / pathlib.Path(slide).relative_to("archive").with_suffix("") for slide in world.slides()]
    smallest = min(room_of(stem.parent.glob(f"{stem.name}.*")) for stem in stems)
    mount_tmpfs(results, room_of(results_of(world.plain).values()) - 2 * smallest)  # the run's own records need less than one slide
    batch = Batch(folder, world.arguments("--report-failures-as", 0))  # which is for faults of slides
    check_failed(world, batch, ["No space left on device"])
    remount(results, "size=64m")
    complete(world, folder)


def disk_full_from_the_begin(world):
    """Not even the journal has room."""
    in_mount_namespace()
    folder = world.fresh("disk_full_from_the_begin")
    mount_tmpfs(folder / "results", "32k")
    with open(folder / "results/other", "wb", buffering=0) as file:
        try:
            while file.write(b"x" * 1024):
                pass
        except OSError:
            pass
    check_refused(Batch(folder, world.arguments()), 1, "No space left on device")
    (folder / "results/other").unlink()
    remount(folder / "results", "size=64m")
    complete(world, folder)


def read_only(world):
    in_mount_namespace()
    folder = world.fresh("read_only")
    mount_tmpfs(folder / "results", "64m")
    remount(folder / "results", "ro")
    check_refused(Batch(folder, world.arguments()), 1, "results", "Read-only file system")
    remount(folder / "results", "rw")
    complete(world, folder)


def as_nobody(*folders):
    """What a process does first, to have no rights but those of files' modes; `folders` become its own."""
    if os.geteuid() != 0:
        return None
    for folder in folders:
        os.chown(folder, NOBODY, NOBODY)

    def give_up_rights():
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    return give_up_rights


def permission_lost(world):
    """OUT can't be written to any more: the slides in work and all later ones fail, one line each, and one line ends it."""
    folder = world.fresh("permission_lost")
    preexec = as_nobody(folder)
    batch = Batch(folder, world.arguments(), preexec)
    results = folder / "results"
    with batch.held_in_work():
        folders = [results, *(path for path in results.iterdir() if path.is_dir() and path.suffix != ".part")]
        for each in folders:
            each.chmod(0o555)
    code = batch.end(1, 3)
    for each in folders:
        each.chmod(0o755)
    check("Permission denied" in batch.text(), f"it says:\n{batch.text()}")
    errors = [line for line in batch.errors() if not any(line.startswith(f"error: {slide}: ") for slide in world.slides())]
    check(len(errors) == (1 if code == 1 else 0), f"exit code {code} and these lines:\n{batch.text()}")
    check("filesystem error" not in batch.text(), f"not in the program's own words:\n{batch.text()}")
    print("\n".join(batch.errors()[-2:]))
    Batch(folder, world.arguments(), preexec).end(0)
    world.check_complete(results)


def slide_unreadable(world):
    """The rights to a slide are lost."""
    folder = world.fresh("slide_unreadable")
    world.copy_of_archive(folder)
    preexec = as_nobody(folder)
    batch = Batch(folder, world.arguments(), preexec)
    slide = world.last_slide()
    with batch.held_in_work():
        (folder / slide).chmod(0)
    check_failed(world, batch, ["Permission denied"], [slide])
    (folder / slide).chmod(0o644)
    Batch(folder, world.arguments(), preexec).end(0)
    world.check_complete(folder / "results")


def check_lost_slides(world, name, lose, words):
    """One slide is lost before its turn, one in work, which may have been read already."""
    folder = world.fresh(name)
    world.copy_of_archive(folder)
    batch = Batch(folder, world.arguments())
    last = world.last_slide()
    with batch.held_in_work() as slide:
        lost = {slide, last}
        for each in lost:
            lose(folder / each)
    failed = check_failed(world, batch, words)
    check(last in failed and lost.issuperset(failed), f"failed: {failed}")
    for each in lost:
        shutil.copy2(world.folder / each, folder / each)
    complete(world, folder)


def slide_vanishes(world):
    check_lost_slides(world, "slide_vanishes", pathlib.Path.unlink, ["No such file", "replaced or changed"])


def slide_truncated(world):
    check_lost_slides(world, "slide_truncated", lambda slide: os.truncate(slide, slide.stat().st_size // 2), [": "])


def file_size_limit(world):
    """`ulimit -f` lets the small slides' files through, and not the large ones'."""
    folder = world.fresh("file_size_limit")

    def largest(slide):
        stem = (world.plain / pathlib.Path(slide).relative_to("archive")).with_suffix("")
        return max(path.stat().st_size for path in stem.parent.glob(stem.name + ".*"))

    small = max(largest(slide) for slide in world.slides() if "/sub/" in slide)
    large = [slide for slide in world.slides() if "/sub/" not in slide]
    limit = (small + min(map(largest, large))) // 2
    check(small < limit, "the small slides' files are not smaller")
    batch = Batch(folder, world.arguments(), lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    check_failed(world, batch, ["File too large"], large)
    complete(world, folder)


def old_parts(world):
    """Parts of shared files that a killed process left are removed when they are old enough for every clock."""
    folder = world.fresh("old_parts")
    results = folder / "results"
    (results / ".failures").mkdir(parents=True)
    parts = [results / f"{name}.host-1-0123abcd.part" for name in ("summary.csv", "config.toml", "run.json", ".failures/a.svs~01.json")]
    for part in parts:
        part.write_text("half")
    Batch(folder, world.arguments()).end(0)
    check(sorted(leftovers(results)) == sorted(part.relative_to(results) for part in parts), "young parts may be a living process's")
    for part in parts:
        age(part)
    complete(world, folder)


def no_room_for_summary(world):
    """Not even summary.csv and run.json may grow to their size: one line says so at the end, no other fault hides it, and the command of
    --notify is told all the same."""
    folder = world.fresh("no_room_for_summary")
    limit = (world.plain / "config.toml").stat().st_size + 50
    check(limit < (world.plain / "run.json").stat().st_size < (world.plain / "summary.csv").stat().st_size, "the limit is too high")
    batch = Batch(folder, world.arguments("--notify", "wc -c >note.txt"), lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    batch.end(1)
    check(int((folder / "note.txt").read_text()) > limit, "--notify got less than run.json")
    last = [line for line in batch.errors() if not any(line.startswith(f"error: {slide}: ") for slide in world.slides())]
    check(last == ["error: writing results/summary.csv: File too large"], f"the last lines are {last}:\n{batch.text()}")
    check("LOG ERROR" not in batch.text(), f"a library speaks:\n{batch.text()}")
    complete(world, folder)


def logs_unwritable(world):
    """Workers' logs are of use, and not worth a batch: a full device for one worker, no file at all for the other."""
    folder = world.fresh("logs_unwritable")
    journal = folder / "results/journal"
    journal.mkdir(parents=True)

    def make_places():
        log = f"{socket.gethostname()}-{os.getpid()}.worker-"
        (journal / f"{log}1.log").symlink_to("/dev/full")
        (journal / f"{log}2.log").mkdir()

    batch = Batch(folder, world.arguments(), make_places)
    batch.end(0)
    warnings = [line for line in batch.text().splitlines() if "the workers' logs can't be written" in line]
    check(len(warnings) == 1 and not batch.errors() and "LOG ERROR" not in batch.text(), f"it says:\n{batch.text()}")
    print(warnings[0])
    for place in journal.glob("*.worker-*.log"):
        place.rmdir() if place.is_dir() else place.unlink()
    world.check_complete(folder / "results")


def failure_written_later(world):
    """A failure that can't be recorded when it happens is recorded at the end."""
    folder = world.fresh("failure_written_later")
    archive = world.copy_of_archive(folder)
    with open(archive / "bad.svs", "wb") as file:
        file.truncate(MIB)  # the largest file is the first
    failures = folder / "results/.failures"
    failures.mkdir(parents=True)
    preexec = as_nobody(folder, folder / "results")
    failures.chmod(0o555)
    batch = Batch(folder, world.arguments(), preexec)
    batch.wait_for_text("warning: ", str(failures.relative_to(folder)))
    failures.chmod(0o777)
    check_failed(world, batch, ["nothing but zeros"], ["archive/bad.svs"])


def out_of_memory(world):
    folder = world.fresh("out_of_memory")
    check_refused(Batch(folder, world.arguments("--slide-memory", 40)), 1, "--slide-memory")
    check(not leftovers(folder / "results"), f"left over: {leftovers(folder / 'results')}")


def hanging_read(world):
    """A worker that hangs in open() is ended twice. A FIFO that has the name of a slide is not even opened, by its name or in a search."""
    folder = world.fresh("hanging_read")
    archive = world.copy_of_archive(folder)
    hanging, pipe = make_hanging_slide(archive), "archive/pipe.svs"
    os.mkfifo(folder / pipe)
    (folder / "list.txt").write_text("".join(f"{slide}\n" for slide in [*world.slides(), hanging, pipe]))
    seconds = max(5, round(world.seconds()))
    reasons = check_failed(world, Batch(folder, world.arguments("--slide-timeout", seconds, source="list.txt")),
                           [f"took longer than {seconds} s (--slide-timeout)", "is no regular file"], [hanging, pipe])
    check("regular file" in reasons[pipe] and "twice" in reasons[hanging], f"failed: {reasons}")
    (archive / "hangs.mrxs").unlink()
    batch = Batch(folder, [word for word in world.arguments() if word != "--quiet"])
    batch.end(0, limit=120)
    check("special file" in batch.text(), f"it says:\n{batch.text()}")


def clock_jumps(world):
    """The wall clock jumps by a day, to and fro, while slides are in work."""
    places = [os.environ.get("WSI_LPD_FAKETIME"), *map(str, pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))]
    library = next((place for place in places if place and pathlib.Path(place).exists()), None)
    if not library:
        skip("no libfaketime here (Debian's package libfaketime)")
    folder = world.fresh("clock_jumps")
    clock = folder / "clock"
    clock.write_text("+0\n")
    batch = Batch(folder, world.arguments(), env={"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1",
                                                  "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"})
    jumps = 0
    while not batch.is_over():
        time.sleep(0.3)
        other = folder / "clock.new"
        other.write_text(("+1d", "-1d", "+0")[jumps % 3] + "\n")
        other.rename(clock)
        jumps += 1
    batch.end(0)
    check(jumps > 2, f"only {jumps} jumps")
    check("tried once more" not in batch.text() and "taken over" not in batch.text(), f"it says:\n{batch.text()}")
    days = {line.split()[0] for log in (folder / "results/journal").glob("*.log") for line in log.read_text().splitlines()}
    check(len(days) > 1, f"the clock did not jump: {days}")
    print(f"{jumps} jumps of a day")
    world.check_complete(folder / "results")


def vfat(world):
    """A file system without hard links, symbolic links, owners and fine times; with a kill -9 of all, too."""
    in_mount_namespace()
    folder = world.fresh("vfat")
    mkfs = shutil.which("mkfs.fat", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if not mkfs:
        skip("no mkfs.fat here (Debian's package dosfstools)")
    image, results = folder / "image", folder / "results"
    with open(image, "wb") as file:
        file.truncate(64 * MIB)
    run([mkfs, image])
    results.mkdir()
    mounted = subprocess.run(["mount", "-t", "vfat", "-o", "loop", image, results], stderr=subprocess.PIPE, text=True, check=False)
    if mounted.returncode != 0:
        skip("vfat can't be mounted: " + mounted.stderr.strip())
    try:
        batch = Batch(folder, world.arguments())
        batch.wait_for_work()
        workers = batch.workers()
        batch.kill("all", None)
        wait_for(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in workers), "the end of the workers")
        complete(world, folder)
    finally:
        run(["umount", results])


CASES = (disk_full, disk_full_from_the_begin, read_only, permission_lost, slide_unreadable, slide_vanishes, slide_truncated, file_size_limit,
         old_parts, no_room_for_summary, logs_unwritable, failure_written_later, out_of_memory, hanging_read, clock_jumps, vfat)


def main():
    cases = {case.__name__: case for case in CASES}
    world = opened_world(sys.argv[1])
    for name in sys.argv[2:] or cases:
        cases[name](world)
        print(f"{name}: passed", flush=True)


if __name__ == "__main__":
    main()
