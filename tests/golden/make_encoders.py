#!/usr/bin/env python3
"""Makes encoders.safetensors and encoders.json of this folder: make_encoders.py. README.md says what they hold.

Needs torch, torchvision, timm, transformers, safetensors and numpy.
"""
import json
import tempfile
import zlib
from pathlib import Path

import numpy as np
import timm
import torch
import torchvision
import transformers
from safetensors.torch import load_file, save_file
from timm.layers import SwiGLUPacked

HERE = Path(__file__).resolve().parent
PATCH = 4
SIZES = {"tokens": (2, 16, 16), "larger": (1, 24, 20), "smaller": (1, 12, 8)}  # images, height, width; antialiasing changes the last


def uniform(name, count):
    """The formula of README.md: v of `count` elements."""
    x = (np.uint64(zlib.crc32(name.encode())) << np.uint64(32)) + np.arange(count, dtype=np.uint64)
    with np.errstate(over="ignore"):
        x = x + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
    return 2 * ((x >> np.uint64(11)) * 2.0**-53) - 1


def golden_weight(name, shape):
    count = int(np.prod(shape))
    v = uniform(name, count)
    if len(shape) >= 2:
        v = v * np.sqrt(3 / (count / shape[0]))
    else:
        v = 0.02 * v if name.split(".")[-1] in ("bias", "running_mean") else 1 + 0.1 * v
    return torch.from_numpy(v.astype(np.float32).reshape(shape))


def images(count, height, width):
    return torch.from_numpy(uniform("images", count * 3 * height * width).astype(np.float32).reshape(count, 3, height, width))


def filled(tensors):
    return {n: golden_weight(n, tuple(t.shape)) if t.is_floating_point() else t for n, t in tensors.items()}


def shapes(tensors):
    return {n: list(t.shape) for n, t in tensors.items() if t.is_floating_point()}


class Fixture:
    def __init__(self):
        self.outputs, self.cases = {}, {}

    def add(self, name, case, outputs):
        self.cases[name] = case
        for key, value in outputs.items():
            assert value.isfinite().all() and value.std() > 0.1, f"{name}.{key} says too little to compare with"
            self.outputs[f"{name}.{key}"] = value.contiguous()

    def write(self):
        save_file(self.outputs, HERE / "encoders.safetensors")
        text = json.dumps({"versions": versions(), "cases": self.cases}, separators=(",", ":"), sort_keys=True)
        (HERE / "encoders.json").write_text(text + "\n")


def versions():
    return {m.__name__: m.__version__ for m in (torch, torchvision, timm, transformers)}


def timm_case(fixture, name, config, **arguments):
    arguments = {"img_size": 16, "patch_size": PATCH, "embed_dim": 32, "depth": 2, "num_heads": 4, **arguments}
    config = {"architecture": "vit_tiny_patch16_224", "num_features": 32, "global_pool": "token", **config}
    config["pretrained_cfg"] = {"input_size": [3, 16, 16], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.25, 0.5]}
    config["model_args"] = {k: v for k, v in arguments.items() if isinstance(v, (int, float, bool))}
    model = timm.create_model(config["architecture"], dynamic_img_size=True, num_classes=3, **arguments).eval()
    weights = filled(model.state_dict())
    model.load_state_dict(weights)
    outputs = {name: model.forward_features(images(*size)) for name, size in SIZES.items()}
    fixture.add(name, {"shapes": shapes(weights), "config": config, "ignored": 2}, outputs)


def hugging_face_case(fixture, name, model_class, config, ignored, **forward):
    with tempfile.TemporaryDirectory() as folder:  # the names in files are not those of the modules
        file = Path(folder) / "model.safetensors"
        model_class(config).save_pretrained(folder)
        weights = filled(load_file(file))
        save_file(weights, file, {"format": "pt"})
        model = model_class.from_pretrained(folder).eval()
        text = json.loads((Path(folder) / "config.json").read_text())
    outputs = {name: model(images(*size), **forward).last_hidden_state for name, size in SIZES.items()}
    preprocessor = {"crop_size": {"height": 16, "width": 16}, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.25, 0.5]}
    case = {"shapes": shapes(weights), "config": text, "preprocessor": preprocessor, "ignored": ignored}
    fixture.add(name, case, outputs)


def resnet_case(fixture):
    models = [torchvision.models.resnet50(), timm.create_model("resnet50")]
    weights = filled(models[0].state_dict())
    for model in models:
        model.load_state_dict(weights)  # strict: both have the same names
        model.eval().fc = torch.nn.Identity()
    maps = models[1].forward_features(images(1, 64, 64))
    pooled = models[0](images(1, 64, 64))
    assert torch.allclose(maps.mean((2, 3)), pooled, rtol=1e-4, atol=1e-4 * pooled.abs().max())
    fixture.add("resnet50", {"shapes": shapes(weights), "ignored": 2}, {"map": maps, "features": pooled})


@torch.no_grad()
def main():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    fixture = Fixture()
    gated = {"mlp_layer": SwiGLUPacked, "act_layer": torch.nn.SiLU, "mlp_ratio": 3.0}
    timm_case(fixture, "timm_plain", {})
    timm_case(fixture, "timm_scaled_registers", {}, init_values=1e-5, reg_tokens=4, no_embed_class=True)
    timm_case(fixture, "timm_gated_register_positions", {"global_pool": ""}, reg_tokens=8, qkv_bias=False, **gated)
    timm_case(fixture, "timm_gated_scaled", {}, init_values=1e-5, reg_tokens=3, no_embed_class=True, **gated)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "image_size": 16, "patch_size": PATCH}
    t = transformers
    hugging_face_case(fixture, "hf_vit", t.ViTModel, t.ViTConfig(intermediate_size=128, **sizes), 2, interpolate_pos_encoding=True)
    hugging_face_case(fixture, "hf_dinov2", t.Dinov2Model, t.Dinov2Config(**sizes), 1)
    hugging_face_case(fixture, "hf_dinov2_gated", t.Dinov2Model, t.Dinov2Config(use_swiglu_ffn=True, **sizes), 1)
    registers = t.Dinov2WithRegistersConfig(num_register_tokens=4, **sizes)
    hugging_face_case(fixture, "hf_dinov2_registers", t.Dinov2WithRegistersModel, registers, 1)
    resnet_case(fixture)
    fixture.write()


if __name__ == "__main__":
    main()
