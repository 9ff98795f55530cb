#!/usr/bin/env python3
"""Writes logistic.json: balanced logistic regressions of scikit-learn. Needs scikit-learn and NumPy (README.md)."""
import json
import pathlib

import numpy
import sklearn
from sklearn.linear_model import LogisticRegression

IMAGES, WIDTH, STRENGTHS = 40, 5, (0.01, 0.3, 10.0)


def main():
    random = numpy.random.Generator(numpy.random.PCG64(1))
    features = numpy.round(random.normal(size=(IMAGES, WIDTH)) * [1, 2, 0.5, 1, 3], 4)
    noise = random.normal(size=IMAGES)
    labels = (features @ [1, -0.5, 1, 0, 0] + noise > 1).astype(int)  # a minority, so that balance matters
    fits = []
    for strength in STRENGTHS:
        fit = LogisticRegression(C=strength, class_weight="balanced", solver="newton-cholesky", tol=1e-12, max_iter=1000)
        fit.fit(features, labels)
        fits.append({"C": strength, "weight": fit.coef_[0].tolist(), "intercept": float(fit.intercept_[0])})
    content = {"scikit-learn": sklearn.__version__, "features": features.tolist(), "labels": labels.tolist(), "fits": fits}
    (pathlib.Path(__file__).parent / "logistic.json").write_text(json.dumps(content) + "\n")


main()
