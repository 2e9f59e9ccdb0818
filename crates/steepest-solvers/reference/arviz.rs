/// Effective sample size, split and rank-normalized R̂ by ArviZ; written by `reference/composite.py`.
const ARVIZ: (f64, f64, f64) = (73.984826452125, 1.0129461540269744, 1.0153629599133218);
