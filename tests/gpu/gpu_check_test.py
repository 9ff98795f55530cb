#!/usr/bin/env python3
"""Both steps of scripts/gpu_check without a GPU: a bundle of this build, run where our libraries are hidden, on LibTorch from elsewhere.

    tests/gpu/gpu_check_test.py BUILD TORCH WORK    # TORCH: the LibTorch that BUILD uses; WORK: a folder for what the test makes
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts/gpu_check"
SKIPPED = 77  # ctest's SKIP_RETURN_CODE
KEPT = ("python", "libc", "libz", "libexpat", "liblzma", "libbz2", "libssl", "libcrypto", "libffi", "libuuid", "libstdc++", "libgcc_s",
        "libblkid", "libmount", "libselinux", "libpcre2")  # of Python and of mount


def check(is_true, what):
    if not is_true:
        raise AssertionError(what)


def run(command, codes=(0,), **options):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    check(done.returncode in codes, f"{command} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def hide(libraries):
    """The commands that hide the system's copies of libraries in a mount namespace: what takes them fails."""
    paths = [path for name in libraries if not name.startswith(KEPT) for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/local/lib")
             if (path := pathlib.Path(folder, name)).exists()]
    return [f'mount --bind /dev/null "{path.resolve()}"' for path in paths]


def make_python_torch(folder, torch, version):
    """A package torch that says what PyTorch for CUDA says of itself."""
    (folder / "torch").mkdir(parents=True)
    (folder / "torch/__init__.py").write_text(f"from . import version\n__version__ = '{version}+cu130'\n")
    (folder / "torch/version.py").write_text("cuda = '13.0'\n")
    (folder / "torch/lib").symlink_to(torch / "lib")


def main(build, torch, work):
    if subprocess.run(["unshare", "--map-root-user", "--mount", "true"], capture_output=True).returncode != 0:
        print("skipped: no mount namespace can be entered here")
        sys.exit(SKIPPED)
    shutil.rmtree(work, ignore_errors=True)
    said = run([sys.executable, SCRIPT, "bundle", work / "made", "--build", build])
    archive = work / "made/wsi-lpd-gpu-check.tar.gz"
    check(archive.exists() and "MB" in said, said)
    run(["tar", "-xf", archive, "-C", work])
    bundle = work / "wsi-lpd-gpu-check"
    names = {path.name for path in (bundle / "lib").rglob("*.so*")}
    check(not any(name.startswith(("libtorch", "libc10", "libcudart", "libcuda")) for name in names), f"LibTorch stays outside: {names}")
    for name in ("libvips", "libopenslide", "libtbb", "libhdf5"):
        check(any(library.startswith(name) for library in names), f"{name} is in the bundle")
    about = json.loads((bundle / "about.json").read_text())
    make_python_torch(work / "site", torch, about["torch"])
    hidden = hide(sorted(path.name for path in (bundle / "lib").glob("*.so*")))
    check(len(hidden) > 20, f"libraries are hidden: {hidden}")
    environment = {"PATH": os.environ["PATH"], "HOME": str(work), "PYTHONPATH": str(work / "site")}

    def check_run(name, *options):
        """What a run says, and the state of each check. It ends with 4, as some were skipped."""
        said = run(["unshare", "--map-root-user", "--mount", "sh", "-c", " && ".join([*hidden, 'exec "$@"']), "sh", sys.executable,
                    bundle / "gpu_check", "run", "-o", work / name, "--size", "small", *options], codes=(0, 1, 4), env=environment, cwd=bundle)
        result = json.loads((work / name / "gpu_check.json").read_text())
        states = {entry["name"]: entry["state"] for entry in result["checks"]}
        check("FAILED" not in states.values() and result["exit_code"] == 4, said)
        check((work / name / "gpu_check.txt").read_text().count("\n") > len(states), "the table has a line for each check")
        return said, states, result

    def check_states(seen, state, *names):
        said, states, _ = seen
        for name in names:
            check(states.get(name) == state, f"{name} should be {state}: {said}")

    seen = check_run("found")
    check_states(seen, "ok", "program starts on the LibTorch found", "labels by the CPU in float32", "a presence head", "--device cuda without a GPU")
    check_states(seen, "skipped", "kernels on the GPU", "too little memory on the GPU", "compute-sanitizer", "speed of eager PyTorch")
    check("The checks of the GPU were skipped: " in seen[0], seen[0])

    # The checks of the GPU themselves, on the CPU, by the bundle's own C library. The package torch is none that eager.py could use.
    eager = bundle / "gpu/eager.py"
    eager.write_text("print('{\"forward_fp32\": 1, \"forward_bf16\": 2, \"train_bf16\": 3}')\n")
    seen = check_run("own", "--own-loader", "--device", "cpu")
    check_states(seen, "ok", "labels in float32", "labels with --precision auto", "labels with a presence head", "labels with the CRF", "evaluate",
                 "two processes on one GPU", "speed at 0.5 um/px", "speed at 0.25 um/px", "speed of eager PyTorch")
    check("by the bundle's loader" in seen[0], seen[0])
    units = {row["unit"] for row in seen[2]["measured"]}
    check({"tiles/s", "s/mm2", "images/s"} <= units and all(row["value"] > 0 for row in seen[2]["measured"] if row["unit"] != "s"), f"{seen[2]['measured']}")

    # What is wrong is said, and ends with 1.
    (work / "site/torch/__init__.py").write_text("from . import version\n__version__ = '2.4.0'\n")
    said = run([sys.executable, bundle / "gpu_check", "run", "-o", work / "old"], codes=(1,), env=environment)
    check("PyTorch 2.4.0 is there" in said, said)
    said = run([sys.executable, SCRIPT, "run"], codes=(2,))
    check("needs the archive" in said, said)
    shutil.rmtree(work)


if __name__ == "__main__":
    main(*(pathlib.Path(word).resolve() for word in sys.argv[1:4]))
