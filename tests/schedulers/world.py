"""What the tests of schedulers share: an archive of painted slides with a model, a plain batch to compare with, and small helpers."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

PROGRAM = pathlib.Path(os.environ["WSI_LPD_PROGRAM"])
EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
SKIPPED = 77  # ctest's SKIP_RETURN_CODE
NOT_COMPARED = {".json", ".log"}  # slide.json has times
NOT_OF_SLIDES = {"report", "journal", "run.json"}  # in a folder of results: of runs, with their times, hosts and processes


def skip(reason):
    print("skipped:", reason)
    sys.exit(SKIPPED)


def find_slurm():
    """The programs of a Slurm that a test can start; empty where one is missing."""
    found = {name: shutil.which(name, path="/usr/sbin:/usr/bin") for name in ("munged", "slurmctld", "slurmd", "sbatch")}
    return found if all(found.values()) else {}


def find_snakemake():
    ours = pathlib.Path(__file__).resolve().parents[2] / ".deps/schedulers/bin/snakemake"
    return str(ours) if ours.exists() else shutil.which("snakemake")


def check(is_true, what):
    if not is_true:
        raise AssertionError(what)


def environment(**more):
    """This process's environment, with the program in PATH and without a user's choice of model."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM", "SBATCH", "WSI_LPD_MODEL"))}
    return kept | {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "OMP_WAIT_POLICY": "passive"} | more


def run(command, codes=(0,), **options):
    """The output of a command, both streams; fails when it ends with a code that is none of `codes`."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env=options.pop("env", environment()), **options)
    check(done.returncode in codes, f"{command} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def wait_for(condition, what, seconds=300, every=0.2):
    """What `condition` returns, when it is true; asked `every` so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(every)
    raise AssertionError(f"waited {seconds} s for {what}")


def processes(is_wanted):
    """The process ids whose environment, as a set of bytes NAME=VALUE, is wanted."""
    found = []
    for folder in pathlib.Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if is_wanted(set((folder / "environ").read_bytes().split(b"\0"))):
                found.append(int(folder.name))
        except OSError:  # gone, or another user's
            pass
    return found


def name_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def awaits(pid, number):
    """A signal has been sent to a process, which has not taken it yet."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    return bool(int(re.search(r"ShdPnd:\s*(\w+)", status)[1], 16) >> (number - 1) & 1)


def send(number, pids):
    """A signal to processes, some of which may be gone."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def results_of(folder):
    """All files of a folder of results but those of runs."""
    found = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    of_run = lambda name: name.parts[0] in NOT_OF_SLIDES or name.parts[0].startswith("run.json.")  # a part, which stays for ten minutes
    return {name: path for name, path in found.items() if not of_run(name)}


class World:
    """An archive of slides of several sizes, a model and the results of one plain batch, in a folder that the tests read only."""

    def __init__(self, folder):
        self.folder = folder.resolve()
        self.archive = self.folder / "archive"
        self.model = self.folder / "runs/latest/model.safetensors"
        self.plain = self.folder / "plain"

    def make(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.synth("data", "--train", 24, "--valid", 4, "--patch-size", 96, "--slides", 0)
        run([PROGRAM, "train", "data/patches", "--encoder", "mit_b0", "--iterations", 4, "--warmup-iterations", 2, "--batch-size", 4],
            cwd=self.folder)
        self.paint("large", 3, 1300, 1000)
        self.paint("small/sub", 4, 800, 600)
        self.batch(self.plain)

    def synth(self, name, *more):
        nothing = {"--train": 0, "--valid": 0, "--test": 0, "--seed": len(name)}
        run([PROGRAM, "synth", name, *(word for pair in nothing.items() if pair[0] not in more for word in pair), *more], cwd=self.folder)

    def paint(self, name, slides, width, height):
        self.synth("painted", "--slides", slides, "--slide-size", width, height, "--seed", width)
        (self.archive / name).mkdir(parents=True)
        for slide in (self.folder / "painted/slides").glob("*.tif"):
            slide.rename(self.archive / name / slide.name)
        shutil.rmtree(self.folder / "painted")

    def slides(self):
        return sorted(path.relative_to(self.archive).with_suffix("") for path in self.archive.rglob("*.tif"))

    def batch(self, results, *more, codes=(0,)):
        return run([PROGRAM, "batch", self.archive, "-o", results, "--model", self.model, "--device", "cpu", *more], codes)

    def check_same_results(self, results):
        """The slides' files are those of the plain batch, byte for byte, and nothing is left over from processes that were killed."""
        ours, plain = results_of(results), results_of(self.plain)
        check(ours.keys() == plain.keys(), f"other files: {sorted(map(str, ours.keys() ^ plain.keys()))}")
        compared = 0
        for name, path in ours.items():
            if path.suffix in NOT_COMPARED or path.parent == results:
                continue  # summary.csv has times
            check(path.read_bytes() == plain[name].read_bytes(), f"{name} differs from that of a plain batch")
            compared += 1
        check(compared == 5 * len(self.slides()), f"{compared} files compared: a pyramid, HDF5, GeoJSON and two pictures of each slide")
        return compared


if __name__ == "__main__":  # world.py FOLDER: makes the world there
    if not find_slurm() and not find_snakemake():
        skip("neither Slurm nor Snakemake here (scripts/setup --schedulers)")
    World(pathlib.Path(sys.argv[1])).make()
