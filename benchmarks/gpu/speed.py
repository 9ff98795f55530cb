"""How fast wsi-lpd is on a GPU, with eager PyTorch beside it."""
import json
import pathlib
import re
import shutil
import subprocess
import sys

from machine import BusyGpu
from report import Failure

SIZES = {"small": ("mit_b0", 512, 2, 4, 4, 12), "full": ("mit_b1", 8192, 3, 128, 150, 480)}


def measure(report, programs, inputs):
    encoder, side, copies, batch, steps, patches = SIZES[inputs.size]

    def train(folder):
        said = programs.run("wsi-lpd", "train", folder / "patches", "-o", folder / "run", "--encoder", encoder, "--iterations", steps, "--batch-size", min(batch, 64),
                            "--hold-out", 0, "--method", "cam", "--device", inputs.device)
        rate = re.search(r"([\d.]+) images/s, ([\d.]+) %", said)
        if not rate:
            raise Failure(f"train says no rate: {said[-300:]}")
        return folder / "run/model.safetensors", float(rate[1]), float(rate[2])

    def segment(mpp):
        folder = inputs.folder / f"speed-{mpp}"
        [slide] = inputs.synth(folder.name, mpp, side, train=patches)
        model, images, waited = train(folder)
        archive = folder / "archive"
        archive.mkdir()
        for i in range(copies):
            shutil.copy(slide, archive / f"slide-{i}.tif")
        with BusyGpu() as gpu:
            programs.run("wsi-lpd", "batch", archive, "-o", folder / "results", "--model", model, "--device", inputs.device, "--tissue", "none", "--workers", 0,
                         "--batch-size", batch, "--quiet")
        seen = [json.loads((folder / "results" / f"slide-{i}.json").read_text()) for i in range(copies)]
        seen.sort(key=lambda statistics: statistics["seconds"]["total"])
        best = seen[0]  # the first slide warms the GPU up
        seconds, tiles = best["seconds"]["total"], best["tiles"]["planned"]
        area = (side * mpp / 1000) ** 2
        what = f"{mpp} um/px, {best['precision']['name']}"
        report.measure(f"segment, whole slide, {what}", tiles / seconds, "tiles/s", f"{tiles} tiles overlapping by half, {encoder}")
        report.measure(f"segment, whole slide, {what}", seconds / area, "s/mm2", f"{area:.1f} mm2")
        for stage in ("read", "forward", "accumulate", "write"):
            report.measure(f"  of it {stage}, all threads", best["seconds"][stage], "s", f"wall {seconds:.2f} s")
        if gpu.share is not None:
            report.measure(f"  GPU busy, {what}", gpu.share, "%", "nvidia-smi, from the first to the last moment that it computes, all slides")
        report.measure(f"train, patches of {mpp} um/px, batches of {min(batch, 64)}", images, "images/s", f"classification loss, waited for images {waited} %")
        return f"{tiles / seconds:.0f} tiles/s, {seconds / area:.3f} s/mm2, trained with {images:.0f} images/s"

    def eager():
        script = pathlib.Path(__file__).parent / "eager.py"
        done = subprocess.run([sys.executable, str(script), "--device", inputs.device, "--encoder", encoder, "--batch", str(batch), "--seconds", "3" if inputs.size == "full" else "0"],
                              capture_output=True, text=True, timeout=90)
        if done.returncode != 0:
            raise Failure(done.stderr[-300:])
        found = json.loads(done.stdout)
        report.measure("eager PyTorch, forward alone, pixels on the GPU, float32", found["forward_fp32"], "tiles/s")
        report.measure("eager PyTorch, forward alone, pixels on the GPU, bfloat16", found["forward_bf16"], "tiles/s")
        report.measure("eager PyTorch, training step, pixels on the GPU, bfloat16", found["train_bf16"], "images/s", f"batches of {batch}")
        return f"{found['forward_bf16']:.0f} tiles/s forward, {found['train_bf16']:.0f} images/s trained"

    report.check("speed at 0.5 um/px", lambda: segment(0.5))
    report.check("speed at 0.25 um/px", lambda: segment(0.25))
    report.check("speed of eager PyTorch", eager)
