/// Problem, minimum, evaluations and active bounds by SciPy's L-BFGS-B; written by `reference/composite.py`.
const SCIPY: [(&str, f64, usize, usize); 4] = [
    ("chain", 5.851279411948866e-15, 43, 0),
    ("rosenbrock", 6.001016394606178, 55, 1),
    ("bowl", -226.9442345846794, 22, 39),
    ("wood", 0.008821409460523722, 56, 1),
];
