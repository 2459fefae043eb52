"""Writes test/fixtures/evaluate/many-classes.json: scikit-learn's multinomial logistic regression of many classes."""
# pip install -r scripts/make-many-class-fixtures.txt; then python scripts/make-many-class-fixtures.py
import base64
import json
import pathlib

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

OUT = pathlib.Path(__file__).parent.parent / "test/fixtures/evaluate/many-classes.json"


def cases():
    rng = np.random.default_rng(17)
    for name, classes, least, d, apart in [
        ("60 classes of 4 to 6 rows, 10 features that go together", 60, 4, 10, 1.0),
        ("200 classes of 3 to 5 rows, 6 features, hard to tell apart", 200, 3, 6, 0.5),
    ]:
        sizes = [least + k % 3 for k in range(classes)]
        y = np.repeat(np.arange(classes), sizes)
        mix = rng.normal(size=(d, d)) * 0.6 ** np.arange(d)[:, None]
        x = (rng.normal(size=(classes, d)) * apart)[y] @ mix + 0.3 * rng.normal(size=(len(y), d)) @ mix
        x = (10.0 ** (np.arange(d) % 3) * x + 5).astype(np.float32)
        z = StandardScaler().fit_transform(x.astype(np.float64))
        model = LogisticRegression(C=1.0, class_weight="balanced", tol=1e-12, max_iter=100000).fit(z, y)
        p = model.predict_proba(z)
        called = model.predict(z)
        rows = np.arange(len(y))
        yield dict(
            name=name, sizes=sizes, dimension=d, features=base64.b64encode(x.tobytes()).decode(),
            probability=np.round(np.stack([p[rows, y], p[rows, called]], 1), 10).tolist(), predicted=called.tolist(),
        )


OUT.write_text(json.dumps(list(cases()), separators=(",", ":")) + "\n")
