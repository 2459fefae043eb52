"""Result tables of drawn numbers and their Table 1 and histogram by pandas and numpy, for test/report and test/evaluate.

Run: python scripts/make-report-fixtures.py     (versions in make-report-fixtures.txt)
Writes test/fixtures/report/{drawn/<encoder>/results_*.csv, drawn.json, histogram.json}.
"""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

OUT = Path(__file__).resolve().parent.parent / "test" / "fixtures" / "report"
CLASSES = ["actin", "bud neck", "ER, smooth", 'so-called "Golgi"', "nucleus", "vacuole"]
FILES = {"original": "base", "masked": "mask", "same": "same", "different": "diff", "cell-free": "batch"}
BACKGROUNDS = ("different", "cell-free")


def draw(rng, encoder, settings):
    folder = OUT / "drawn" / encoder
    folder.mkdir(parents=True, exist_ok=True)
    tables = {}
    for setting in settings:
        rows = []
        for a, b in combinations(CLASSES, 2):
            # Backgrounds in another order for every pair: the first remaining row depends on file order.
            for background in rng.permutation(CLASSES) if setting in BACKGROUNDS else [None]:
                folds = rng.integers(100, 201, 5) / 200
                row = {"Location1": a, "Location2": b, "Background": background}
                rows.append({**row, "Accuracy": folds.mean(), "StdDev": folds.std()})
        table = pd.DataFrame(rows)
        if setting not in BACKGROUNDS:
            table = table.drop(columns="Background")
        # File order is not the order of the classes.
        table = table.sample(frac=1, random_state=int(rng.integers(1 << 31)))
        table.loc[table.index[0], ["Accuracy", "StdDev"]] = [1.0, 0.0]
        table.loc[table.index[1], "StdDev"] = 3e-05
        table.to_csv(folder / f"results_{FILES[setting]}.csv", index=False)
        tables[setting] = pd.read_csv(folder / f"results_{FILES[setting]}.csv", float_precision="round_trip")
    return tables


def class_means(table, setting, aggregation):
    if setting in BACKGROUNDS:
        table = table[(table.Background != table.Location1) & (table.Background != table.Location2)]
        if aggregation == "published":
            table = table.drop_duplicates(["Location1", "Location2"], keep="first")
    elif setting in ("original", "masked") and aggregation == "published":
        return table.groupby("Location1").Accuracy.mean()
    both = table.melt(id_vars="Accuracy", value_vars=["Location1", "Location2"], value_name="name")
    return both.groupby("name").Accuracy.mean()


def summary(values):
    return {"mean": values.mean(), "error": 3 * values.sem(ddof=1), "classes": values.to_dict()}


def main():
    rng = np.random.default_rng(20260)
    expected = {}
    for encoder, settings in {"alpha": list(FILES), "beta": ["original", "different"]}.items():
        tables = draw(rng, encoder, settings)
        for aggregation in ("even", "published"):
            means = {s: class_means(t, s, aggregation) for s, t in tables.items()}
            drops = {}
            for start, end in (("same", "different"), ("cell-free", "different"), ("original", "different"), ("original", "masked")):
                if start in means and end in means:
                    drops[f"{start} - {end}"] = summary((means[start] - means[end]).dropna())
            settings_of = {s: summary(m) for s, m in means.items()}
            expected.setdefault(encoder, {})[aggregation] = {"settings": settings_of, "drops": drops}
    (OUT / "drawn.json").write_text(json.dumps(expected, indent=1) + "\n")

    values = np.round(rng.lognormal(-0.7, 1.1, 200), 4)
    counts, limits = np.histogram(values, bins=50)
    histogram = {"values": values.tolist(), "counts": counts.tolist(), "limits": limits.tolist()}
    histogram["quartiles"] = np.percentile(values, [25, 50, 75]).tolist()
    (OUT / "histogram.json").write_text(json.dumps(histogram) + "\n")


main()
