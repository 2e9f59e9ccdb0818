//! A search for a step that satisfies the strong Wolfe conditions and does not pass a given length.
//!
//! φ(t) ≤ φ(0) + μtφ′(0)   and   |φ′(t)| ≤ η|φ′(0)|,   0 < t ≤ t_max
//!
//! J. Moré and D. Thuente, “Line search algorithms with guaranteed sufficient decrease”, ACM TOMS 20(3), 1994,
//! doi:10.1145/192115.192132. A step at t_max is accepted when f falls enough there.

/// The decrease and the slope asked for, and how narrow a bracket may become.
const DECREASE: f64 = 1e-3;
const SLOPE: f64 = 0.9;
const NARROW: f64 = 0.1;
/// Differences of f below this, in units of |f|, are rounding.
const NOISE: f64 = 1e-14;

/// φ and φ′ at t.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sample {
    pub t: f64,
    pub value: f64,
    pub slope: f64,
}

impl Sample {
    /// The sample of φ(t) − rate·t.
    fn minus(self, rate: f64) -> Sample {
        Sample { value: self.value - rate * self.t, slope: self.slope - rate, ..self }
    }
}

/// The state of a search.
#[derive(Debug)]
pub(crate) struct Search {
    start: Sample,
    longest: f64,
    best: Sample,
    other: Sample,
    bracketed: bool,
    /// Until a point with a negative auxiliary function and a nonnegative slope is found.
    first_stage: bool,
    width: f64,
    width_before: f64,
    limits: (f64, f64),
}

/// What to do after a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Next {
    /// The step is good.
    Accept,
    /// Evaluate here.
    Try(f64),
    /// Rounding or a narrow bracket ends the search; this was the best step.
    Best(f64),
}

impl Search {
    pub fn new(value: f64, slope: f64, first: f64, longest: f64) -> Search {
        let start = Sample { t: 0.0, value, slope };
        Search {
            start,
            longest,
            best: start,
            other: start,
            bracketed: false,
            first_stage: true,
            width: longest,
            width_before: 2.0 * longest,
            limits: (0.0, 5.0 * first),
        }
    }

    /// Where the function could not be computed at t: nothing longer is tried any more.
    pub fn beyond(&mut self, t: f64) -> f64 {
        self.longest = 0.5 * (self.best.t + t);
        self.best.t + 0.1 * (t - self.best.t)
    }

    /// Judges a sample.
    pub fn judge(&mut self, now: Sample) -> Next {
        let rate = DECREASE * self.start.slope;
        let bound = self.start.value + now.t * rate;
        if self.first_stage && now.value <= bound && now.slope >= 0.0 {
            self.first_stage = false;
        }
        // Where f differs by its rounding only, values say nothing any more and a flatter slope is what counts (after Hager and
        // Zhang, 2005, doi:10.1137/030601880).
        let level = now.slope.abs() <= (2.0 * DECREASE - 1.0) * self.start.slope;
        let hidden = (now.value - self.start.value).abs() <= NOISE * self.start.value.abs();
        let fell = now.value <= bound || (level && hidden);
        if fell && now.slope.abs() <= -SLOPE * self.start.slope {
            return Next::Accept;
        }
        if fell && now.t >= self.longest && now.slope <= rate {
            return Next::Accept;
        }
        let (low, high) = self.limits;
        if self.bracketed && (now.t <= low || now.t >= high || high - low <= NARROW * f64::EPSILON * high) {
            return Next::Best(self.best.t);
        }
        let t = if self.first_stage && now.value <= self.best.value && now.value > bound {
            // The auxiliary function φ(t) − φ(0) − μtφ′(0) guides as long as f itself has not fallen enough.
            let (mut best, mut other) = (self.best.minus(rate), self.other.minus(rate));
            let t = self.next(&mut best, &mut other, now.minus(rate));
            (self.best, self.other) = (best.minus(-rate), other.minus(-rate));
            t
        } else {
            let (mut best, mut other) = (self.best, self.other);
            let t = self.next(&mut best, &mut other, now);
            (self.best, self.other) = (best, other);
            t
        };
        self.narrow(t)
    }

    /// Halves a bracket that shrinks too slowly and sets the limits of the next trial.
    fn narrow(&mut self, mut t: f64) -> Next {
        let (best, other) = (self.best.t, self.other.t);
        if self.bracketed {
            if (other - best).abs() >= 0.66 * self.width_before {
                t = best + 0.5 * (other - best);
            }
            self.width_before = self.width;
            self.width = (other - best).abs();
            self.limits = (best.min(other), best.max(other));
        } else {
            self.limits = (t + 1.1 * (t - best), t + 4.0 * (t - best));
        }
        t = t.clamp(0.0, self.longest);
        let (low, high) = self.limits;
        if self.bracketed && (t <= low || t >= high || high - low <= f64::EPSILON * high) {
            t = best;
        }
        if t > 0.0 { Next::Try(t) } else { Next::Best(best) }
    }

    /// The next trial from the two ends of the interval and a new sample, which replaces one of them.
    fn next(&mut self, best: &mut Sample, other: &mut Sample, now: Sample) -> f64 {
        let opposite = now.slope * best.slope.signum() < 0.0;
        let (low, high) = if self.bracketed {
            (best.t.min(other.t), best.t.max(other.t))
        } else {
            (now.t + 1.1 * (now.t - best.t), now.t + 4.0 * (now.t - best.t))
        };
        let (low, high) = (low.max(0.0), high.min(self.longest));
        let secant = now.t + now.slope / (now.slope - best.slope) * (best.t - now.t);
        let t = if now.value > best.value {
            // A higher value: the minimum is bracketed.
            let cubic = cubic_step(*best, now);
            let width = now.t - best.t;
            let parabola = best.t + best.slope / ((best.value - now.value) / width + best.slope) / 2.0 * width;
            self.bracketed = true;
            if (cubic - best.t).abs() < (parabola - best.t).abs() { cubic } else { cubic + (parabola - cubic) / 2.0 }
        } else if opposite {
            // A lower value and a slope of the other sign: bracketed as well.
            let cubic = cubic_step(now, *best);
            self.bracketed = true;
            if (cubic - now.t).abs() > (secant - now.t).abs() { cubic } else { secant }
        } else if now.slope.abs() < best.slope.abs() {
            self.flatter(*best, *other, now, secant, (low, high))
        } else if self.bracketed {
            cubic_step(now, *other)
        } else if now.t > best.t {
            high
        } else {
            low
        };
        if now.value > best.value {
            *other = now;
        } else {
            if opposite {
                *other = *best;
            }
            *best = now;
        }
        t
    }

    /// A lower value and a smaller slope of the same sign: the cubic counts only where it has its minimum beyond the sample.
    fn flatter(&self, best: Sample, other: Sample, now: Sample, secant: f64, (low, high): (f64, f64)) -> f64 {
        let (theta, scale) = cubic_terms(best, now);
        let root = (theta / scale).powi(2) - (best.slope / scale) * (now.slope / scale);
        let gamma = scale * root.max(0.0).sqrt() * if now.t > best.t { -1.0 } else { 1.0 };
        let share = ((gamma - now.slope) + theta) / ((gamma + (best.slope - now.slope)) + gamma);
        let cubic = if share < 0.0 && gamma != 0.0 {
            now.t + share * (best.t - now.t)
        } else if now.t > best.t {
            high
        } else {
            low
        };
        if self.bracketed {
            let t = if (cubic - now.t).abs() < (secant - now.t).abs() { cubic } else { secant };
            let limit = now.t + 0.66 * (other.t - now.t);
            if now.t > best.t { t.min(limit) } else { t.max(limit) }
        } else {
            let t = if (cubic - now.t).abs() > (secant - now.t).abs() { cubic } else { secant };
            // Near the longest step the lower limit may lie beyond the upper one.
            t.min(high).max(low)
        }
    }
}

/// θ = 3(φ₀ − φ₁)/(t₁ − t₀) + φ₀′ + φ₁′ and the scale that keeps its square in range.
fn cubic_terms(from: Sample, to: Sample) -> (f64, f64) {
    let theta = 3.0 * (from.value - to.value) / (to.t - from.t) + from.slope + to.slope;
    (theta, theta.abs().max(from.slope.abs()).max(to.slope.abs()))
}

/// The minimum of the cubic through two samples, written from the first.
fn cubic_step(from: Sample, to: Sample) -> f64 {
    let (theta, scale) = cubic_terms(from, to);
    let root = (theta / scale).powi(2) - (from.slope / scale) * (to.slope / scale);
    let gamma = scale * root.max(0.0).sqrt() * if to.t < from.t { -1.0 } else { 1.0 };
    let share = ((gamma - from.slope) + theta) / (((gamma - from.slope) + gamma) + to.slope);
    from.t + share * (to.t - from.t)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(f: impl Fn(f64) -> (f64, f64), first: f64, longest: f64) -> (f64, usize) {
        let (value, slope) = f(0.0);
        let mut search = Search::new(value, slope, first, longest);
        let mut t = first;
        for count in 1..40 {
            let (v, s) = f(t);
            match search.judge(Sample { t, value: v, slope: s }) {
                Next::Accept => return (t, count),
                Next::Try(next) => t = next,
                Next::Best(best) => return (best, count),
            }
        }
        panic!("no step found");
    }

    /// The functions of the paper's section 5, from far too short and far too long first steps.
    #[test]
    fn the_functions_of_the_paper() {
        let one = |t: f64| (-t / (t * t + 2.0), (t * t - 2.0) / (t * t + 2.0).powi(2));
        let two = |t: f64| {
            let u = t + 0.004;
            (u.powi(5) - 2.0 * u.powi(4), 5.0 * u.powi(4) - 8.0 * u.powi(3))
        };
        for first in [1e-3, 1e-1, 10.0, 1e3] {
            for f in [&one as &dyn Fn(f64) -> (f64, f64), &two] {
                let (t, count) = run(f, first, 1e10);
                let ((v, s), (v0, s0)) = (f(t), f(0.0));
                assert!(v <= v0 + DECREASE * t * s0 && s.abs() <= SLOPE * s0.abs(), "{first}: {t}");
                assert!(count <= 12, "{first}: {count} trials");
            }
        }
    }

    #[test]
    fn the_longest_step_is_taken_where_f_still_falls() {
        assert_eq!(run(|t| (-t, -1.0), 1.0, 3.0).0, 3.0);
        // From just before it, where an extrapolation would go beyond.
        assert_eq!(run(|t| ((t - 20.0) * (t - 20.0), 2.0 * (t - 20.0)), 0.9, 1.0).0, 1.0);
    }
}
