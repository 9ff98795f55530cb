#!/usr/bin/env python3
"""Makes a container image out of a bundle of scripts/bundle, without docker: an OCI image layout in one file. The same bundle gives the same digest.

    examples/container/make_image.py wsi-lpd-VERSION-linux-x86_64.tar.zst wsi-lpd.oci.tar
    podman run -v "$PWD:/data" oci-archive:wsi-lpd.oci.tar segment slide.svs --model m.safetensors

The image has the bundle in /opt/wsi-lpd, /tmp and /data, where it starts, and nothing else, so --notify finds no shell there. Needs zstd.
"""
import gzip
import hashlib
import io
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile

PLACE = "opt/wsi-lpd"
BLOB = "blobs/sha256/"


class Hashed(io.RawIOBase):
    """What is written goes to `sink` and into a SHA-256."""

    def __init__(self, sink):
        self.sink, self.sha256 = sink, hashlib.sha256()

    def write(self, data):
        self.sha256.update(data)
        return self.sink.write(data)

    def digest(self):
        return "sha256:" + self.sha256.hexdigest()


def folder(name, mode):
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, mode
    return entry


def write_layer(bundle, file):
    """The image's only layer: the bundle's files at their place. Returns the digests of the layer and of what it is when it is unpacked."""
    packed = Hashed(file)
    with gzip.GzipFile("", "wb", 6, packed, mtime=0) as compressed:
        plain = Hashed(compressed)
        with subprocess.Popen(["zstd", "-dcq", bundle], stdout=subprocess.PIPE) as unpacked:
            with tarfile.open(fileobj=unpacked.stdout, mode="r|") as source, tarfile.open(fileobj=plain, mode="w|", format=tarfile.GNU_FORMAT) as layer:
                for name, mode in (("data", 0o777), ("opt", 0o755), ("tmp", 0o1777)):
                    layer.addfile(folder(name, mode))
                for entry in source:
                    entry.name = "/".join([PLACE, *entry.name.split("/")[1:]])
                    layer.addfile(entry, source.extractfile(entry) if entry.isreg() else None)
    if unpacked.returncode != 0:
        sys.exit(f"error: {bundle}: zstd can't unpack it")
    return packed.digest(), plain.digest()


def make_image(bundle, image):
    def add(name, size, content):
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = size, 0o644
        archive.addfile(entry, content)

    def add_blob(content):
        """Adds JSON; returns its digest and size, as a descriptor."""
        text = json.dumps(content, sort_keys=True).encode()
        digest = hashlib.sha256(text).hexdigest()
        add(BLOB + digest, len(text), io.BytesIO(text))
        return {"digest": "sha256:" + digest, "size": len(text)}

    kind = "application/vnd.oci.image."
    with tempfile.TemporaryFile(dir=image.parent) as layer, tarfile.open(image, "w", format=tarfile.GNU_FORMAT) as archive:
        digest, plain_digest = write_layer(bundle, layer)
        size = layer.tell()
        layer.seek(0)
        version = json.dumps({"imageLayoutVersion": "1.0.0"}).encode()
        add("oci-layout", len(version), io.BytesIO(version))
        add(BLOB + digest.removeprefix("sha256:"), size, layer)
        start = {"Entrypoint": [f"/{PLACE}/wsi-lpd"], "WorkingDir": "/data", "Env": [f"PATH=/{PLACE}"]}
        config = add_blob({"created": "1970-01-01T00:00:00Z", "architecture": "amd64", "os": "linux", "config": start,
                           "rootfs": {"type": "layers", "diff_ids": [plain_digest]}})
        manifest = add_blob({"schemaVersion": 2, "mediaType": kind + "manifest.v1+json",
                             "config": {"mediaType": kind + "config.v1+json", **config},
                             "layers": [{"mediaType": kind + "layer.v1.tar+gzip", "digest": digest, "size": size}]})
        index = json.dumps({"schemaVersion": 2, "manifests": [{"mediaType": kind + "manifest.v1+json", **manifest,
                            "annotations": {"org.opencontainers.image.ref.name": "latest"}}]}).encode()
        add("index.json", len(index), io.BytesIO(index))
    return manifest["digest"]


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    target = pathlib.Path(sys.argv[2])
    part = target.with_name(target.name + ".part")
    try:
        print(make_image(sys.argv[1], part))
        part.rename(target)
    except (tarfile.TarError, OSError) as reason:
        sys.exit(f"error: {sys.argv[1]} to {target}: {reason}; give a bundle of scripts/bundle and a file in a folder that is there")
    finally:
        part.unlink(missing_ok=True)
