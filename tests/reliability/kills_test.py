#!/usr/bin/env python3
"""kill -9 at random moments of a batch: of the batch, of a worker, of all at once. The same command resumes it, perhaps to be killed again.
In the end the results are those of an undisturbed batch, and nothing is left over.

    WSI_LPD_PROGRAM=build/release/bin/wsi-lpd tests/reliability/kills_test.py WORLD --moments 200
"""
import argparse
import collections
import random
import shutil
import time

from bench import Batch, age, check, leftovers, opened_world

KINDS = ("batch", "worker", "all")
AGAIN = 0.5  # probability that a resumed batch is killed, too


class Kills:
    def __init__(self, world, seed):
        self.world = world
        self.random = random.Random(seed)
        self.folder = world.fresh("kills")
        self.count = collections.Counter()

    def disturbed(self):
        """One run of the command with a kill -9. True when it went to its end in spite of that."""
        batch = Batch(self.folder, self.world.arguments())
        moment = self.random.uniform(0, 1.1 * self.world.seconds())
        while time.monotonic() - batch.begun < moment and not batch.is_over():
            time.sleep(0.002)
        kind = self.random.choice(KINDS)
        if batch.is_over() or not batch.kill(kind, self.random):
            self.count["moments after the end or before the workers"] += 1
            return self.ended(batch)
        self.count["kills of " + kind] += 1
        self.count["kills"] += 1
        return kind == "worker" and self.ended(batch)

    def ended(self, batch):
        """The end of a run that lives: well, or with the line that a worker did not even start."""
        code = batch.end(0, 1, 4)
        self.count["takeovers"] += batch.text().count("taken over from")
        self.count["second tries"] += batch.text().count("it is tried once more")
        if code == 1:
            check("before it was ready" in batch.text(), f"failed:\n{batch.text()}")
            check(len(batch.errors()) == 1, f"more than one line of errors:\n{batch.text()}")
        return code == 0

    def resume(self):
        """Until nothing is in work elsewhere: the workers of a batch that was killed take a moment to end."""
        for _ in range(20):
            self.count["resumes"] += 1
            if self.ended(Batch(self.folder, self.world.arguments())):
                return
            self.count["resumes that left slides to dying workers"] += 1
        raise AssertionError("twenty batches do not complete the folder")

    def remove_parts(self):
        """Parts of shared files stay until they are ten minutes old: their process may live on another machine."""
        parts = [name for name in leftovers(self.folder / "results") if name.suffix == ".part"]
        if not parts:
            return
        self.count["parts of shared files"] += len(parts)
        for name in parts:
            check(str(name.parent) in {".", ".failures"}, f"{name} is left after a resume")
            age(self.folder / "results" / name)
        Batch(self.folder, self.world.arguments()).end(0)

    def go(self, moments):
        while self.count["kills"] < moments:
            self.count["folders"] += 1
            is_complete = self.disturbed()
            while self.count["kills"] < moments and self.random.random() < AGAIN:
                is_complete = self.disturbed()
            if not is_complete:
                self.resume()
            self.remove_parts()
            self.world.check_complete(self.folder / "results")
            shutil.rmtree(self.folder / "results")
            print(f"{self.count['kills']} of {moments} kills, {self.count['folders']} folders complete", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("world")
    parser.add_argument("--moments", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    begun = time.monotonic()
    kills = Kills(opened_world(given.world), given.seed)
    try:
        kills.go(given.moments)
    finally:
        print(f"seed {given.seed}, {time.monotonic() - begun:.0f} s: " + ", ".join(f"{n} {what}" for what, n in kills.count.items()))


if __name__ == "__main__":
    main()
