#!/usr/bin/env python3
"""The bundle of scripts/bundle in a root file system that has a static shell, /proc, two devices and nothing else: it segments there, with worker
processes, and the results are those of the program outside, byte for byte.

    WSI_LPD_PROGRAM=build/release/bin/wsi-lpd tests/bundle/bundle_test.py WORK    # WORK: a folder for what the test makes
"""
import hashlib
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "schedulers"))
import mirax  # noqa: E402
import world  # noqa: E402
from world import PROGRAM, check, run  # noqa: E402

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts/bundle"
PLACE = "opt/name with blanks"  # where the bundle is unpacked


class Root:
    """A root file system without libraries, seen from a namespace with /proc and without a network."""

    DEVICES = ("null", "urandom")

    def __init__(self, folder):
        self.folder = folder
        for name in ("bin", "proc", "dev", "tmp", "opt"):
            (folder / name).mkdir(parents=True)
        for device in self.DEVICES:
            (folder / "dev" / device).touch()
        shutil.copy(shutil.which("busybox"), folder / "bin/busybox")
        (folder / "bin/sh").symlink_to("busybox")

    def run(self, *words, codes=(0,), folder="/", proc=True):
        mounts = "".join(f'mount --bind /dev/{device} "$0/dev/{device}" && ' for device in self.DEVICES)
        mounts += 'mount -t proc proc "$0/proc" && ' if proc else ""
        return run(["unshare", "--map-root-user", "--mount", "--pid", "--fork", "--net", "sh", "-c", mounts + 'exec chroot "$0" "$@"',
                    self.folder, "/bin/busybox", "env", "-i", "PATH=/bin", "/bin/sh", "-c", 'cd "$0" && exec "$@"', folder, *words], codes)


def make_bundle(folder):
    archive = pathlib.Path(run([SCRIPT, folder], env=world.environment(ZSTD_CLEVEL="1")).splitlines()[-1])
    check(archive.parent == folder and [path.name for path in folder.iterdir()] == [archive.name], f"one archive: {archive}")
    return archive


def test_bytes(archive, work):
    again = make_bundle(work / "again")
    hashes = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (archive, again)}
    check(len(hashes) == 1, "the same build gives the same archive")
    shutil.rmtree(work / "again")


def test_start(root, bundle):
    check(root.run("wsi-lpd", "--version") == run([PROGRAM, "--version"]), "through a link, from PATH")
    check("wsi-lpd" in root.run("./wsi-lpd", "--version", folder=f"/{PLACE}/{bundle.name}"), "from its own folder")
    check("nothing wrong was found" in root.run("wsi-lpd", "doctor"), "doctor finds something wrong")
    check(root.run("wsi-lpd", "doctor", codes=(1,), proc=False).count("\n") == 1, "without /proc: one line")
    for package in ("libc6", "libvips42", "torch-2"):
        check(any((bundle / "licences").glob(package + "*")), f"the licence of {package} is there")


def test_torch(bundle, work):
    """LibTorch from a Python environment: others are refused, and the one of scripts/setup --cuda brings its backend."""
    torch = work / "torch"
    (torch / "lib").mkdir(parents=True)

    def check_refused(reason):
        said = run([bundle / "wsi-lpd", f"--torch={torch}", "doctor"], codes=(2,))
        check(reason in said and said.count("\n") == 1, f"{reason}: {said}")

    check_refused("no lib/libtorch_cpu.so")
    (torch / "lib/libtorch_cpu.so").touch()
    check_refused("LibTorch of unknown version")
    (torch / "version.py").write_text("__version__ = '1.13.1+cu117'\n")
    check_refused("LibTorch 1.13.1 is there")
    said = run([bundle / "wsi-lpd", "doctor"], codes=(2,), env=world.environment(WSI_LPD_TORCH=str(torch)))
    check(f"WSI_LPD_TORCH={torch}: LibTorch 1.13.1" in said, f"the variable is named: {said}")
    said = run([bundle / "wsi-lpd", "doctor", "--torch", torch], codes=(2,))
    check("before the command" in said and said.count("\n") == 1, f"--torch behind the command: {said}")
    check("no CUDA backend" in run([bundle / "wsi-lpd", "doctor"]), "the bundle's own LibTorch is for the CPU")
    for cuda in (SCRIPT.parents[1] / ".deps/cuda").glob("lib/python3.*/site-packages/torch"):
        said = run([bundle / "wsi-lpd", "doctor"], env=world.environment(WSI_LPD_TORCH=str(cuda)))
        check("GPU" in said and "no CUDA backend" not in said, f"LibTorch with CUDA: {said}")


def test_results(root, outside):
    """A batch in workers: its results, and what a command that it starts sees of the bundle."""
    for path in (outside.archive, outside.model.parent):  # to the same place: results name their slide and their model
        shutil.copytree(path, root.folder / path.relative_to("/"))
    options = ("--model", outside.model, "--device", "cpu")
    root.run("wsi-lpd", "batch", outside.archive, "-o", "/results", *options, "--workers", 2, "--notify", "busybox env >/environment")
    print(outside.check_same_results(root.folder / "results"), "files are those of the program outside")
    seen = (root.folder / "environment").read_text()
    check("PATH=/bin" in seen and "LD_" not in seen and PLACE not in seen, f"the environment of a program that was started: {seen}")

    # Pixels that come through a reader which is loaded by name.
    slide = outside.folder / "bmp.mrxs"
    mirax.write_mirax(root.folder / slide.relative_to("/"))
    mirax.write_mirax(slide)
    root.run("wsi-lpd", "segment", slide, "-o", outside.folder, *options)
    run([PROGRAM, "segment", slide, "-o", outside.folder, *options])
    ours, plain = (folder / outside.folder.relative_to("/") / "bmp.overlay.jpg" for folder in (root.folder, pathlib.Path("/")))
    check(ours.read_bytes() == plain.read_bytes(), "a picture of a slide of BMP tiles is that of the program outside")
    check(ours.with_name("bmp.tif").read_bytes() == plain.with_name("bmp.tif").read_bytes(), "segment: its label raster is, too")


def test_old_processor(bundle):
    """What a processor without AVX2 is told, and that the same emulator with AVX2 isn't told so."""
    emulator = shutil.which("qemu-x86_64") or shutil.which("qemu-x86_64-static")
    if not emulator:
        return print("not tested: a processor without AVX2 (Debian's package qemu-user-static)")
    said = run([emulator, "-cpu", "Nehalem", bundle / "wsi-lpd", "--version"], codes=(1,))
    check("no AVX2" in said and said.count("\n") == 1, f"one line about AVX2: {said}")
    check("no AVX2" not in run([emulator, "-cpu", "max", bundle / "wsi-lpd", "--version"], codes=(0, 1)), "with AVX2 nothing is refused")


def main(work):
    if missing := [name for name in ("busybox", "unshare", "zstd") if not shutil.which(name)]:
        world.skip(f"not here: {missing} (Debian's packages busybox-static, util-linux, zstd)")
    shutil.rmtree(work, ignore_errors=True)
    root = Root(work / "root")
    try:
        root.run("busybox", "true")
    except AssertionError as reason:
        world.skip(f"no root file system can be entered here: {reason}")
    archive = make_bundle(work / "made")
    test_bytes(archive, work)
    (root.folder / PLACE).mkdir()
    run(["tar", "--zstd", "-xf", archive, "-C", root.folder / PLACE])
    bundle = root.folder / PLACE / archive.name.removesuffix(".tar.zst")
    (root.folder / "bin/wsi-lpd").symlink_to(f"/{PLACE}/{bundle.name}/wsi-lpd")
    test_start(root, bundle)
    test_old_processor(bundle)
    test_torch(bundle, work)
    outside = world.World(work / "world")
    outside.make()
    test_results(root, outside)
    shutil.rmtree(work)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve())
