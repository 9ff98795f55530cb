"""What the checks work on, made by the program itself: slides, patches and a model."""
import json
import shutil

from report import Failure

CHECKED = {"small": ("mit_b0", 12, 1024), "full": ("mit_b1", 200, 2560)}  # encoder, steps of training, side of a slide


class Inputs:
    def __init__(self, programs, folder, size, device):
        self.programs, self.folder, self.size, self.device = programs, folder, size, device
        self.encoder, self.steps, self.side = CHECKED[size]
        self.patches = folder / "made/patches"
        self.model, self.with_head = folder / "model.safetensors", folder / "with-head.safetensors"

    def synth(self, name, mpp, side, slides=1, train=0):
        self.programs.run("wsi-lpd", "synth", self.folder / name, "--train", train, "--valid", min(train, 8), "--test", 0, "--slides", slides,
                          "--slide-size", side, side, "--mpp", mpp, "--tissue-fraction", 1, "--quiet")
        found = sorted(path for path in (self.folder / name / "slides").glob("*.tif") if ".labels" not in path.name)
        if len(found) != slides:
            raise Failure(f"synth made {len(found)} slides")
        return found

    def make(self):
        self.slide, self.second = self.synth("made", 0.5, self.side, slides=2, train=48)
        self.archive = self.slide.parent
        return f"two slides of {self.side} x {self.side} px, 48 patches"

    def train(self):
        def run(device, steps):
            self.programs.run("wsi-lpd", "train", self.patches, "-o", self.folder / f"run-{device}", "--encoder", self.encoder, "--iterations", steps,
                              "--warmup-iterations", steps // 2, "--batch-size", 8, "--device", device, "--quiet", seconds=120)
            shutil.copy(self.folder / f"run-{device}/model.safetensors", self.model)
            return f"{self.encoder}, {steps} steps on {device}"

        try:
            return run(self.device, self.steps)
        except Failure as reason:
            if self.device == "cpu":
                raise
            return f"{run('cpu', self.steps // 5)}, as a training on the GPU failed: {reason}"

    def fit_head(self):
        self.programs.run("wsi-lpd", "calibrate", self.patches, "--model", self.model, "-o", self.with_head, "--presence-encoder",
                          self.programs.bundle / "data/tests/golden/tiny_encoder.ts.pt", "--device", "cpu")
        return "a presence head on an encoder in TorchScript"

    def segment(self, name, *options, slide=None, model=None, **more):
        """What is said, and the statistics of the slide's results in the folder `name`."""
        slide = slide or self.slide
        said = self.programs.run("wsi-lpd", "segment", slide, "-o", self.folder / name, "--model", model or self.model, "--tissue", "none",
                                 "--force", *options, **more)
        return said, json.loads((self.folder / name / f"{slide.stem}.json").read_text())

    def agreement(self, name, other):
        """The share of pixels with the same label in two folders of results, and how many classes the second shows on 1 % of it at least."""
        said = self.programs.run("wsi-lpd", "compare", self.folder / name, self.folder / other, "--json", "--boundary-um", 0)
        confusion = json.loads(said[said.index("{"):])["confusion"]
        total = sum(map(sum, confusion))
        return sum(row[i] for i, row in enumerate(confusion)) / total, sum(sum(row) >= total / 100 for row in confusion)
