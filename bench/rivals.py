"""The other solvers of the same convex problems, each as it is fastest.

`RIVALS[name].prepare(problem)` does what a user does once (the layout the solver likes, LIBLINEAR's own problem
object) and is not timed; the function it returns takes a tolerance and gives (w, b), and is.
"""

import dataclasses
import warnings
from typing import Callable

import numpy as np

warnings.filterwarnings("ignore")

MAX_ITER = 100_000


@dataclasses.dataclass
class Rival:
    packages: tuple
    threads: int
    tolerances: tuple  # from loose to tight, those of a time-to-accuracy sweep
    takes: Callable  # problem -> bool
    prepare: Callable  # problem -> (tolerance -> (w, b))


def dense(problem, dtype):
    X = problem.X.toarray() if problem.is_sparse else problem.X
    return np.ascontiguousarray(X, dtype=dtype)


def sklearn_logistic(solver, dtype=np.float64):
    def prepare(problem):
        from sklearn.linear_model import LogisticRegression

        if solver == "newton-cholesky" or not problem.is_sparse:
            X = dense(problem, dtype)
        else:
            X = problem.X.astype(dtype)
        C = 1.0 / (problem.rows * problem.l2)

        def run(tol):
            model = LogisticRegression(
                C=C, solver=solver, tol=tol, max_iter=MAX_ITER, fit_intercept=problem.intercept
            ).fit(X, problem.y)
            return (model.coef_ if problem.loss == "softmax" else model.coef_[0]), model.intercept_

        return run

    return prepare


def liblinear(kind):
    """LIBLINEAR's train() on a problem already built; kind is the number of its option -s."""

    def prepare(problem):
        from liblinear.liblinearutil import parameter, train
        from liblinear.liblinearutil import problem as build

        X = problem.X if problem.is_sparse else np.asarray(problem.X, dtype=np.float64)
        built = build(problem.y, X)
        C = 1.0 / (problem.rows * problem.l2)
        d = problem.X.shape[1]

        def run(tol):
            model = train(built, parameter(f"-s {kind} -c {C!r} -e {tol!r} -B -1 -q"))
            w = np.array(model.w[: model.nr_feature])
            if model.label[0] < 0:
                w = -w
            return np.pad(w, (0, d - len(w))), 0.0

        return run

    return prepare


def linear_svc(problem):
    """LIBLINEAR -s 3 through scikit-learn, which lets it run past 1,000 passes."""
    from sklearn.svm import LinearSVC

    C = 1.0 / (problem.rows * problem.l2)

    def run(tol):
        model = LinearSVC(
            loss="hinge", dual=True, C=C, tol=tol, max_iter=MAX_ITER, fit_intercept=False
        ).fit(problem.X, problem.y)
        return model.coef_[0], 0.0

    return run


def coordinate_layout(problem):
    """By columns, as coordinate methods want it."""
    return problem.X.tocsc() if problem.is_sparse else np.asfortranarray(problem.X)


def sklearn_lasso(problem):
    from sklearn.linear_model import ElasticNet

    X = coordinate_layout(problem)
    alpha = problem.l1 + problem.l2

    def run(tol):
        model = ElasticNet(
            alpha=alpha,
            l1_ratio=problem.l1 / alpha,
            fit_intercept=problem.intercept,
            tol=tol,
            max_iter=MAX_ITER,
        ).fit(X, problem.y)
        return model.coef_, model.intercept_

    return run


def celer(problem):
    from celer import ElasticNet, Lasso

    X = coordinate_layout(problem)
    alpha = problem.l1 + problem.l2

    def run(tol):
        common = dict(fit_intercept=problem.intercept, tol=tol, max_iter=1000, max_epochs=MAX_ITER)
        if problem.l2:
            model = ElasticNet(alpha=alpha, l1_ratio=problem.l1 / alpha, **common)
        else:
            model = Lasso(alpha=alpha, **common)
        model.fit(X, problem.y)
        return model.coef_, model.intercept_

    run(1e-2)  # compiles
    return run


def skglm(problem):
    """Its tolerance is the largest violation of the optimality conditions; here in units of l1, else it never stops."""
    from skglm import ElasticNet, Lasso

    X = coordinate_layout(problem)
    alpha = problem.l1 + problem.l2

    def run(tol):
        common = dict(fit_intercept=problem.intercept, tol=tol * problem.l1, max_iter=100, max_epochs=10_000)
        if problem.l2:
            model = ElasticNet(alpha=alpha, l1_ratio=problem.l1 / alpha, **common)
        else:
            model = Lasso(alpha=alpha, **common)
        model.fit(X, problem.y)
        return model.coef_, model.intercept_

    run(1e-2)  # compiles
    return run


def sklearn_ridge(solver):
    def prepare(problem):
        from sklearn.linear_model import Ridge

        X = problem.X

        def run(tol):
            model = Ridge(
                alpha=problem.rows * problem.l2,
                solver=solver,
                tol=tol,
                fit_intercept=problem.intercept,
                max_iter=MAX_ITER,
            ).fit(X, problem.y)
            return model.coef_, model.intercept_

        return run

    return prepare


def interior_point(problem):
    """Clarabel on the dual quadratic program of the hinge loss; a reference, not a racer.

    min ½‖Xᵀ(y∘a)‖² − Σ a over 0 ≤ a ≤ C gives w = Xᵀ(y∘a); written with w as a variable, so that X stays sparse.
    """
    import clarabel
    import scipy.sparse as sparse

    n, d = problem.X.shape
    C = 1.0 / (n * problem.l2)
    A = sparse.csr_matrix(problem.X).multiply(problem.y[:, None]).tocsc()
    quadratic = sparse.block_diag([sparse.eye(d), sparse.csc_matrix((n, n))], format="csc")
    linear = np.concatenate([np.zeros(d), -np.ones(n)])
    rows = sparse.bmat(
        [
            [sparse.eye(d), -A.T],
            [sparse.csc_matrix((n, d)), -sparse.eye(n)],
            [sparse.csc_matrix((n, d)), sparse.eye(n)],
        ],
        format="csc",
    )
    right = np.concatenate([np.zeros(d), np.zeros(n), np.full(n, C)])
    cones = [clarabel.ZeroConeT(d), clarabel.NonnegativeConeT(2 * n)]

    def run(tol):
        settings = clarabel.DefaultSettings()
        settings.verbose = False
        settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tol
        solution = clarabel.DefaultSolver(
            sparse.triu(quadratic, format="csc"), linear, rows, right, cones, settings
        ).solve()
        return np.array(solution.x[:d]), 0.0

    return run


def logistic(problem):
    return problem.loss == "logistic"


def listable(problem):
    """LIBLINEAR keeps 16 bytes an entry, zeros too where the data are dense: not for 1M × 100."""
    return problem.is_sparse or problem.X.size < 2e7


def few_columns(problem):
    return problem.X.shape[1] <= 2000


def without_intercept(problem):
    return not problem.intercept


SWEEP = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10)
DUAL_SWEEP = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-8)
GAP_SWEEP = (1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 1e-10, 1e-12)

SKLEARN = ("scikit-learn", "numpy", "scipy")
LIBLINEAR = ("liblinear-official",)

RIVALS = {
    "sklearn lbfgs": Rival(
        SKLEARN,
        2,
        SWEEP,
        lambda p: p.loss in ("logistic", "softmax"),
        sklearn_logistic("lbfgs"),
    ),
    "sklearn lbfgs f32": Rival(
        SKLEARN,
        2,
        SWEEP,
        lambda p: p.loss in ("logistic", "softmax") and not p.is_sparse,
        sklearn_logistic("lbfgs", np.float32),
    ),
    "sklearn newton-cg": Rival(
        SKLEARN,
        2,
        SWEEP,
        lambda p: p.loss in ("logistic", "softmax"),
        sklearn_logistic("newton-cg"),
    ),
    "sklearn newton-cg f32": Rival(
        SKLEARN,
        2,
        SWEEP,
        lambda p: p.loss in ("logistic", "softmax") and not p.is_sparse,
        sklearn_logistic("newton-cg", np.float32),
    ),
    "sklearn newton-cholesky": Rival(
        SKLEARN,
        2,
        (1e-2, 1e-4, 1e-6, 1e-8, 1e-12),
        lambda p: logistic(p) and few_columns(p),
        sklearn_logistic("newton-cholesky"),
    ),
    "sklearn liblinear": Rival(
        SKLEARN,
        1,
        SWEEP,
        lambda p: logistic(p) and without_intercept(p) and listable(p),
        sklearn_logistic("liblinear"),
    ),
    "LIBLINEAR -s 0": Rival(
        LIBLINEAR, 1, SWEEP, lambda p: logistic(p) and without_intercept(p) and listable(p), liblinear(0)
    ),
    "LIBLINEAR -s 7": Rival(
        LIBLINEAR, 1, DUAL_SWEEP, lambda p: logistic(p) and without_intercept(p) and listable(p), liblinear(7)
    ),
    "LIBLINEAR -s 1": Rival(
        LIBLINEAR, 1, DUAL_SWEEP, lambda p: p.loss == "squared_hinge", liblinear(1)
    ),
    "LIBLINEAR -s 2": Rival(LIBLINEAR, 1, SWEEP, lambda p: p.loss == "squared_hinge", liblinear(2)),
    "LIBLINEAR -s 3": Rival(LIBLINEAR, 1, DUAL_SWEEP, lambda p: p.loss == "hinge", liblinear(3)),
    "sklearn LinearSVC": Rival(
        SKLEARN, 1, DUAL_SWEEP[:-1], lambda p: p.loss == "hinge", linear_svc
    ),
    "clarabel": Rival(
        ("clarabel",),
        1,
        (1e-6, 1e-9, 1e-12),
        lambda p: p.loss == "hinge" and p.X.shape[0] * p.X.shape[1] < 1e8,
        interior_point,
    ),
    "sklearn coordinate descent": Rival(
        SKLEARN, 1, GAP_SWEEP, lambda p: p.loss == "squared" and p.l1 > 0, sklearn_lasso
    ),
    "celer": Rival(
        ("celer", "scikit-learn"),
        1,
        GAP_SWEEP,
        lambda p: p.loss == "squared" and p.l1 > 0 and without_intercept(p),
        celer,
    ),
    "skglm": Rival(
        ("skglm", "numba"),
        1,
        GAP_SWEEP[:-1],
        lambda p: p.loss == "squared" and p.l1 > 0 and without_intercept(p),
        skglm,
    ),
    "sklearn ridge cholesky": Rival(
        SKLEARN,
        2,
        (1e-12,),
        lambda p: p.loss == "squared" and not p.l1 and not (p.intercept and p.is_sparse),
        sklearn_ridge("cholesky"),
    ),
    "sklearn ridge sparse_cg": Rival(
        SKLEARN,
        2,
        (1e-4, 1e-8, 1e-14),
        lambda p: p.loss == "squared" and not p.l1,
        sklearn_ridge("sparse_cg"),
    ),
    "sklearn ridge lsqr": Rival(
        SKLEARN,
        2,
        (1e-4, 1e-8, 1e-14),
        lambda p: p.loss == "squared" and not p.l1 and not (p.intercept and p.is_sparse),
        sklearn_ridge("lsqr"),
    ),
}
