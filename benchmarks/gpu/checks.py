"""Is what wsi-lpd computes on a GPU right? First what needs none, so that a machine without one tries it, too."""
import re
import shutil
import subprocess
import sys

from report import Failure, Skip

LEAST_AGREEMENT = 0.995  # of labels with those of the CPU in float32


def check_agreement(agreement, least=LEAST_AGREEMENT):
    share, classes = agreement
    said = f"{100 * share:.3f} % of the labels are the same, of {classes} classes"
    if share < least:
        raise Failure(f"{said}, and at least {100 * least:.1f} % must be")
    return said


def run_tests(programs, pattern, may_skip=False, **options):
    said = programs.run("test_gpu", f"--gtest_filter={pattern}", "--gtest_brief=1", **options)
    passed = re.search(r"\[  PASSED  \] (\d+) test", said)
    skipped = re.search(r"\[  SKIPPED \] (\d+) test", said)
    if not passed or int(passed[1]) == 0 or (skipped and not may_skip):
        raise Failure(f"tests that should run did not: {said[-300:]}")
    return f"{passed[1]} tests"


def without_gpu(report, programs, inputs, no_gpu):
    """Returns whether there is all that the other checks need."""
    has_cuda = report.about["cuda"]

    def doctor():
        said = programs.run("wsi-lpd", "doctor", codes=(0, 1))  # 1: a disk that is nearly full
        gpu = re.search(r"GPU\s+(.*)", said)
        if not gpu or ("no CUDA backend" in said) == has_cuda:
            raise Failure(f"LibTorch's CUDA backend is not loaded: {said[-400:]}")
        return f"{programs.run('wsi-lpd', '--version').strip()}, GPU: {gpu[1]}" + (", by the bundle's loader" if programs.own_loader else "")

    def refused():
        said = programs.run("wsi-lpd", "segment", inputs.slide, "-o", inputs.folder / "refused", "--model", inputs.model, "--device", "cuda", codes=(2,))
        errors = re.findall(r"^error: (.*)", said, re.MULTILINE)
        if len(errors) != 1 or ("0 usable GPUs" if has_cuda else "no CUDA backend") not in errors[0]:
            raise Failure(f"one clear line was expected: {said[-400:]}")
        return errors[0]

    def reference():
        # cuBLASLt and cuSPARSELt look for the driver as soon as they are loaded, whatever the program does.
        def looking_for_driver(said):
            return set(re.findall(r"file=libcuda\.so\S* .*dynamically loaded by (\S+)", said))

        debug = {"LD_DEBUG": "files"}
        at_start = looking_for_driver(programs.run("wsi-lpd", "--version", environment=debug))
        said, statistics = inputs.segment("cpu", "--device", "cpu", "--precision", "fp32", environment=debug)
        if by := looking_for_driver(said) - at_start:
            raise Failure(f"a run on the CPU has looked for the GPU's driver: {', '.join(sorted(by))}")
        return f"{statistics['tiles']['planned']} tiles in {statistics['seconds']['total']:.1f} s; does not look for the GPU's driver"

    ready = report.check("program starts on the LibTorch found", doctor)
    ready = ready and report.check("kernels and memory limits, on the CPU", lambda: run_tests(programs, "*Cpu:FittingParts.*:DeviceMemory.*"))
    ready = ready and report.check("synthetic slides and patches", inputs.make)
    ready = ready and report.check("a model", inputs.train)
    ready = ready and report.check("labels by the CPU in float32", reference)
    ready = ready and report.check("a presence head", inputs.fit_head)
    if ready and no_gpu:
        report.check("--device cuda without a GPU", refused)
    return ready


def with_gpu(report, programs, inputs):
    def on_gpu(name, *options, reference="cpu", least=LEAST_AGREEMENT, **more):
        said, statistics = inputs.segment(name, "--device", inputs.device, *options, **more)
        return f"{check_agreement(inputs.agreement(name, reference), least)}, {statistics['precision']['name']}"

    def head():
        inputs.segment("head-cpu", "--device", "cpu", "--precision", "fp32", model=inputs.with_head)
        return on_gpu("head-gpu", "--precision", "fp32", reference="head-cpu", model=inputs.with_head)

    def crf():
        inputs.segment("crf-cpu", "--device", "cpu", "--precision", "fp32", "--crf")
        return on_gpu("crf-gpu", "--precision", "fp32", "--crf", reference="crf-cpu")

    def evaluate():
        found = []
        for name, device in (("evaluation-cpu", "cpu"), ("evaluation-gpu", inputs.device)):
            programs.run("wsi-lpd", "evaluate", inputs.patches, "--model", inputs.model, "--device", device, "-o", inputs.folder / name, "--no-crf",
                         "--quiet")
            rows = (inputs.folder / name / "evaluation.csv").read_text().splitlines()
            found.append([float(cell) for row in rows for cell in row.split(",") if re.fullmatch(r"\d+\.\d+", cell)])
        largest = max((abs(a - b) for a, b in zip(*found)), default=None)
        if largest is None or len(found[0]) != len(found[1]) or largest > 0.005:
            raise Failure(f"figures of evaluate differ by {largest}")
        return f"{len(found[0])} figures of evaluate, at most {largest:.5f} apart"

    def out_of_memory():
        hold = ("import sys, torch; free = torch.cuda.mem_get_info()[0]; held = torch.empty(max(free - (2560 << 20), 1), dtype=torch.uint8, "
                "device='cuda'); print('held', flush=True); sys.stdin.read()")
        holder = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            if holder.stdout.readline().strip() != "held":
                raise Skip("PyTorch can't fill the GPU's memory here")
            said, _ = inputs.segment("scarce", "--device", "cuda", "--precision", "fp32", "--batch-size", 1024)
        finally:
            holder.kill()
            holder.communicate()
        notes = re.findall(r"too little memory for (\d+) tiles at once: (\d+) at once", said)
        if len(notes) != 1:
            raise Failure(f"it should be said once that a batch was halved, and was {len(notes)} times: {said[-300:]}")
        return f"{check_agreement(inputs.agreement('scarce', 'gpu-fp32'), 0.999)} with {notes[0][1]} tiles at once for {notes[0][0]}"

    def processes():
        for name, workers in (("workers", 2), ("alone", 0)):
            programs.run("wsi-lpd", "batch", inputs.archive, "-o", inputs.folder / name, "--model", inputs.model, "--device", inputs.device, "--tissue", "none",
                         "--workers", workers, "--precision", "fp32", "--quiet")
        return check_agreement(inputs.agreement("workers", "alone"), 0.9999)

    def device():
        said = programs.run("wsi-lpd", "doctor", codes=(0, 1))
        if not re.search(r"GPU\s+cuda:0", said):
            raise Failure(f"doctor finds no GPU: {said[-300:]}")
        query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
        names = subprocess.run(query, capture_output=True, text=True).stdout.strip().splitlines() if shutil.which("nvidia-smi") else ["cuda:0"]
        report.about["gpus"] = names
        return "; ".join(names)

    def sanitizer():
        tool = shutil.which("compute-sanitizer") or shutil.which("/usr/local/cuda/bin/compute-sanitizer")
        if not tool:
            raise Skip("compute-sanitizer is not here")
        said = programs.run("test_gpu", "--gtest_filter=*Gpu", "--gtest_brief=1", before=(tool, "--tool", "memcheck", "--target-processes", "all"),
                            codes=(0, 1, 255), seconds=120)
        if "not supported" in said:
            raise Skip(f"compute-sanitizer does not know this GPU or machine: {said[-200:]}")
        errors = re.search(r"ERROR SUMMARY: (\d+) error", said)
        if not errors or int(errors[1]) or "[  PASSED  ]" not in said:
            raise Failure(f"memcheck: {said[-500:]}")
        return "memcheck: 0 errors"

    def only_gpu(action):
        """`action`, unless the CPU stands in for the GPU."""
        def run():
            if inputs.device == "cpu":
                raise Skip("it needs a GPU, and --device cpu was given")
            return action()
        return run

    report.check("the GPU", only_gpu(device))
    report.check("kernels on the GPU", only_gpu(lambda: run_tests(programs, "*Gpu")))
    report.check("segmenter on the GPU, two streams", only_gpu(lambda: run_tests(programs, "GpuSegmenter.*")))
    report.check("labels in float32", lambda: on_gpu("gpu-fp32", "--precision", "fp32"))
    report.check("labels with --precision auto", lambda: on_gpu("gpu-auto"))
    report.check("labels with a presence head", head)
    report.check("labels with the CRF", crf)
    report.check("evaluate", evaluate)
    report.check("too little memory on the GPU", only_gpu(out_of_memory))
    report.check("two processes on one GPU", processes)
    report.check("compute-sanitizer", only_gpu(sanitizer))
