"""The convex problems of the races: data, objective, and how our program is asked for the same thing.

One objective for everybody: mean loss + (l2/2)‖w‖² + l1‖w‖₁, no intercept unless said, evaluated here in f64
whatever the solver says of itself.

logistic log(1 + e^−yz) · hinge max(0, 1 − yz) · squared hinge max(0, 1 − yz)² · squared ½(z − y)² ·
softmax log Σ e^z − z_y.
"""

import dataclasses
import functools
import gzip

import numpy as np
import scipy.sparse as sparse
from scipy.special import logsumexp

from record import SCRATCH, shared


@dataclasses.dataclass
class Problem:
    name: str
    loss: str
    X: object  # dense array or CSR matrix
    y: np.ndarray
    file: str  # what our program reads
    target: str | None = None  # the target's column; svmlight needs none
    l2: float = 0.0
    l1: float = 0.0
    intercept: bool = False

    @property
    def rows(self):
        return self.X.shape[0]

    @property
    def is_sparse(self):
        return sparse.issparse(self.X)

    def arguments(self):
        """Our program's arguments for this problem, stopping rule and threads left open."""
        out = [self.file, "--loss", self.loss.replace("_", "-"), "--standardize", "none"]
        out += ["--valid", "0", "--test", "0"]
        if self.target is not None:
            out += ["--target", self.target]
        if not self.intercept:
            out += ["--intercept", "none"]
        out += ["--l2", repr(self.l2)]
        if self.l1:
            out += ["--l1", repr(self.l1)]
        return out

    def objective(self, w, b=0.0):
        """The objective at w (features, or classes × features for softmax) in f64."""
        w = np.asarray(w, dtype=np.float64)
        if self.loss == "softmax":
            z = margins(self.X, w.T) + b
            loss = logsumexp(z, axis=1) - z[np.arange(len(z)), self.y.astype(int)]
        else:
            z = margins(self.X, w.ravel()) + b
            loss = LOSSES[self.loss](z, self.y)
        return float(loss.mean() + 0.5 * self.l2 * np.sum(w * w) + self.l1 * np.abs(w).sum())


LOSSES = {
    "logistic": lambda z, y: np.logaddexp(0.0, -y * z),
    "hinge": lambda z, y: np.maximum(0.0, 1.0 - y * z),
    "squared_hinge": lambda z, y: np.maximum(0.0, 1.0 - y * z) ** 2,
    "squared": lambda z, y: 0.5 * (z - y) ** 2,
}


def margins(X, w):
    """X w in f64 without a second copy of X."""
    if sparse.issparse(X) or X.dtype == np.float64:
        return X @ w
    out = np.empty((X.shape[0], *w.shape[1:]))
    for at in range(0, X.shape[0], 65536):
        out[at : at + 65536] = X[at : at + 65536].astype(np.float64) @ w
    return out


def l1_max(X, y):
    """The smallest l1 at which the lasso is all zero."""
    return float(np.abs(X.T @ y).max() / X.shape[0])


@functools.lru_cache(maxsize=None)
def svmlight(file, features):
    """CSR in f64 with 32-bit indices, labels as they stand; the path; or None."""
    from sklearn.datasets import load_svmlight_file

    path = shared("libsvm", file)
    if path is None:
        return None
    X, y = load_svmlight_file(str(path), n_features=features, zero_based=False)
    X.indices = X.indices.astype(np.int32)
    X.indptr = X.indptr.astype(np.int32)
    return X, y, str(path)


SVMLIGHT_FEATURES = {
    "a9a.gz": 123,
    "heart_scale": 13,
    "agaricus.txt.train": 126,
    "rcv1_small.svm.gz": 47_236,
    "movie_reviews_bow.svm.gz": 50_920,
}


def from_svmlight(file, loss, l2=None, l1=0.0, intercept=False):
    """A problem on one of the svmlight sets; labels become −1 and +1; l2 is 1/n unless given."""
    loaded = svmlight(file, SVMLIGHT_FEATURES[file])
    if loaded is None:
        return None
    X, y, path = loaded
    if loss == "squared" and set(np.unique(y)) == {0.0, 1.0}:
        pass  # our program regresses on the labels as the file has them
    elif set(np.unique(y)) == {0.0, 1.0}:
        y = 2.0 * y - 1.0
    name = file.split(".")[0]
    l2 = 1.0 / X.shape[0] if l2 is None else l2
    return Problem(f"{loss}/{name}", loss, X, y, path, None, l2, l1, intercept)


def dense_million(rows=1_000_000, columns=100):
    """Normal features, logistic noise: the dense problem in f32."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, columns), dtype=np.float32)
    w = rng.standard_normal(columns).astype(np.float32)
    y = np.where(X @ w * 0.3 + rng.logistic(size=rows) > 0, 1.0, -1.0)
    name = f"dense-{rows}x{columns}"
    file = parquet(name, X, y.astype(np.int32))
    return Problem(f"logistic/{name}", "logistic", X, y, file, "target", 1.0 / rows)


def idx(path):
    """An IDX file of bytes: images or labels."""
    raw = gzip.open(path).read()
    dims = [int.from_bytes(raw[4 + 4 * k : 8 + 4 * k], "big") for k in range(raw[3])]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * len(dims)).reshape(dims)


def images(which):
    """60,000 images of 784 pixels in 0 … 1 (f32), softmax."""
    pixels = shared(which, "train-images-idx3-ubyte.gz")
    labels = shared(which, "train-labels-idx1-ubyte.gz")
    if pixels is None or labels is None:
        return None
    X = (idx(pixels).reshape(60_000, 784) / np.float32(255)).astype(np.float32)
    y = idx(labels).astype(np.float64)
    file = parquet(which, X, y.astype(np.int32))
    return Problem(f"softmax/{which}", "softmax", X, y, file, "target", 1.0 / len(y))


def regression_tables():
    """Standardized numbers and a centred target: name, X, y."""
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True, scaled=False)
    yield "diabetes", X, y
    housing = shared("tabular", "california-housing", "housing.csv.gz")
    if housing is not None:
        import pandas

        frame = pandas.read_csv(housing).drop(columns="ocean_proximity").dropna()
        y = frame.pop("median_house_value").to_numpy(float)
        yield "california", frame.to_numpy(float), y


def lasso_problems(fractions=(0.1, 0.01)):
    """Lasso and elastic net: l1 as a fraction of the smallest that empties the model."""
    sets = []
    for name, X, y in regression_tables():
        X = (X - X.mean(axis=0)) / X.std(axis=0)
        y = y - y.mean()
        sets.append((name, np.ascontiguousarray(X), y, parquet(name, X, y), "target"))
    for file in ("rcv1_small.svm.gz", "movie_reviews_bow.svm.gz"):
        loaded = svmlight(file, SVMLIGHT_FEATURES[file])
        if loaded is not None:
            X, y, path = loaded
            sets.append((file.split(".")[0], X, y, path, None))
    for name, X, y, file, target in sets:
        for fraction in fractions:
            l1 = fraction * l1_max(X, y)
            yield Problem(f"lasso-{fraction}/{name}", "squared", X, y, file, target, 0.0, l1)
        l1 = fractions[-1] * l1_max(X, y) / 2
        yield Problem(f"elastic-net/{name}", "squared", X, y, file, target, l1, l1)


def parquet(name, X, target):
    """The matrix with its target as a Parquet file for our program, made once."""
    import pyarrow
    import pyarrow.parquet

    SCRATCH.mkdir(exist_ok=True)
    path = SCRATCH / f"{name}.parquet"
    if not path.exists():
        columns = {f"x{j}": np.ascontiguousarray(X[:, j]) for j in range(X.shape[1])}
        columns["target"] = target
        partial = path.with_suffix(".partial")
        pyarrow.parquet.write_table(
            pyarrow.table(columns), partial, compression="snappy", use_dictionary=False
        )
        partial.replace(path)
    return str(path)
