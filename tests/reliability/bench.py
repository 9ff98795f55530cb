"""What the tests of reliability share: a small archive with a model and the results of an undisturbed batch, batches that can be
disturbed, and the comparison of results.

    WSI_LPD_PROGRAM=build/release/bin/wsi-lpd tests/reliability/bench.py WORLD    # makes the world in this folder
"""
import contextlib
import csv
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "schedulers"))
from world import PROGRAM, check, environment, results_of, run, send, skip, wait_for  # noqa: E402

MEASURED = {"seconds", "peak_memory_bytes"}  # in slide.json and summary.csv: different in each run
SLOW = ("--overlap", 0.9, "--batch-size", 1)
LONG_AGO = 660  # seconds: older than what the program may take for a living process's

__all__ = ["PROGRAM", "SLOW", "Batch", "World", "age", "can_have_hosts", "check", "environment", "in_mount_namespace", "leftovers",
           "make_hanging_slide", "opened_world", "results_of", "run", "send", "skip", "summary", "wait_for"]


def summary(results):
    """summary.csv as a dictionary: slide to the fields by name."""
    with open(results / "summary.csv", newline="", encoding="utf-8") as file:
        return {row["slide"]: row for row in csv.DictReader(file)}


def leftovers(results):
    """Parts and locks anywhere in a folder of results."""
    return sorted(path.relative_to(results) for path in results.rglob("*") if path.suffix in {".part", ".lock"})


def make_hanging_slide(archive):
    """A slide whose opening never ends, as on a dead file server: a MIRAX slide whose index is a FIFO without a writer."""
    (archive / "hangs").mkdir()
    os.mkfifo(archive / "hangs/Slidedat.ini")
    (archive / "hangs.mrxs").write_bytes(b"MIRAX")
    return "archive/hangs.mrxs"


def age(path):
    """As if nobody had touched the file for longer than the limit of a lock."""
    then = path.stat().st_mtime - LONG_AGO
    os.utime(path, (then, then))


def comparable(path):
    """The bytes of a result without what was measured in its run."""
    if path.name == "summary.csv":
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        return json.dumps([{name: value for name, value in row.items() if name not in MEASURED} for row in rows])
    if path.suffix == ".json":
        content = json.loads(path.read_text(encoding="utf-8"))
        return json.dumps({name: value for name, value in content.items() if name not in MEASURED})
    return path.read_bytes()


def children(pid):
    try:
        return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def on_host(name):
    """What goes before a command that shall run as on another host: with another host name, its own process ids and its own mounts."""
    rights = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", *rights, "--uts", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", 'hostname "$0" && exec "$@"', name]


def can_have_hosts():
    with contextlib.suppress(OSError):
        return subprocess.run([*on_host("probe"), "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    return False


class Batch:
    """A batch that runs beside the test, in a session of its own, and perhaps on a host of its own. What it says goes to a file beside the
    results."""

    def __init__(self, folder, arguments, preexec=None, env=None, host=None):
        self.log = folder / "log.txt"
        self.begun = time.monotonic()
        before = on_host(host) if host else []
        self.process = subprocess.Popen([*before, str(PROGRAM), "batch", *map(str, arguments)], cwd=folder, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=preexec,
                                        env=environment(**(env or {})))
        self.pid = wait_for(lambda: children(self.process.pid), "the program")[0] if host else self.process.pid
        with open(self.log, "wb") as log:  # by another process, as limits of the batch shall not be those of its log
            self.writer = subprocess.Popen(["cat"], stdin=self.process.stdout, stdout=log, start_new_session=True)
        self.process.stdout.close()

    def workers(self):
        return children(self.pid)

    def text(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def errors(self):
        return [line for line in self.text().splitlines() if line.startswith("error: ")]

    def is_over(self):
        return self.process.poll() is not None

    def wait_for_text(self, *words):
        wait_for(lambda: self.is_over() or all(word in self.text() for word in words), f"{words} in {self.log}")
        check(all(word in self.text() for word in words), f"{words} not in the output:\n{self.text()}")

    def in_work(self):
        """The slides, without an ending, whose files are under construction."""
        results = self.log.parent / "results"
        parts = [path.relative_to(results) for path in results.rglob(".*.part") if path.is_dir()]
        return [str("archive" / part.parent / part.name.split(".")[1]) for part in parts]

    def wait_for_work(self, slide=""):
        """Until files of a slide are under construction; small slides take tenths of a second."""
        wait_for(lambda: self.is_over() or any(slide in name for name in self.in_work()), f"work in {self.log.parent}", every=0.01)
        check(not self.is_over(), f"it ended before there was work:\n{self.text()}")

    @contextlib.contextmanager
    def held_in_work(self):
        """Batch and workers stand still, while slides are in work; yields one of these slides."""
        slides = []
        while not slides:
            self.wait_for_work()
            everyone = [self.pid, *self.workers()]
            send(signal.SIGSTOP, everyone)
            slides = self.in_work()
            if not slides:
                send(signal.SIGCONT, everyone)
        try:
            yield slides[0] + ".tif"
        finally:
            send(signal.SIGCONT, everyone)

    def end(self, *codes, limit=900):
        """Waits for its end; checks the code, where a shell's 128 + signal stands for a signal. Returns it."""
        try:
            code = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            send(signal.SIGKILL, [*self.workers(), self.pid])
            raise AssertionError(f"it did not end within {limit} s:\n{self.text()}") from None
        self.writer.wait()
        code = 128 - code if code < 0 else code
        check(not codes or code in codes, f"it ended with {code}, not {codes}:\n{self.text()}")
        return code

    def kill(self, kind, random):
        """kill -9 of the batch, of one of its workers, or of all at once. Which processes that were."""
        workers = self.workers()
        victims = {"batch": [self.pid], "worker": random.sample(workers, min(1, len(workers))), "all": [self.pid, *workers]}[kind]
        send(signal.SIGKILL, victims)
        if kind != "worker":
            self.process.wait()
            self.writer.wait()
        return victims


class World:
    """A folder with an archive, a model and the results of an undisturbed batch, which tests only read."""

    def __init__(self, folder):
        self.folder = folder.resolve()
        self.archive = self.folder / "archive"
        self.model = self.folder / "model.safetensors"
        self.plain = self.folder / "plain/results"

    def make(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.synth("data", "--train", 24, "--valid", 4, "--patch-size", 96, "--slides", 0)
        run([PROGRAM, "train", "data/patches", "--encoder", "mit_b0", "--iterations", 4, "--warmup-iterations", 2, "--batch-size", 4],
            cwd=self.folder)
        shutil.copyfile(self.folder / "runs/latest/model.safetensors", self.model)
        self.make_archive()

    def make_archive(self):
        self.paint(self.archive, 4, 320, 240)
        self.paint(self.archive / "sub", 4, 200, 150)
        self.fresh("plain")
        begun = time.monotonic()
        Batch(self.plain.parent, self.arguments()).end(0)
        (self.folder / "seconds").write_text(str(time.monotonic() - begun))

    def seconds(self):
        """How long the undisturbed batch took."""
        return float((self.folder / "seconds").read_text())

    def synth(self, name, *more):
        nothing = {"--train": 0, "--valid": 0, "--test": 0, "--seed": 5}
        run([PROGRAM, "synth", name, *(word for pair in nothing.items() if pair[0] not in more for word in pair), *more], cwd=self.folder)

    def paint(self, folder, slides, width, height):
        self.synth("painted", "--slides", slides, "--slide-size", width, height, "--seed", width)
        folder.mkdir(parents=True, exist_ok=True)
        for slide in sorted((self.folder / "painted/slides").glob("*.tif")):
            shutil.move(slide, folder / slide.name)
        shutil.rmtree(self.folder / "painted")

    def slides(self):
        """As a batch names them: relative to the working directory of each test, where `archive` is a link or a copy."""
        return sorted(str(slide.relative_to(self.folder)) for slide in self.archive.rglob("*.tif"))

    def last_slide(self):
        """A batch begins with the largest files."""
        return min(self.slides(), key=lambda slide: (self.folder / slide).stat().st_size)

    def options(self):
        return ["-o", "results", "--model", self.model, "--device", "cpu", "--threads", 2, "--tissue", "none", "--quiet"]

    def arguments(self, *more, source=None, workers=2):
        """Of `batch`; results go to the folder `results` of the working directory."""
        return [source or "archive", *self.options(), "--workers", workers, *more]

    def fresh(self, name):
        """A folder for a test, in which there is but a link to the archive."""
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "archive").symlink_to(self.archive)
        return folder

    def copy_of_archive(self, folder):
        """An archive that a test may damage."""
        archive = folder / "archive"
        archive.unlink()
        shutil.copytree(self.archive, archive)  # with the times of the files, by which the program knows them
        return archive

    def check_same_results(self, results, slides=None):
        """The files are those of the undisturbed batch, but for what was measured, and nothing else is there. With `slides`: only theirs."""
        ours, plain = results_of(results), results_of(self.plain)
        if slides is not None:
            kept = [pathlib.Path(slide).relative_to("archive").with_suffix("") for slide in slides]
            def of_slides(files):
                return {name: path for name, path in files.items()
                        if any(name.parent == stem.parent and name.name.startswith(stem.name + ".") for stem in kept)}
            ours, plain = of_slides(ours), of_slides(plain)
        check(ours.keys() == plain.keys(), f"other files in {results}: {sorted(map(str, ours.keys() ^ plain.keys()))}")
        for name, path in ours.items():
            check(comparable(path) == comparable(plain[name]), f"{path} differs from that of an undisturbed batch")
        count = len(self.slides() if slides is None else slides)
        check(len(ours) >= 6 * count > 0, f"{len(ours)} files for {count} slides")

    def check_complete(self, results):
        """As after an undisturbed batch: the results, the summary, the state; nothing is left over."""
        self.check_same_results(results)
        check(not leftovers(results), f"left over: {[str(path) for path in leftovers(results)]}")
        rows = summary(results)
        check(rows.keys() == set(self.slides()), f"summary.csv lists {sorted(rows)}")
        check(all(row["status"] == "complete" for row in rows.values()), "summary.csv has slides that are not complete")
        state = json.loads(run([PROGRAM, "status", results, "--json", "--verify"]))
        counts = {name: len(state[name]) for name in ("complete", "failed", "in_work", "unfinished", "damaged")}
        check(counts == {"complete": len(rows), "failed": 0, "in_work": 0, "unfinished": 0, "damaged": 0}, f"status says {counts}")
        alive = [each["pid"] for each in state["runs"] if each["alive"]]
        check(not alive, f"status says that {alive} are at work")


def opened_world(argument):
    world = World(pathlib.Path(argument))
    if not (world.folder / "seconds").exists():
        world.make()
    return world


def in_mount_namespace():
    """Goes on in a mount namespace of this test alone, where it may mount; skips the test without the right."""
    if os.environ.get("WSI_LPD_TEST_MOUNTS") == "1":
        return
    command = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    with contextlib.suppress(OSError):
        probe = subprocess.run([*command, "mount", "-t", "tmpfs", "none", "/mnt"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               check=False)
        if probe.returncode == 0:
            os.environ["WSI_LPD_TEST_MOUNTS"] = "1"
            os.execvp(command[0], [*command, sys.executable, *sys.argv])
    skip("no right to mount in a mount namespace (unshare --mount)")


if __name__ == "__main__":
    World(pathlib.Path(sys.argv[1])).make()
