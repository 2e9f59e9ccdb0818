//! Rules in TOML and JSON: as text, as a table with a `name`, or as a list of these.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Arg, Call, Spec};

impl Serialize for Spec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Spec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Spec, D::Error> {
        deserializer.deserialize_any(SpecVisitor)
    }
}

/// Reads a text, a table with `name`, or a list of these.
struct SpecVisitor;

impl<'de> de::Visitor<'de> for SpecVisitor {
    type Value = Spec;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an update rule as text, as a table with a `name`, or as a list of these")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Spec, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Spec, A::Error> {
        let mut calls = Vec::new();
        while let Some(part) = list.next_element::<Spec>()? {
            calls.extend(part.calls);
        }
        if calls.is_empty() {
            return Err(de::Error::custom("a chain needs at least one update rule"));
        }
        Ok(Spec { calls })
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Spec, A::Error> {
        let (mut name, mut args) = (None, Vec::new());
        while let Some(key) = map.next_key::<String>()? {
            let Scalar(value) = map.next_value()?;
            match key.as_str() {
                "name" => name = Some(value),
                _ => args.push(Arg { key: Some(key), value, column: 1 }),
            }
        }
        let name = name.ok_or_else(|| de::Error::missing_field("name"))?;
        Ok(Spec { calls: vec![Call { name, args, column: 1 }] })
    }
}

/// A number, a flag or a text, as text.
struct Scalar(String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Scalar, D::Error> {
        struct V;
        impl de::Visitor<'_> for V {
            type Value = Scalar;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, true, false or a text")
            }
            fn visit_str<E>(self, v: &str) -> Result<Scalar, E> {
                Ok(Scalar(v.into()))
            }
            fn visit_bool<E>(self, v: bool) -> Result<Scalar, E> {
                Ok(Scalar(v.to_string()))
            }
            fn visit_i64<E>(self, v: i64) -> Result<Scalar, E> {
                Ok(Scalar(v.to_string()))
            }
            fn visit_u64<E>(self, v: u64) -> Result<Scalar, E> {
                Ok(Scalar(v.to_string()))
            }
            fn visit_f64<E>(self, v: f64) -> Result<Scalar, E> {
                Ok(Scalar(format!("{v:?}")))
            }
        }
        deserializer.deserialize_any(V)
    }
}
