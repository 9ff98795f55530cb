"""Takes from the PyTorch wheel, and from two NVIDIA wheels, what a CPU build of a C++ program needs, and nothing else.

Usage: unpack_libtorch.py WHEEL_FOLDER TARGET. TARGET gets include/, lib/ and licences/; it appears only when it is complete.
A TARGET that is there gets those of them that it lacks, and keeps the others.
"""

import pathlib
import re
import shutil
import sys
import zipfile

# libtorch_cpu links to the CUDA runtime and to CUPTI (its profiler) even where no GPU is used.
WANTED = re.compile(
    r"torch/(include/.*|lib/(libtorch_cpu|libc10)\.so|lib/libgomp[^/]*)$"
    r"|nvidia/[^/]+/lib/(libcudart|libcupti)\.so\.\d+$"
    r"|[^/]+\.dist-info/licenses/.*$"
)


def place_of(name: str) -> str:
    """Where a file of a wheel goes in TARGET."""
    if ".dist-info/licenses/" in name:
        return "licences/" + name.replace(".dist-info/licenses", "", 1)
    return name.removeprefix("torch/") if name.startswith("torch/") else "lib/" + name.rsplit("/", 1)[1]


def main() -> None:
    wheels, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.endswith("/") or not WANTED.match(name):
                    continue
                file = part / place_of(name)
                file.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(name) as source, open(file, "wb") as sink:
                    shutil.copyfileobj(source, sink, 1 << 20)
    if target.exists():
        for folder in part.iterdir():
            if not (target / folder.name).exists():
                folder.rename(target / folder.name)
        shutil.rmtree(part)
    else:
        part.rename(target)


if __name__ == "__main__":
    main()
