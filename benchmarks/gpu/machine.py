"""The machine that scripts/gpu_check runs on: its driver, its PyTorch, and how the bundle's programs are started there."""
import ctypes
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

from report import Failure, Skip

LEAST_DRIVER = 13000  # CUDA 13.0, which LibTorch's cu130 build needs


def driver_problem():
    """Why no GPU can be used, by the first calls of CUDA that any program makes; empty if one can."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        return f"no NVIDIA driver: {error}"
    code = cuda.cuInit(0)
    if code != 0:
        return f"the NVIDIA driver finds no GPU that it can use: cuInit gives error {code}"
    version, devices = ctypes.c_int(), ctypes.c_int()
    cuda.cuDriverGetVersion(ctypes.byref(version))
    if version.value < LEAST_DRIVER:
        return f"the NVIDIA driver is too old: it knows CUDA {version.value // 1000}.{version.value % 1000 // 10}, and 13.0 is needed"
    cuda.cuDeviceGetCount(ctypes.byref(devices))
    return "" if devices.value else "the NVIDIA driver has no GPU"


def find_torch(needed):
    """The folder of this Python's PyTorch."""
    said = subprocess.run([sys.executable, "-c", "import torch; print(torch.__version__, torch.version.cuda, torch.__path__[0], sep='\\n')"],
                          capture_output=True, text=True)
    if said.returncode != 0:
        raise Failure(f"{sys.executable} has no PyTorch: {said.stderr.strip().splitlines()[-1]}")
    version, cuda, folder = said.stdout.splitlines()[-3:]
    if version.split("+")[0] != needed:
        raise Failure(f"PyTorch {version} is there, and the bundle was built with {needed}")
    if cuda == "None":
        raise Failure(f"PyTorch {version} was built without CUDA")
    return pathlib.Path(folder)


class Programs:
    """Starts the bundle's programs with LibTorch from `torch`, until `deadline` at most."""

    def __init__(self, bundle, torch, about, deadline, own_loader=False):
        self.bundle, self.deadline = bundle, deadline
        site = torch.parent
        nvidia = sorted(path for path in site.glob("nvidia/*/lib") if path.is_dir())
        folders = [bundle / "lib", torch / "lib", *nvidia, *os.environ.get("LD_LIBRARY_PATH", "").split(":")]
        self.libraries = ":".join(str(folder) for folder in folders if str(folder))
        kept = ("PATH", "HOME", "TMPDIR", "LANG", "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES")
        self.environment = {name: os.environ[name] for name in kept if name in os.environ}
        self.environment |= {"FONTCONFIG_FILE": str(bundle / "share/fonts.conf"), "VIPSHOME": str(bundle / "share"),
                             "WSI_LPD_TEST_SOURCE": str(bundle / "data")}
        version = tuple(map(int, re.findall(r"\d+", os.confstr("CS_GNU_LIBC_VERSION"))[:2]))
        self.own_loader = own_loader or version < tuple(about["glibc"])
        if self.own_loader:  # this machine's C library is older than the one that the bundle was built with
            self.libraries = f"{bundle / 'lib/glibc'}:{self.libraries}"

    def words(self, program, *arguments):
        """A command that tells no other program of our libraries: a tool in front of it has its own."""
        loader = [str(self.bundle / "lib/glibc/ld-linux-x86-64.so.2"), "--library-path", self.libraries]
        return [*(loader if self.own_loader else ["env", f"LD_LIBRARY_PATH={self.libraries}"]), str(self.bundle / "bin" / program), *map(str, arguments)]

    def run(self, program, *arguments, codes=(0,), before=(), environment=None, seconds=240):
        """What the program says on both streams."""
        left = self.deadline - time.monotonic()
        if left < 5:
            raise Skip("no time is left for it")
        process = subprocess.Popen([*map(str, before), *self.words(program, *arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True, errors="replace", env=self.environment | (environment or {}), start_new_session=True)
        try:
            said = process.communicate(timeout=min(seconds, left))[0]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            said = process.communicate()[0]
            raise Failure(f"{program} {arguments[0] if arguments else ''} took longer than {min(seconds, left):.0f} s: {said[-300:]}") from None
        if process.returncode not in codes:
            raise Failure(f"{program} {arguments[0] if arguments else ''} ended with {process.returncode}: {said[-600:]}")
        return said


class BusyGpu:
    """Samples how busy the first GPU is, by nvidia-smi, while it is a context."""

    def __enter__(self):
        self.process, self.share = None, None
        try:
            self.process = subprocess.Popen(["nvidia-smi", "--id=0", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "-lms", "100"],
                                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        except OSError:
            pass
        return self

    def __exit__(self, *_):
        if not self.process:
            return
        self.process.terminate()
        samples = [int(line) for line in self.process.communicate()[0].split() if line.isdigit()]
        busy = [i for i, share in enumerate(samples) if share > 0]
        if busy:  # from the first to the last moment that it computes: the program's start is not its fault
            part = samples[busy[0]:busy[-1] + 1]
            self.share = sum(part) / len(part)
