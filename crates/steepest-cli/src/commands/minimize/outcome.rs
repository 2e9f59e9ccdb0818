//! What was found, for people and for scripts.

use serde_json::{Map, Value, json};
use steepest_functions::Holds;
use steepest_solvers::constrained::Price;
use steepest_solvers::{CriticalPoint, Minimum};

use super::coordinates;
use crate::descend::{Chosen, ending};
use crate::options::{Limit, Target};
use crate::say::{Say, count, counted, number, precise, seconds};

/// Tells people what was found.
pub(super) fn tell(say: &Say, target: &Target, found: &Minimum, chosen: &Chosen) {
    let text = format!("value {} · |g| {} · {}", precise(found.value), number(found.grad_norm), seconds(found.seconds));
    say.line(&format!("step {}", count(found.steps)), &text);
    say.line("done", &format!("{}: {}", found.termination.reason, found.termination.detail));
    let wanted = if target.maximize { CriticalPoint::Maximum } else { CriticalPoint::Minimum };
    let label = if found.critical_point == wanted { wanted.name() } else { "best" };
    say.line(label, &coordinates(&target.names, &found.x, precise));
    say.line("curvature", &curvature(found, chosen.is_constrained()));
    if found.critical_point == CriticalPoint::Saddle && chosen.is_constrained() {
        say.warning("the point is a saddle along the constraints; another start, `--from`, may lead lower");
    }
    tell_prices(say, target, chosen);
    if let Some(best) = target.minima.first() {
        let difference = found.value - best.value;
        let kind = if best.global { "global minimum" } else { "lowest known minimum" };
        say.line("known", &format!("{kind} {} · found {} above it", precise(best.value), number(difference)));
    }
    let e = &found.evaluations;
    let counts =
        [("value", e.value), ("gradient", e.gradient), ("Hessian-vector product", e.hvp), ("Hessian", e.hessian)];
    let parts: Vec<String> = counts.iter().filter(|(_, n)| *n > 0).map(|(what, n)| counted(*n, what)).collect();
    say.line("cost", &parts.join(" · "));
}

/// What the curvature says about the point.
fn curvature(found: &Minimum, constrained: bool) -> String {
    let kind = found.critical_point;
    let Some(c) = &found.curvature else {
        if kind != CriticalPoint::Unknown {
            return format!("a {kind}: the constraints leave no direction free");
        }
        let why = if constrained {
            ", since constraints may hold the point where the function alone would go on"
        } else {
            ""
        };
        return format!("{kind}: not looked at{why}");
    };
    let ends = format!("from {} to {}", number(c.smallest), number(c.largest));
    let estimated = match (c.whole, constrained) {
        (false, _) => " (estimated)",
        (true, true) => " along the constraints",
        (true, false) => "",
    };
    match kind {
        CriticalPoint::Minimum => format!("a minimum: curvature {ends}{estimated}"),
        CriticalPoint::Maximum => format!("a maximum: curvature {ends}{estimated}"),
        CriticalPoint::Saddle => format!("a saddle: curvature {ends}{estimated}"),
        CriticalPoint::Degenerate => {
            format!(
                "degenerate: curvature {ends}{estimated}; a direction without curvature, so second derivatives cannot tell"
            )
        }
        CriticalPoint::Unknown => format!("unknown: curvature {ends}{estimated} where the gradient does not vanish"),
    }
}

/// How near to its level a constraint counts as met with equality, relative to the level where that is large.
const MET: f64 = 1e-6;

/// Constraints that people are told of.
const MOST_TOLD: usize = 12;

/// A constraint at the solution.
struct Met<'a> {
    limit: &'a Limit,
    price: Price,
    /// Whether it holds the point: an equality always does.
    active: bool,
    violated: bool,
    /// What the best value gains when the level rises by one.
    shadow_price: f64,
}

fn met<'a>(target: &'a Target, chosen: &Chosen) -> Vec<Met<'a>> {
    let each = target.limits.iter().zip(chosen.prices()).map(|(limit, price)| {
        let near = MET * limit.level.abs().max(1.0);
        let violated = match limit.holds {
            Holds::Equal => price.excess.abs() > near,
            Holds::AtMost => price.excess > near,
            Holds::AtLeast => price.excess < -near,
        };
        let active = limit.holds == Holds::Equal || price.excess.abs() <= near;
        // The objective is the negative of what is maximized, and −0 is no price.
        let shadow_price = if target.maximize { 0.0 - price.shadow_price } else { price.shadow_price };
        Met { limit, price, active, violated, shadow_price }
    });
    each.collect()
}

fn tell_prices(say: &Say, target: &Target, chosen: &Chosen) {
    let met = met(target, chosen);
    // Those that hold the point or are violated first.
    let (telling, idle): (Vec<&Met<'_>>, Vec<&Met<'_>>) = met.iter().partition(|m| m.active || m.violated);
    for m in telling.into_iter().chain(idle).take(MOST_TOLD) {
        let text = &m.limit.text;
        let excess = number(m.price.excess.abs());
        let state = if m.violated {
            format!("violated by {excess}")
        } else if m.active {
            format!("holds the point · shadow price {}", precise(m.shadow_price))
        } else {
            format!("not reached, {excess} are left · shadow price 0")
        };
        say.line("constraint", &format!("{text} · {state}"));
    }
    if let Some(more @ 1..) = met.len().checked_sub(MOST_TOLD) {
        say.line("constraint", &format!("{more} more, which --json lists"));
    }
    if met.iter().any(|m| m.active && m.shadow_price != 0.0) && met.iter().all(|m| !m.violated) {
        let best = if target.maximize { "maximum" } else { "minimum" };
        say.line("price", &format!("by how much the {best} rises for each unit by which the constraint's level rises"));
    }
}

/// The object that scripts read.
pub(super) fn object(target: &Target, found: &Minimum, chosen: &Chosen) -> Value {
    let mut object = Map::new();
    object.insert("x".into(), json!(found.x));
    object.insert("value".into(), json!(found.value));
    object.insert("grad_norm".into(), json!(found.grad_norm));
    object.extend(ending(found));
    object.insert("critical_point".into(), json!(found.critical_point.name()));
    if !target.limits.is_empty() {
        let each = met(target, chosen).into_iter().map(|m| {
            let sense = match m.limit.holds {
                Holds::Equal => "=",
                Holds::AtMost => "<=",
                Holds::AtLeast => ">=",
            };
            json!({
                "constraint": m.limit.text,
                "sense": sense,
                "level": m.limit.level,
                "value": m.limit.level + m.price.excess,
                "active": m.active,
                "violated": m.violated,
                "multiplier": m.price.multiplier,
                "shadow_price": m.shadow_price,
            })
        });
        object.insert("constraints".into(), each.collect());
    }
    Value::Object(object)
}
