/// Minimum, minimizer (SLSQP) and multipliers (trust-constr); written by `reference/composite.py`.
const SCIPY: (f64, [f64; 4], [f64; 2]) = (17.014017289133754, [1.0, 4.742999642846462, 3.8211499768978334, 1.3794082941781334], [0.5522936599570416, 0.16146856643129173]);
