#!/usr/bin/env python3
"""A mix transformer (SegFormer's encoder) with cosine prototypes in plain, eager PyTorch: what scripts/gpu_check puts beside wsi-lpd.

    eager.py [--device cuda] [--encoder mit_b1] [--batch 64] [--seconds 3]     # one JSON object with images per second

Images of 224 px are bytes on the device. `forward`: normalise, encoder, class maps of three scales. `train`: forward, binary cross entropy of
image scores, backward, AdamW. bfloat16 by autocast.
"""
import argparse
import json
import time

import torch
import torch.nn.functional as F
from torch import nn

WIDTHS = {"mit_b0": (32, 64, 160, 256), "mit_b1": (64, 128, 320, 512)}
HEADS, REDUCTIONS, STRIDES = (1, 2, 5, 8), (8, 4, 2, 1), (4, 2, 2, 1)
CLASSES, PROTOTYPES, SIDE = 4, 3, 224


class Attention(nn.Module):
    def __init__(self, width, heads, reduction):
        super().__init__()
        self.heads, self.reduction = heads, reduction
        self.q, self.kv, self.proj = nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)
        if reduction > 1:
            self.sr, self.norm = nn.Conv2d(width, width, reduction, reduction), nn.LayerNorm(width)

    def forward(self, x, height, width):
        count, tokens, channels = x.shape
        source = x
        if self.reduction > 1:
            source = self.norm(self.sr(x.transpose(1, 2).reshape(count, channels, height, width)).flatten(2).transpose(1, 2))
        query = self.q(x).view(count, tokens, self.heads, -1).transpose(1, 2)
        key, value = self.kv(source).view(count, -1, 2, self.heads, channels // self.heads).permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(x.shape))


class Block(nn.Module):
    def __init__(self, width, heads, reduction):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads, reduction)
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.dwconv = nn.Conv2d(4 * width, 4 * width, 3, 1, 1, groups=4 * width)

    def forward(self, x, height, width):
        x = x + self.attn(self.norm1(x), height, width)
        hidden = self.fc1(self.norm2(x))
        maps = hidden.transpose(1, 2).reshape(len(x), -1, height, width)
        return x + self.fc2(F.gelu(self.dwconv(maps).flatten(2).transpose(1, 2)))


class Network(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        widths = WIDTHS[encoder]
        inputs = (3, *widths[:3])
        self.embeddings = nn.ModuleList(nn.Conv2d(i, o, 7 if s == 0 else 3, STRIDES[s], 3 if s == 0 else 1)
                                        for s, (i, o) in enumerate(zip(inputs, widths)))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for width in widths)
        self.blocks = nn.ModuleList(nn.ModuleList(Block(w, HEADS[s], REDUCTIONS[s]) for _ in range(2)) for s, w in enumerate(widths))
        self.ends = nn.ModuleList(nn.LayerNorm(width, eps=1e-6) for width in widths)
        self.prototypes = nn.Parameter(torch.randn(CLASSES * PROTOTYPES, 512))
        self.projections = nn.ModuleList(nn.Sequential(nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, width)) for width in widths)

    def features(self, x):
        for embedding, norm, blocks, end in zip(self.embeddings, self.norms, self.blocks, self.ends):
            x = embedding(x)
            height, width = x.shape[2:]
            x = norm(x.flatten(2).transpose(1, 2))
            for block in blocks:
                x = block(x, height, width)
            x = end(x).transpose(1, 2).reshape(len(x), -1, height, width)
            yield x

    def forward(self, rgb):
        """Class maps [B, C, h, w] of scales 2 to 4, logit units."""
        maps = []
        for feature, projection in list(zip(self.features((rgb.permute(0, 3, 1, 2).float() - 127) / 60), self.projections))[1:]:
            weights = F.normalize(projection(self.prototypes), dim=1)
            cosines = F.conv2d(F.normalize(feature.float(), dim=1), weights[:, :, None, None].float()) / 0.07
            cosines = cosines.unflatten(1, (CLASSES, PROTOTYPES))
            maps.append((cosines.softmax(2) * cosines).sum(2))
        return maps


def fused(maps):
    return sum(weight * F.interpolate(m, size=maps[0].shape[2:], mode="bilinear") for weight, m in zip((0.3, 0.3, 0.4), maps)).sigmoid()


def rate(step, images, seconds, device):
    """Images per second of `step`, after one that warms up."""
    wait = torch.cuda.synchronize if device.startswith("cuda") else lambda: None
    for _ in range(3 if device.startswith("cuda") else 1):
        step()
    wait()
    start, steps = time.perf_counter(), 0
    while steps == 0 or time.perf_counter() - start < seconds:
        step()
        steps += 1
        if steps % 8 == 0:
            wait()
    wait()
    return images * steps / (time.perf_counter() - start)


def measure(device, encoder, batch, seconds):
    torch.manual_seed(0)
    network = Network(encoder).to(device)
    rgb = torch.randint(256, (batch, SIDE, SIDE, 3), dtype=torch.uint8, device=device)
    labels = torch.randint(2, (batch, CLASSES), device=device).float()
    kind = device.split(":")[0]
    found = {"device": torch.cuda.get_device_name() if kind == "cuda" else "cpu", "torch": torch.__version__, "encoder": encoder, "batch": batch,
             "parameters": sum(p.numel() for p in network.parameters())}

    def forward(autocast):
        with torch.inference_mode(), torch.autocast(kind, torch.bfloat16, enabled=autocast):
            return fused(network(rgb))

    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4)

    def train():
        with torch.autocast(kind, torch.bfloat16):
            loss = sum(F.binary_cross_entropy_with_logits(m.mean((2, 3)), labels) for m in network(rgb))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    found["forward_fp32"] = rate(lambda: forward(False), batch, seconds, device)
    found["forward_bf16"] = rate(lambda: forward(True), batch, seconds, device)
    found["train_bf16"] = rate(train, batch, seconds, device)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--encoder", default="mit_b1", choices=WIDTHS)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=3)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.device, arguments.encoder, arguments.batch, arguments.seconds)))


if __name__ == "__main__":
    main()
