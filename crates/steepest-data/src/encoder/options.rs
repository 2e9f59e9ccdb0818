//! How columns are turned into features: what a person can choose.

use serde::{Deserialize, Serialize};

use super::EncodeError;

/// What is done to the scale of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standardize {
    /// Nothing.
    None,
    /// Mean 0 and standard deviation 1 (of the population) over the training rows.
    Standard,
    /// Divided by the standard deviation, not centered: zeros stay zeros.
    Scale,
    /// Divided by the largest absolute value: zeros stay zeros.
    MaxAbs,
}

impl std::str::FromStr for Standardize {
    type Err = EncodeError;

    fn from_str(text: &str) -> Result<Standardize, EncodeError> {
        match text.trim().to_lowercase().as_str() {
            "none" => Ok(Standardize::None),
            "standard" => Ok(Standardize::Standard),
            "scale" => Ok(Standardize::Scale),
            "max-abs" | "maxabs" => Ok(Standardize::MaxAbs),
            _ => Err(EncodeError::UnknownWord {
                option: "--standardize",
                written: text.to_string(),
                known: "none, standard, scale, max-abs",
            }),
        }
    }
}

/// What stands in for a missing number. An indicator feature tells the model where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Impute {
    /// The mean of the training rows.
    #[default]
    Mean,
    /// The median of the training rows.
    Median,
}

impl std::str::FromStr for Impute {
    type Err = EncodeError;

    fn from_str(text: &str) -> Result<Impute, EncodeError> {
        match text.trim().to_lowercase().as_str() {
            "mean" => Ok(Impute::Mean),
            "median" => Ok(Impute::Median),
            _ => Err(EncodeError::UnknownWord { option: "--impute", written: text.to_string(), known: "mean, median" }),
        }
    }
}

/// How an encoded matrix is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Storage {
    /// All values.
    Dense,
    /// Values other than 0.
    Sparse,
}

/// Choices of encoding. The default is what `steepest fit` does.
#[derive(Debug, Clone)]
pub struct EncodeOptions {
    /// The scale of numbers; if absent, `standard` for tables, and for sparse files `max-abs` unless their values are scaled
    /// already.
    pub standardize: Option<Standardize>,
    /// What stands in for a missing number.
    pub impute: Impute,
    /// Training rows (or weight) a level needs for a feature of its own; rarer ones are pooled as `other`. If absent, 5 from
    /// 500 training rows, else 2.
    pub min_level: Option<f64>,
    /// Most levels of a column that get a feature each; the rarer ones are pooled as `other`.
    pub max_levels: usize,
    /// Hash all categories into 2^bits features instead of giving levels their own (Weinberger et al. 2009,
    /// arXiv:0902.2206): the sign is hashed too, so that collisions cancel on average.
    pub hash_bits: Option<u32>,
    /// Leave out one level of each category, the most frequent: needed for a unique solution where there is no penalty.
    pub reference: bool,
    /// Dense or sparse storage; if absent, sparse when at most a quarter of the training values would be other than 0.
    pub storage: Option<Storage>,
}

impl Default for EncodeOptions {
    fn default() -> EncodeOptions {
        EncodeOptions {
            standardize: None,
            impute: Impute::Mean,
            min_level: None,
            max_levels: 1000,
            hash_bits: None,
            reference: false,
            storage: None,
        }
    }
}

/// Reads the size of a hashed space: `2^18`, `262144` or `18` bits.
///
/// ```
/// assert_eq!(steepest_data::hash_bits("2^18").unwrap(), 18);
/// assert_eq!(steepest_data::hash_bits("1024").unwrap(), 10);
/// assert!(steepest_data::hash_bits("1000").is_err());
/// ```
pub fn hash_bits(text: &str) -> Result<u32, EncodeError> {
    let wrong = || EncodeError::HashSize { written: text.to_string() };
    let text = text.trim();
    let bits = match text.strip_prefix("2^") {
        Some(power) => power.parse().map_err(|_| wrong())?,
        None => match text.parse::<u64>().map_err(|_| wrong())? {
            bits @ 1..=30 => bits as u32,
            size if size.is_power_of_two() => size.trailing_zeros(),
            _ => return Err(wrong()),
        },
    };
    if (1..=30).contains(&bits) { Ok(bits) } else { Err(wrong()) }
}
