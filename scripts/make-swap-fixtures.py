"""Writes test/fixtures/swap/reference.json: what the independent Python run makes of real cells, as statistics.

Usage: python scripts/make-swap-fixtures.py SHARED    (the folder with data/ and reference/)
Requirements: scripts/make-swap-fixtures.txt

Runs the reference's own step 2 (normalization, cleaned donors) in a temporary folder and projects composites of some
cells onto two fixed weight vectors per channel. Pixels of real cells are not stored.
"""
import json, os, pathlib, shutil, sys, tempfile

import numpy as np

STEP = 40  # every 40th cell
shared = pathlib.Path(sys.argv[1]).resolve()
out = pathlib.Path(__file__).resolve().parent.parent / "test/fixtures/swap/reference.json"
reference = shared / "reference"
os.environ["YEAST_IMAGES"] = str(shared / "data/yeast/images")
sys.path.insert(0, str(reference / "scripts"))
work = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else pathlib.Path(tempfile.mkdtemp())
for name in ("index.csv", "masks.npy"):
    shutil.copyfile(reference / name, work / name)
os.chdir(work)
code = (reference / "scripts/step2_settings.py").read_text().split("# --- artefacts")[0]
exec("\n".join(line for line in code.splitlines() if "matplotlib" not in line))
from settings import compose

p = np.arange(4096, dtype=np.int64)
weights = np.stack([((p * 7919) % 4096) / 4096, ((p * p * 31 + p) % 5081) / 5081])


def project(image):
    """Channels x 2 weighted means, float64."""
    return [[float((image[c].ravel().astype(np.float64) * w).mean()) for w in weights] for c in range(2)]


cells = [int(i) for i in d.idx[d.ok == 1][::STEP]]
rows = []
for i in cells:
    for mode in ("original", "masked", "bgonly"):
        rows.append(dict(cell=i, mode=mode, background=-1, projection=project(compose(X, M, plan, NC, CF, mode, None, [i])[0])))
    for b in range(5):
        for mode in ("naive", "inpaint", "cellfree", "feather"):
            rows.append(dict(cell=i, mode=mode, background=b, projection=project(compose(X, M, plan, NC, CF, mode, b, [i])[0])))
out.parent.mkdir(parents=True, exist_ok=True)
out.write_text("[\n" + ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows) + "\n]\n")
