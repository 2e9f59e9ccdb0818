//! A set that the variables are kept in: `simplex`, `ball:2`, `l1-ball:0.5`.

use std::fmt;
use std::str::FromStr;

use crate::failure::Failure;

/// A set about zero, with its size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SetOption {
    kind: Kind,
    /// The radius of a ball, or what the elements of the simplex sum to.
    radius: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Simplex,
    Ball,
    L1Ball,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Simplex => "simplex",
            Kind::Ball => "ball",
            Kind::L1Ball => "l1-ball",
        }
    }
}

impl FromStr for SetOption {
    type Err = String;

    fn from_str(text: &str) -> Result<SetOption, String> {
        let (name, radius) = text.trim().split_once(':').map_or((text.trim(), None), |(n, r)| (n, Some(r)));
        let Some(kind) = [Kind::Simplex, Kind::Ball, Kind::L1Ball].into_iter().find(|k| k.name() == name.trim()) else {
            return Err(format!(
                "there is no set `{name}`; there are simplex, ball and l1-ball, bounds are given by --bounds"
            ));
        };
        match radius.map_or(Ok(1.0), |r| r.trim().parse::<f64>()) {
            Ok(radius) if radius > 0.0 && radius.is_finite() => Ok(SetOption { kind, radius }),
            _ => Err(format!("`{text}`: behind the colon stands the size, a number > 0, as in `{}:2`", kind.name())),
        }
    }
}

impl fmt::Display for SetOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.name(), self.radius)
    }
}

impl SetOption {
    /// As people call it.
    pub fn described(&self) -> String {
        match self.kind {
            Kind::Simplex => format!("simplex of total {}", self.radius),
            Kind::Ball => format!("ball of radius {}", self.radius),
            Kind::L1Ball => format!("L1 ball of radius {}", self.radius),
        }
    }

    /// The text of the solver over the set: the one asked for, where it can be, else projected gradients.
    pub fn solver(&self, asked: Option<&str>, bounded: bool) -> Result<String, Failure> {
        if bounded {
            return Err(Failure::usage("--set and --bounds do not go together: x is kept in one set"));
        }
        let asked = asked.map_or("auto", str::trim);
        let (name, options) = asked.split_once(':').unwrap_or((asked, ""));
        let SetOption { kind, radius } = self;
        let own = match (name.trim(), kind) {
            ("auto", _) => return Ok(format!("projected-gradient:set={},radius={radius}", kind.name())),
            ("projected-gradient" | "frank-wolfe", _) => format!("set={},radius={radius}", kind.name()),
            ("mirror-descent", Kind::Simplex) => format!("radius={radius}"),
            _ => {
                let more =
                    if *kind == Kind::Simplex { ", frank-wolfe and mirror-descent do" } else { " and frank-wolfe do" };
                return Err(Failure::usage(format!(
                    "--solver: `{name}` does not keep x in the {}; projected-gradient{more}",
                    self.described()
                )));
            }
        };
        let separator = if options.is_empty() { "" } else { "," };
        Ok(format!("{}:{options}{separator}{own}", name.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_read_and_become_options_of_solvers() {
        let set: SetOption = "simplex".parse().unwrap();
        assert_eq!(set.solver(None, false).unwrap(), "projected-gradient:set=simplex,radius=1");
        assert_eq!(set.solver(Some("mirror-descent:lr=0.1"), false).unwrap(), "mirror-descent:lr=0.1,radius=1");
        let set: SetOption = "ball:2.5".parse().unwrap();
        assert_eq!(set.solver(Some("frank-wolfe"), false).unwrap(), "frank-wolfe:set=ball,radius=2.5");
        assert!(set.solver(Some("lbfgs"), false).is_err() && set.solver(Some("mirror-descent"), false).is_err());
        assert!(set.solver(None, true).is_err());
        for bad in ["", "box", "ball:", "ball:x", "ball:-1", "ball:inf", "simplex:0"] {
            assert!(bad.parse::<SetOption>().is_err(), "{bad}");
        }
    }
}
