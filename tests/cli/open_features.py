"""Reads the features that `segment` wrote, and what they are of. Usage: open_features.py RESULT.h5 WIDTH ENCODER"""

import sys

import h5py
import numpy as np

path, width, encoder = sys.argv[1:]
with h5py.File(path) as file:
    features = file["features"]
    assert features.shape[1] == int(width), features.shape
    assert features.attrs["encoder"] in (encoder, encoder.encode()), features.attrs["encoder"]
    values = features[:]
    assert np.isfinite(values).all() and len(values) > 4 and values.std(axis=0).max() > 0
