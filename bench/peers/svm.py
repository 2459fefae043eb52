"""scikit-learn's side of bench/svm-grid.ts: one JSON request per line on stdin, one JSON answer per line on stdout.

A request names a float32 file (pairs of classes, rows x dimension, one class after the other), the pairs to evaluate,
the solver and the number of processes. Only fitting and predicting is timed; wall and CPU seconds come back, and the
out-of-fold predictions.
"""
import json
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from sklearn.model_selection import StratifiedKFold

warnings.filterwarnings("ignore")


def machine(solver):
    from sklearn.svm import LinearSVC

    if solver == "intelex":
        from sklearnex.svm import SVC
    else:
        from sklearn.svm import SVC
    if solver == "liblinear":
        # Its bias is penalized; a large constant feature makes that penalty small, and the optimum nearly the same.
        return LinearSVC(loss="hinge", C=1, dual=True, tol=1e-5, max_iter=100000, intercept_scaling=30)
    if solver == "converged":
        return SVC(kernel="linear", C=1, tol=1e-6, max_iter=-1, cache_size=200)
    return SVC(kernel="linear", C=1, max_iter=100000, random_state=42)


def evaluate(job):
    solver, a, b = job
    x = np.vstack([a, b])
    y = np.r_[np.zeros(len(a), int), np.ones(len(b), int)]
    cpu, wall = time.process_time(), time.perf_counter()
    predicted = np.zeros(len(y), int)
    iterations = []
    for train, test in StratifiedKFold(5).split(x, y):
        fit = machine(solver).fit(x[train], y[train])
        predicted[test] = fit.predict(x[test])
        iterations.append(int(np.max(getattr(fit, "n_iter_", 0))))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return wall, cpu, "".join(map(str, (predicted == y).astype(int))), iterations


def answer(request, pools):
    features = np.fromfile(request["file"], np.float32).reshape(-1, request["rows"], request["dimension"])
    jobs = [(request["solver"], features[i].astype(float), features[j].astype(float)) for i, j in request["pairs"]]
    start = time.perf_counter()
    if request["processes"] == 1:
        found = [evaluate(job) for job in jobs]
        wall = sum(f[0] for f in found)
    else:
        size = request["processes"]
        pool = pools.setdefault(size, ProcessPoolExecutor(size))
        list(pool.map(abs, range(size)))
        start = time.perf_counter()
        found = list(pool.map(evaluate, jobs))
        wall = time.perf_counter() - start
    capped = sum(i >= 100000 for f in found for i in f[3]) if request["solver"] == "capped" else 0
    return dict(wall=wall, cpu=sum(f[1] for f in found), correct=[f[2] for f in found], capped=capped)


if __name__ == "__main__":
    pools = {}
    try:
        import sklearnex

        intelex = True
    except Exception:
        intelex = False
    print(json.dumps(dict(ready=True, intelex=intelex)), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), pools)), flush=True)
