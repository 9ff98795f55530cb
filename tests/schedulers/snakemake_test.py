#!/usr/bin/env python3
"""examples/snakemake by a real Snakemake: killed in the middle with all its jobs, run again, and in the end the results are those of one
plain batch. Another run has nothing to do, until the archive changes.

    WSI_LPD_PROGRAM=build/release/bin/wsi-lpd tests/schedulers/snakemake_test.py WORLD    # WORLD: of world.py
"""
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import world
from world import check, run, wait_for

SHARDS = 3


def test(our, folder, snakemake, say):
    results = folder / "results"
    mark = f"WSI_LPD_TEST={folder}"
    environment = world.environment(WSI_LPD_TEST=str(folder), HOME=str(folder), XDG_CACHE_HOME=str(folder / "cache"))

    def command(archive, *more):
        return [snakemake, "--snakefile", world.EXAMPLES / "snakemake/Snakefile", "--cores", 2, "--nocolor", *more, "--config",
                f"archive={archive}", f"results={results}", f"model={our.model}", f"shards={SHARDS}", "threads=1", "memory_mb=4000",
                "device=cpu"]

    def snake(archive, *more, codes=(0,)):
        return run(command(archive, *more), codes, cwd=folder, env=environment)

    start = time.monotonic()
    with open(folder / "first.log", "wb") as log:
        first = subprocess.Popen([str(word) for word in command(our.archive)], cwd=folder, env=environment, stdout=log, stderr=log,
                                 start_new_session=True)
    def at_second_slide():
        """Stops the programs where one has a slide done and another in work."""
        check(first.poll() is None, f"Snakemake ended early:\n{(folder / 'first.log').read_text()}")
        if not (list(results.rglob("*.json")) and list(results.rglob("*.lock"))):
            return None
        ours = world.processes(lambda variables: mark.encode() in variables)
        programs = [pid for pid in ours if world.name_of(pid) == "wsi-lpd"]
        world.send(signal.SIGSTOP, programs)
        if list(results.rglob("*.json")) and list(results.rglob("*.lock")):
            return ours
        world.send(signal.SIGCONT, programs)
        return None

    ours = wait_for(at_second_slide, "a slide in work, after another is done")
    say(f"killing Snakemake and its jobs; {len(list(results.rglob('*.geojson')))} slides are done")
    world.send(signal.SIGKILL, [first.pid, *ours])
    first.wait()
    check("LockException" in snake(our.archive, codes=(1,)), "Snakemake's own lock is left")
    snake(our.archive, "--unlock")
    said = snake(our.archive, "--rerun-incomplete")
    print(said)
    say(f"ended, with the kill, after {time.monotonic() - start:.0f} s")
    check(f"{SHARDS + 2} of {SHARDS + 2} steps (100%) done" in said, "all jobs ran")
    logs = "".join(log.read_text() for log in sorted((folder / "logs").rglob("*.log")))
    check("taken over from" in logs, f"the slide of the killed job is taken over: {logs}")
    shards = "".join(log.read_text() for log in (folder / "logs").rglob("shard-*.log"))
    check(re.search("[1-9][0-9]* already done", shards), f"the batch resumes: {logs}")
    say(f"{our.check_same_results(results)} files are those of the plain batch, byte for byte")
    check((results / "report/index.html").exists(), "the report is there")

    check("Nothing to be done" in snake(our.archive), "an archive that has not changed is left alone")
    tonight = folder / "tonight"
    tonight.mkdir()
    for part in our.archive.iterdir():
        (tonight / part.name).symlink_to(part)
    (tonight / "broken.svs").write_text("nothing")
    snake(tonight)
    check("broken.svs" in (results / "report/index.html").read_text(), "a slide that came is in the report, though it is broken")
    say("a broken slide that came was reported, and stopped nothing")
    check("Nothing to be done" in snake(tonight), "and is not tried again until the archive changes")


def main():
    snakemake = world.find_snakemake()
    if not snakemake:
        world.skip("no snakemake here (scripts/setup --schedulers)")
    our = world.World(pathlib.Path(sys.argv[1]))
    start = time.monotonic()
    say = lambda line: print(f"[{time.monotonic() - start:5.1f} s] {line}", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="wsi-lpd-snakemake-"))
    try:
        test(our, folder, snakemake, say)
    except BaseException:
        say(f"what was written is kept in {folder}")
        raise
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
