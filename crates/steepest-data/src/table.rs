//! A table as read: named columns with a type each, before anything is encoded.

/// The code of a missing category in [`Column::Category`].
pub const MISSING: u32 = u32::MAX;

/// Columns of equal length, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Name of each column; `c1`, `c2`, … where the file has no header.
    pub names: Vec<String>,
    /// The columns.
    pub columns: Vec<Column>,
    /// Number of rows.
    pub rows: usize,
}

/// One column with its inferred type.
#[derive(Debug, Clone)]
pub enum Column {
    /// Numbers; NaN where the field is missing.
    Number(Vec<f64>),
    /// Words, as codes into the list of distinct levels (in order of first appearance); [`MISSING`] where missing.
    Category {
        /// Code of each row.
        codes: Vec<u32>,
        /// The distinct levels.
        levels: Vec<String>,
    },
    /// Points in time as seconds since 1970-01-01T00:00 UTC; NaN where missing.
    Time(Vec<f64>),
}

impl Column {
    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Column::Number(v) | Column::Time(v) => v.len(),
            Column::Category { codes, .. } => codes.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of missing fields.
    pub fn missing(&self) -> usize {
        match self {
            Column::Number(v) | Column::Time(v) => v.iter().filter(|v| v.is_nan()).count(),
            Column::Category { codes, .. } => codes.iter().filter(|&&c| c == MISSING).count(),
        }
    }
}

impl Table {
    /// The position of the column with this name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }
}
