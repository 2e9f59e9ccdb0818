//! What was decided about the data that a person should know: columns left out, levels pooled, rows dropped.
//!
//! The library never prints. Whoever calls it shows the notices; each says what was seen, what was done about it, and
//! which option decides otherwise.

use std::fmt;

use crate::LackOfFit;
use crate::shell::shell_word;

/// Something seen in the data and what was done about it. `Display` gives the sentence for people.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// A column that only names the rows; left out.
    Id {
        /// Name of the column.
        column: String,
        /// What gave it away.
        why: &'static str,
    },
    /// A column of free text; left out.
    Text {
        /// Name of the column.
        column: String,
        /// Number of distinct texts.
        levels: usize,
    },
    /// A column with one value only; left out.
    Constant {
        /// Name of the column.
        column: String,
        /// The value.
        value: String,
    },
    /// A column without any value; left out.
    AllMissing {
        /// Name of the column.
        column: String,
    },
    /// Every level of the column is rare, so nothing can be learned from it; left out.
    OnlyRareLevels {
        /// Name of the column.
        column: String,
        /// Number of distinct levels.
        levels: usize,
    },
    /// A column that alone tells the target; kept.
    Leak {
        /// Name of the column, or `a + b` where the sum of two tells it.
        column: String,
        /// Name of the target.
        target: String,
    },
    /// A column of whole numbers that is read as a category.
    ReadAsLevels {
        /// Name of the column.
        column: String,
        /// What levels explain of the target, and what a line does.
        fit: LackOfFit,
    },
    /// Too many levels for a column each: the most frequent are kept, the others pooled.
    ManyLevels {
        /// Name of the column.
        column: String,
        /// Number of distinct levels in the training rows.
        levels: usize,
        /// How many have their own feature.
        kept: usize,
    },
    /// Infinite numbers; treated as missing.
    Infinite {
        /// Name of the column.
        column: String,
        /// How many.
        count: usize,
    },
    /// Levels that the training rows did not have; they count as `other`, or as none.
    UnseenLevels {
        /// Name of the column.
        column: String,
        /// Rows concerned.
        rows: usize,
        /// One of the levels.
        example: String,
    },
    /// Missing values in a column that had none in training; replaced by the training mean (or median).
    UnseenMissing {
        /// Name of the column.
        column: String,
        /// Rows concerned.
        rows: usize,
    },
    /// Columns of a new file that training did not have; ignored.
    ExtraColumns {
        /// Their names.
        columns: Vec<String>,
    },
    /// The columns of a new file were matched by position because one of the two files has no header.
    MatchedByPosition {
        /// Whether the file lacks exactly the target column, so that the columns behind it moved up.
        without_target: bool,
    },
    /// Features beyond the largest id of training; ignored.
    ExtraFeatures {
        /// Number of feature columns of training.
        known: usize,
        /// Number of stored values that were ignored.
        ignored: usize,
    },
    /// Rows without a target; dropped.
    MissingTarget {
        /// Name of the target.
        column: String,
        /// How many rows.
        rows: usize,
    },
    /// Labels that agree with a class only after removing space around them or a full stop at their end.
    InexactLabels {
        /// How many rows.
        rows: usize,
        /// One label as written.
        written: String,
        /// The class it was read as.
        class: String,
    },
    /// The target counts something; Poisson regression may fit better.
    CountTarget {
        /// Name of the target.
        column: String,
    },
    /// A whole-number target was read as classes, or could be.
    IntegerTarget {
        /// Name of the target.
        column: String,
        /// Number of distinct values.
        distinct: usize,
        /// Whether it was read as classes.
        classes: bool,
    },
    /// Classes with so few rows that the held-out parts have none of them.
    TinyClass {
        /// Index of the class.
        class: u32,
        /// What the class is called; the split does not know it, [`Notice::with_classes`] fills it in.
        label: Option<String>,
        /// Rows of this class.
        rows: usize,
    },
}

impl Notice {
    /// The same notice with the name of its class, where it is about one: people know labels, not indices.
    #[must_use]
    pub fn with_classes(self, classes: &[String]) -> Notice {
        match self {
            Notice::TinyClass { class, rows, .. } => {
                Notice::TinyClass { class, label: classes.get(class as usize).cloned(), rows }
            }
            other => other,
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::Id { column, why } => {
                write!(f, "`{column}` left out: it looks like an id ({why}); `--keep {}` uses it", shell_word(column))
            }
            Notice::Text { column, levels } => {
                write!(
                    f,
                    "`{column}` left out: free text ({levels} different texts); `--keep {}` uses it as categories",
                    shell_word(column)
                )
            }
            Notice::Constant { column, value } => {
                write!(f, "`{column}` left out: it is {value} in every training row")
            }
            Notice::AllMissing { column } => write!(f, "`{column}` left out: it is missing in every row"),
            Notice::OnlyRareLevels { column, levels } => {
                write!(
                    f,
                    "`{column}` left out: each of its {levels} levels is rare; `--min-level 1` keeps them, `--hash 2^18` hashes them"
                )
            }
            Notice::Leak { column, target } => {
                write!(f, "`{column}` alone tells `{target}`: is it known before the target is? If not, `--drop` it")
            }
            Notice::ReadAsLevels { column, fit } => {
                let (levels, line) = (100.0 * fit.by_levels, 100.0 * fit.by_line.max(0.0));
                write!(
                    f,
                    "`{column}` is read as {} levels: they explain {levels:.1} % of the target, a straight line {line:.1} %; \
                     `--types {}=number` keeps the line",
                    fit.levels,
                    shell_word(column)
                )
            }
            Notice::ManyLevels { column, levels, kept } => {
                write!(
                    f,
                    "`{column}` has {levels} levels: the {kept} most frequent are kept, the others pooled as `other`; `--hash 2^18` keeps all"
                )
            }
            Notice::Infinite { column, count } => {
                write!(f, "`{column}`: {count} infinite values are treated as missing")
            }
            Notice::UnseenLevels { column, rows, example } => {
                write!(
                    f,
                    "`{column}`: {rows} rows have levels that training did not (such as `{example}`); they count as none of the known ones"
                )
            }
            Notice::UnseenMissing { column, rows } => {
                write!(f, "`{column}`: missing in {rows} rows but never in training; the training mean stands in")
            }
            Notice::ExtraColumns { columns } => {
                write!(f, "columns that training did not have are ignored: {}", columns.join(", "))
            }
            Notice::MatchedByPosition { without_target: false } => {
                write!(f, "columns are matched by position, since a file without a header gives no names")
            }
            Notice::MatchedByPosition { without_target: true } => {
                write!(f, "columns are matched by position, and the file is taken to lack the target column")
            }
            Notice::ExtraFeatures { known, ignored } => {
                write!(f, "{ignored} values of features beyond the {known} of training are ignored")
            }
            Notice::MissingTarget { column, rows } => {
                write!(f, "{rows} rows without a value of the target `{column}` are left out")
            }
            Notice::InexactLabels { rows, written, class } => {
                write!(
                    f,
                    "{rows} labels differ from the classes by space or a final full stop; `{written}` is read as `{class}`"
                )
            }
            Notice::CountTarget { column } => {
                write!(f, "`{column}` looks like a count: `--loss poisson` may fit it better")
            }
            Notice::IntegerTarget { column, distinct, classes: true } => {
                write!(
                    f,
                    "`{column}` has {distinct} whole numbers, read as classes; `--task regression` reads them as quantities"
                )
            }
            Notice::IntegerTarget { column, distinct, classes: false } => {
                write!(
                    f,
                    "`{column}` has {distinct} whole numbers, read as quantities; `--task multiclass` reads them as classes"
                )
            }
            Notice::TinyClass { class, label, rows } => {
                let name = label.as_ref().map_or_else(|| class.to_string(), |label| format!("`{label}`"));
                let s = if *rows == 1 { "" } else { "s" };
                write!(f, "class {name} has {rows} row{s}: too few for every part, so training comes first")
            }
        }
    }
}
