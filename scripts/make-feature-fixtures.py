"""The same features in every format and type that people save them in, for test/features/given.

Run: python scripts/make-feature-fixtures.py     (versions in make-feature-fixtures.txt)
Writes test/fixtures/features/{read,refused}/*; read/float32.npy holds the values that all in read/ hold.
"""

from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.sparse import csr_matrix

OUT = Path(__file__).resolve().parent.parent / "test" / "fixtures" / "features"
READ, REFUSED = OUT / "read", OUT / "refused"
READ.mkdir(parents=True, exist_ok=True)
REFUSED.mkdir(parents=True, exist_ok=True)

ROWS, DIMENSION = 7, 5
rng = np.random.default_rng(1)
# Sixty-fourths: the same in half, single and double precision.
x = (rng.integers(-640, 640, (ROWS, DIMENSION)) / 64).astype("f4")

plan = pd.DataFrame(
    {
        "cell_id": ["a", "b", "c", "a", "b", "c", "ä"],
        "setting": ["original"] * 3 + ["different"] * 4,
        "background": [None] * 3 + ["ER"] * 4,
        "donor_id": [None] * 3 + ["c", "a", "b", "a"],
    }
)
wide = pd.DataFrame(x, columns=[f"mynet_{i}" for i in range(DIMENSION)])
told = pd.concat([plan, wide], axis=1)

np.save(READ / "float32.npy", x)
np.save(READ / "float64.npy", x.astype("f8"))
np.save(READ / "float16.npy", x.astype("f2"))
np.save(READ / "big-endian.npy", x.astype(">f4"))

# pandas: with its index kept, text as categories, whole numbers that are metadata.
frame = told.assign(Metadata_ObjectNumber=range(ROWS), cell=range(ROWS))
frame["setting"] = frame["setting"].astype("category")
frame.index = range(10, 10 + ROWS)
frame.to_parquet(READ / "pandas.parquet", index=True)
wide.astype("f8").to_parquet(READ / "groups.parquet", row_group_size=3, compression="zstd", use_dictionary=False)
pq.write_table(
    pa.table({f"f{i}": pa.array(x[:, i].astype("f2"), pa.float16()) for i in range(DIMENSION)}),
    READ / "half.parquet",
)
lists = pa.table({"Metadata_Cell": plan.cell_id, "embedding": pa.array(list(x), pa.list_(pa.float32()))})
pq.write_table(lists, READ / "lists.parquet", row_group_size=4)
fixed = pa.FixedSizeListArray.from_arrays(pa.array(x.astype("f8").ravel()), DIMENSION)
pq.write_table(pa.table({"embedding": fixed}), READ / "fixed.parquet")
pq.write_table(pa.table({"embedding": pa.array(list(x), pa.large_list(pa.float32()))}), READ / "large.parquet")

anndata.AnnData(x, obs=plan.fillna("").set_index(pd.Index([str(i) for i in range(ROWS)]))).write_h5ad(
    READ / "text.h5ad"
)
obs = plan.rename(columns={"cell_id": "Metadata_Cell", "donor_id": "Metadata_Donor"})
obs[["setting", "background"]] = obs[["setting", "background"]].astype("category")
obs.index = obs.index.astype(str)
anndata.AnnData(x.astype("f8"), obs=obs).write_h5ad(READ / "categories.h5ad", compression="gzip")

anndata.AnnData(x.astype("f2")).write_h5ad(READ / "half.h5ad")

np.save(REFUSED / "fortran.npy", np.asfortranarray(x))
np.save(REFUSED / "whole.npy", x.astype("i4"))
np.save(REFUSED / "tokens.npy", x.reshape(ROWS, 1, DIMENSION))
np.save(REFUSED / "vector.npy", x.ravel())
np.save(REFUSED / "none.npy", x[:0])
(REFUSED / "cut.npy").write_bytes((READ / "float32.npy").read_bytes()[:-4])
wide.assign(index=range(ROWS)).to_parquet(REFUSED / "whole.parquet")
plan.to_parquet(REFUSED / "none.parquet")
ragged = [list(map(float, row[: DIMENSION - (i == 4)])) for i, row in enumerate(x)]
pq.write_table(pa.table({"embedding": ragged}), REFUSED / "ragged.parquet")
pq.write_table(pa.table({"one": ragged, "two": ragged}), REFUSED / "two.parquet")
(REFUSED / "cut.parquet").write_bytes((READ / "pandas.parquet").read_bytes()[:-20])
anndata.AnnData(csr_matrix(x)).write_h5ad(REFUSED / "sparse.h5ad")
anndata.AnnData(x.astype("i4")).write_h5ad(REFUSED / "whole.h5ad")
anndata.AnnData(obs=plan.fillna("")).write_h5ad(REFUSED / "none.h5ad")
(REFUSED / "cut.h5ad").write_bytes((READ / "text.h5ad").read_bytes()[:4000])
(REFUSED / "text.csv").write_text("a,b\n1,2\n")
