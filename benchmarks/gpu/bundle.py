"""Makes what scripts/gpu_check runs on a machine with a GPU: the CUDA build with the libraries that such a machine lacks."""
import json
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile

NAME = "wsi-lpd-gpu-check"
MOST_BYTES = 60_000_000
PROGRAMS = ("wsi-lpd", "test_gpu")
# The C library: the machine's own, unless that is older than ours. LibTorch brings OpenMP.
C_LIBRARY = re.compile(r"(ld-linux-x86-64|lib(c|m|dl|rt|pthread|resolv|mvec|util|anl|nss_\w+))\.so\.\d+$")
FONT = pathlib.Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><dir prefix="relative">.</dir><cachedir>/dev/null</cachedir></fontconfig>
"""


def say(command, **options):
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def cached(build, name):
    line = re.search(rf"^{name}:\w+=(.*)$", (build / "CMakeCache.txt").read_text(), re.MULTILINE)
    return line[1] if line else ""


def libraries_of(programs, torch):
    """What the programs load, but for LibTorch and what lies beside it."""
    found = {}
    for program in programs:
        for line in say(["ldd", program]).splitlines():
            if "not found" in line:
                raise SystemExit(f"gpu_check: {program.name}: {line.strip()}")
            path = re.search(r"(/\S+\.so\S*) \(0x", line)
            if path and not {torch, torch.parent / "nvidia"} & set(pathlib.Path(path[1]).resolve().parents) and not path[1].rsplit("/", 1)[1].startswith("libgomp."):
                found[path[1].rsplit("/", 1)[1]] = pathlib.Path(path[1]).resolve()
    return found


def make(source, folder, build=None):
    """Builds the CUDA preset, or takes the build folder `build`, and returns the archive."""
    if build is None:
        build = source / "build/cuda"
        if not (build / "CMakeCache.txt").exists():
            say(["cmake", "--preset", "cuda", "-DWSI_LPD_EXAMPLES=OFF"], cwd=source)
        say(["cmake", "--build", build, "--target", *PROGRAMS], cwd=source)
    torch = pathlib.Path(cached(build, "WSI_LPD_TORCH")).resolve()
    version = re.search(r'TORCH_VERSION \\\s*"([\d.]+)"', (torch / "include/torch/headeronly/version.h").read_text())[1]
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        root = pathlib.Path(work) / NAME
        for name in ("bin", "lib/glibc", "share", "gpu", "data/tests/golden"):
            (root / name).mkdir(parents=True)
        for program in PROGRAMS:
            say(["strip", "-o", root / "bin" / program, build / "bin" / program])
        for name, path in libraries_of([build / "bin" / program for program in PROGRAMS], torch).items():
            target = root / "lib" / ("glibc" if C_LIBRARY.match(name) else "") / name
            shutil.copy(path, target)
            if target.parent.name == "lib":
                say(["strip", "--strip-unneeded", target], stderr=subprocess.DEVNULL)
        shutil.copy(FONT, root / "share")
        (root / "share/fonts.conf").write_text(FONTS)
        shutil.copy(source / "tests/golden/tiny_encoder.ts.pt", root / "data/tests/golden")
        for module in (source / "benchmarks/gpu").glob("*.py"):
            shutil.copy(module, root / "gpu")
        shutil.copy(source / "scripts/gpu_check", root / "gpu_check")
        glibc = re.search(r"(\d+)\.(\d+)$", say(["getconf", "GNU_LIBC_VERSION"]).strip()).groups()
        commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=source, capture_output=True, text=True).stdout.strip()
        about = {"commit": commit, "torch": version, "glibc": list(map(int, glibc)), "cuda": cached(build, "WSI_LPD_CUDA") == "ON"}
        (root / "about.json").write_text(json.dumps(about) + "\n")
        archive = folder / f"{NAME}.tar.gz"
        with tarfile.open(f"{archive}.part", "w:gz", compresslevel=6) as tar:
            tar.add(root, NAME, filter=plain)
        pathlib.Path(f"{archive}.part").rename(archive)
    if archive.stat().st_size > MOST_BYTES:
        raise SystemExit(f"gpu_check: {archive} has {archive.stat().st_size / 1e6:.1f} MB, and {MOST_BYTES / 1e6:.0f} MB can be carried")
    return archive


def plain(entry):
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return None if "__pycache__" in entry.name else entry


def unpack(archive, folder):
    with tarfile.open(archive) as tar:
        tar.extractall(folder)
    return folder / NAME
