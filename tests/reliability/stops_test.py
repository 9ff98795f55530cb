#!/usr/bin/env python3
"""SIGTERM and SIGINT, as from a scheduler and from a terminal: how fast a batch ends, with which code, and what it leaves.

    WSI_LPD_PROGRAM=build/release/bin/wsi-lpd tests/reliability/stops_test.py WORLD
"""
import pathlib
import signal
import sys
import time

from bench import SLOW, Batch, check, leftovers, make_hanging_slide, opened_world, send, wait_for

LIMIT = 10  # seconds, of schedulers that kill after that
LINE = "error: stopped by the user; what is finished is kept"


def stop(batch, *signals):
    """Sends signals to the batch alone; how long it takes to end, and its code."""
    workers = batch.workers()
    begun = time.monotonic()
    for each in signals:
        wait_for(lambda: batch.is_over() or not has_pending_signal(batch.pid), "the signal's handler")  # two that wait would be one
        send(each, [batch.pid])
    code = batch.end(limit=60)
    return time.monotonic() - begun, code, workers


def has_pending_signal(pid):
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    return any(int(line.split()[1], 16) for line in status.splitlines() if line.startswith(("SigPnd:", "ShdPnd:")))


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def check_stopped(batch, seconds, code, wanted):
    check(code == wanted, f"ended with {code}, not {wanted}:\n{batch.text()}")
    check(seconds < LIMIT, f"took {seconds:.1f} s to end")


def test_terminate(world):
    """While workers start, while they work and while they load a slide: code 143, one line, nothing left. So when a terminal is closed."""
    for moment, signum in (("start", signal.SIGTERM), ("work", signal.SIGTERM), ("later", signal.SIGTERM), ("work", signal.SIGHUP)):
        folder = world.fresh("stops")
        batch = Batch(folder, world.arguments(*SLOW))
        if moment == "start":
            wait_for(lambda batch=batch: batch.workers() or batch.is_over(), "workers")
        else:
            batch.wait_for_work("slide-2" if moment == "later" else "")
        seconds, code, workers = stop(batch, signum)
        print(f"{signum.name}, {moment}: {seconds:.2f} s")
        check_stopped(batch, seconds, code, 128 + signum)
        check(batch.errors() == [LINE], f"it says:\n{batch.text()}")
        check(not any(map(is_running, workers)), "a worker outlives its batch")
        check(not leftovers(folder / "results"), f"left over: {leftovers(folder / 'results')}")


def test_interrupt_twice(world):
    """The first Ctrl-C waits for the workers, which do not answer here; the second ends the batch at once. Its workers end with it; the
    next run completes the folder."""
    folder = world.fresh("stops")
    batch = Batch(folder, world.arguments())
    batch.wait_for_work()
    send(signal.SIGSTOP, batch.workers())
    seconds, code, workers = stop(batch, signal.SIGINT, signal.SIGINT)
    print(f"SIGINT twice: {seconds:.2f} s")
    check_stopped(batch, seconds, code, 130)
    check(not batch.text().count("stopped by the user"), "it has ended in good order and not at once")
    wait_for(lambda: not any(map(is_running, workers)), "the end of the workers", LIMIT)
    Batch(folder, world.arguments()).end(0)
    world.check_complete(folder / "results")


def test_terminate_while_a_read_hangs(world):
    """A worker that hangs in a file server's read does not keep its batch."""
    folder = world.fresh("stops")
    (folder / "list.txt").write_text(make_hanging_slide(world.copy_of_archive(folder)) + "\n")
    batch = Batch(folder, world.arguments(source="list.txt"))
    wait_for(lambda: batch.is_over() or list((folder / "results").glob("*.lock")), "the slide's lock")
    seconds, code, workers = stop(batch, signal.SIGTERM)
    print(f"SIGTERM while a read hangs: {seconds:.2f} s")
    check_stopped(batch, seconds, code, 143)
    wait_for(lambda: not any(map(is_running, workers)), "the end of the workers", LIMIT)


def main():
    world = opened_world(sys.argv[1])
    test_terminate(world)
    test_interrupt_twice(world)
    test_terminate_while_a_read_hangs(world)


if __name__ == "__main__":
    main()
