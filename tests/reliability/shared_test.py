#!/usr/bin/env python3
"""Two batches in one folder: one is killed, or stopped for longer than a lock may be silent.

    WSI_LPD_PROGRAM=build/release/bin/wsi-lpd tests/reliability/shared_test.py WORLD --rounds 20
"""
import argparse
import random
import shutil
import signal
import time

from bench import SLOW, Batch, age, can_have_hosts, check, leftovers, opened_world, results_of, send, wait_for


def test_one_is_killed(world, seed, rounds):
    """The other one goes on, takes over what it can, and a third completes the folder."""
    moments = random.Random(seed)
    for _ in range(rounds):
        first, second = world.fresh("shared"), world.fresh("shared-2")
        (first / "results").mkdir()
        (second / "results").symlink_to(first / "results")
        killed, other = Batch(first, world.arguments()), Batch(second, world.arguments())
        time.sleep(moments.uniform(0.3, 1.5) * world.seconds())
        killed.kill(moments.choice(("batch", "all")), moments)
        code = other.end(0, 4)
        check(not other.errors(), f"the other batch says:\n{other.text()}")
        if code == 4:  # the workers of the killed one took a moment to end
            Batch(second, world.arguments()).end(0)
        for name in leftovers(first / "results"):
            kind = (str(name.parent), name.suffix)
            check(kind in {(".", ".part"), ("journal", ".lock")}, f"{name} is left")
            age(first / "results" / name)
            Batch(second, world.arguments()).end(0)
        world.check_complete(first / "results")
        shutil.rmtree(second)


def states(results):
    """Of all result files: what replaces or changes one of them changes this."""
    return {name: (path.stat().st_ino, path.stat().st_mtime_ns, path.stat().st_size) for name, path in results_of(results).items()
            if name.name not in {"summary.csv", "config.toml"}}


def test_one_is_stopped(world, hosts=(None, None)):
    """It resumes after its locks have been taken over: it notices, and writes nothing."""
    folder = world.fresh("shared")
    stopped = Batch(folder, world.arguments(*SLOW), host=hosts[0])
    stopped.wait_for_work()
    log = stopped.log.rename(folder / "stopped.txt")
    stopped.log = log
    everyone = [stopped.pid, *stopped.workers()]
    send(signal.SIGSTOP, everyone)
    results = folder / "results"
    locks = list(results.rglob("*.lock"))
    check(any(lock.parent.name == "journal" for lock in locks) and len(locks) > 1, f"locks: {locks}")
    for lock in locks:
        age(lock)
    second = Batch(folder, world.arguments(*SLOW), host=hosts[1])
    try:
        second.end(0)
        check(f"taken over from {hosts[0] or ''}" in second.text(), f"the second batch says:\n{second.text()}")
        check(not leftovers(results), f"left over: {leftovers(results)}")
        before = states(results)
    finally:
        send(signal.SIGCONT, everyone)
    stopped.end(0)
    lost = [line for line in stopped.text().splitlines() if "thrown away" in line]
    check(lost and all("has taken it over" in line for line in lost), f"the stopped batch says:\n{stopped.text()}")
    check(not stopped.errors(), f"the stopped batch says:\n{stopped.text()}")
    check(states(results) == before, "the stopped batch has written results")
    wait_for(lambda: not leftovers(results), "the end of the last lock", 10)


def test_a_host_dies(world):
    """Its slides are left to it, as it may be alive, until its locks have been silent for long."""
    folder = world.fresh("shared")
    results = folder / "results"
    dead = Batch(folder, world.arguments(*SLOW), host="host-1")
    dead.wait_for_work()
    dead.kill("all", random.Random(1))
    slides = list(results.rglob("slide*.lock"))
    check(slides, "there is no lock of a slide")
    other = Batch(folder, world.arguments(*SLOW), host="host-2")
    other.end(4)
    check(other.text().count("in work elsewhere, by host-1 pid") == len(slides), f"the other host says:\n{other.text()}")
    for name in leftovers(results):
        age(results / name)
    other = Batch(folder, world.arguments(*SLOW), host="host-2")
    other.end(0)
    check("taken over from host-1" in other.text(), f"the other host says:\n{other.text()}")
    check(not leftovers(results), f"left over: {leftovers(results)}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("world")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    world = opened_world(given.world)
    test_one_is_killed(world, given.seed, given.rounds)
    test_one_is_stopped(world)
    if can_have_hosts():
        test_one_is_stopped(world, ("host-1", "host-2"))
        test_a_host_dies(world)
    else:
        print("skipped: two hosts, for want of the right to unshare namespaces")


if __name__ == "__main__":
    main()
