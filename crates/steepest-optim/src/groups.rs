//! Parameter groups: which tensors get their own learning-rate factor, decay or rule.
//!
//! A group is chosen by patterns: `role:bias`, a name, or a name with `*` for any characters. Text puts groups behind the
//! chain: `adamw:lr=1e-3 ; on role:embedding,head.* set lr_factor=0.1,decay_factor=0 ; on *.scale use sgd:lr=0.1`.
//! The first group that matches a tensor takes it.

use steepest_core::{Role, Segment};

use crate::spec::{Spec, SpecError, split_top};

/// What a tensor must be called, or be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// Its role.
    Role(Role),
    /// Its name, where `*` stands for any characters.
    Name(String),
}

impl Pattern {
    /// Reads `role:bias` or a name with `*`.
    ///
    /// # Errors
    /// The roles there are.
    pub fn parse(text: &str) -> Result<Pattern, String> {
        let text = text.trim();
        match text.strip_prefix("role:") {
            None if text.is_empty() => Err("expected a tensor name or role:bias".into()),
            None => Ok(Pattern::Name(text.into())),
            Some(role) => Role::from_name(role)
                .map(Pattern::Role)
                .ok_or_else(|| format!("`{role}` is not a role; the roles are weight, bias, norm, embedding, other")),
        }
    }

    /// Whether it describes this tensor.
    pub fn matches(&self, segment: &Segment) -> bool {
        match self {
            Pattern::Role(role) => segment.role == *role,
            Pattern::Name(pattern) => glob(pattern.as_bytes(), segment.name.as_bytes()),
        }
    }
}

/// Matches `*` against any run of bytes, remembering only the last star.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            star = Some((p, n));
            p += 1;
        } else if p < pattern.len() && pattern[p] == name[n] {
            p += 1;
            n += 1;
        } else if let Some((at, from)) = star {
            p = at + 1;
            n = from + 1;
            star = Some((at, from + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}

/// Some tensors and what is different for them.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupSpec {
    /// Any of these must match.
    pub patterns: Vec<Pattern>,
    /// Multiplies the learning rate.
    pub lr_factor: f64,
    /// Multiplies `weight_decay` and `l2`; `None`: 0 for biases and norms, 1 for others.
    pub decay_factor: Option<f64>,
    /// Another rule for them.
    pub rule: Option<Spec>,
}

impl GroupSpec {
    /// Whether one of its patterns describes this tensor.
    pub fn matches(&self, segment: &Segment) -> bool {
        self.patterns.iter().any(|p| p.matches(segment))
    }

    /// Reads `on PATTERN,… set key=value,…` or `on PATTERN,… use CHAIN`, which starts at `column`.
    ///
    /// # Errors
    /// What was expected, and where.
    pub fn parse(text: &str, column: usize) -> Result<GroupSpec, SpecError> {
        let lead = text.chars().take_while(|c| c.is_whitespace()).count();
        let (text, column) = (text.trim(), column + lead);
        let refused = |why: String| SpecError::Refused { column, why };
        let expected = "a group is written `on role:bias,head.* set lr_factor=0.1,decay_factor=0` or `on role:bias use sgd:lr=0.1`";
        let body = text.strip_prefix("on ").ok_or_else(|| refused(expected.into()))?;
        let (at, word) = [" set ", " use "]
            .into_iter()
            .filter_map(|w| body.find(w).map(|at| (at, w)))
            .min()
            .ok_or_else(|| refused(expected.into()))?;
        let patterns = body[..at].split(',').map(Pattern::parse).collect::<Result<_, _>>().map_err(refused)?;
        let rest = &body[at + word.len()..];
        let mut group = GroupSpec { patterns, lr_factor: 1.0, decay_factor: None, rule: None };
        if word == " use " {
            group.rule = Some(rest.parse()?);
            return Ok(group);
        }
        for part in rest.split(',') {
            let (key, value) = part.split_once('=').ok_or_else(|| refused(expected.into()))?;
            let number: f64 = value.trim().parse().unwrap_or(f64::NAN);
            if !(number >= 0.0 && number.is_finite()) {
                return Err(refused(format!("{}={} is not a number ≥ 0", key.trim(), value.trim())));
            }
            match key.trim() {
                "lr_factor" => group.lr_factor = number,
                "decay_factor" => group.decay_factor = Some(number),
                other => return Err(refused(format!("a group has no `{other}`; it takes lr_factor, decay_factor"))),
            }
        }
        Ok(group)
    }

    /// Splits `CHAIN ; on … ; on …` into the chain and its groups.
    ///
    /// # Errors
    /// As for the parts.
    pub fn split(text: &str) -> Result<(Spec, Vec<GroupSpec>), SpecError> {
        let parts = split_top(text, ';', 1)?;
        let spec = parts[0].1.parse()?;
        let groups =
            parts[1..].iter().map(|&(column, part)| GroupSpec::parse(part, column)).collect::<Result<_, _>>()?;
        Ok((spec, groups))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_match_any_characters() {
        for (pattern, name, expected) in [
            ("*.bias", "layer1.bias", true),
            ("*.bias", "layer1.weight", false),
            ("layer*.w*t", "layer12.weight", true),
            ("*", "", true),
            ("a*b*c", "a_b_b_c", true),
            ("a*b*c", "a_c_b", false),
            ("x", "x", true),
            ("x", "xx", false),
        ] {
            assert_eq!(glob(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn groups_are_read() {
        let (spec, groups) =
            GroupSpec::split("adamw:lr=1e-3 ; on role:bias,head.* set lr_factor=0.1 ; on *.w use sgd:lr=1").unwrap();
        assert_eq!(spec.to_string(), "adamw:lr=1e-3");
        assert_eq!(groups[0].patterns, [Pattern::Role(Role::Bias), Pattern::Name("head.*".into())]);
        assert_eq!((groups[0].lr_factor, groups[0].decay_factor), (0.1, None));
        assert_eq!(groups[1].rule.as_ref().unwrap().to_string(), "sgd:lr=1");
        let e = GroupSpec::split("sgd ; on role:biases set lr_factor=1").unwrap_err();
        assert!(e.to_string().contains("the roles are weight"), "{e}");
    }
}
