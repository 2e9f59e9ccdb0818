//! `coefficients.csv`: the weights of a linear model in the units of the data.

use super::bytes;
use crate::error::ReportError;
use std::path::Path;

/// One weight. Numbers that the file leaves empty are `None`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Coefficient {
    /// The class it speaks for, where there are several.
    pub class: Option<String>,
    /// The feature.
    pub feature: String,
    /// The weight in the units of the data.
    pub coefficient: Option<f64>,
    /// Its standard error.
    pub standard_error: Option<f64>,
    /// Weight over standard error.
    pub z: Option<f64>,
    /// Probability of a z at least this large were the weight zero.
    pub p_value: Option<f64>,
    /// Lower end of the confidence interval.
    pub low: Option<f64>,
    /// Upper end of the confidence interval.
    pub high: Option<f64>,
    /// The weight on the scale on which the model was fitted.
    pub encoded: Option<f64>,
}

/// Reads the file; `None` where there is none. Columns are found by their names in the first line.
pub fn read(path: &Path) -> Result<Option<Vec<Coefficient>>, ReportError> {
    let Some(bytes) = bytes(path)? else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes);
    let fail =
        |line: usize, message: String| ReportError::Malformed { path: path.to_path_buf(), line, column: 1, message };
    let mut records = records(&text).map_err(|line| fail(line, "a quoted field does not end".into()))?.into_iter();
    let Some((_, header)) = records.next() else { return Ok(Some(Vec::new())) };
    let column = |name: &str| header.iter().position(|h| h.trim() == name);
    let feature = column("feature").ok_or_else(|| fail(1, "expected a column named `feature`".into()))?;
    let class = column("class");
    let mut coefficients = Vec::new();
    for (line, record) in records {
        if record.len() != header.len() {
            return Err(fail(line, format!("expected {} fields, found {}", header.len(), record.len())));
        }
        let number = |name: &str| -> Result<Option<f64>, ReportError> {
            let Some(field) = column(name).map(|k| record[k].trim()).filter(|f| !f.is_empty()) else { return Ok(None) };
            field.parse().map(Some).map_err(|_| fail(line, format!("expected a number for `{name}`, found `{field}`")))
        };
        coefficients.push(Coefficient {
            class: class.map(|k| record[k].clone()),
            feature: record[feature].clone(),
            coefficient: number("coefficient")?,
            standard_error: number("standard_error")?,
            z: number("z")?,
            p_value: number("p_value")?,
            low: number("low")?,
            high: number("high")?,
            encoded: number("encoded_coefficient")?,
        });
    }
    Ok(Some(coefficients))
}

/// Records with the line they begin on; the error is the line of a quote that is not closed.
fn records(text: &str) -> Result<Vec<(usize, Vec<String>)>, usize> {
    let mut records = Vec::new();
    let (mut fields, mut field) = (Vec::new(), String::new());
    let (mut line, mut begun, mut quoted) = (1, 1, None);
    let mut chars = text.strip_prefix('\u{feff}').unwrap_or(text).chars().peekable();
    while let Some(c) = chars.next() {
        match (c, quoted) {
            ('"', Some(_)) if chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            ('"', Some(_)) => quoted = None,
            ('"', None) if field.is_empty() => quoted = Some(line),
            (',', None) => fields.push(std::mem::take(&mut field)),
            ('\r', None) if chars.peek() == Some(&'\n') => {}
            ('\n', None) => {
                fields.push(std::mem::take(&mut field));
                if fields.len() > 1 || !fields[0].is_empty() {
                    records.push((begun, std::mem::take(&mut fields)));
                }
                fields.clear();
            }
            (c, _) => field.push(c),
        }
        if c == '\n' {
            line += 1;
            if quoted.is_none() {
                begun = line;
            }
        }
    }
    if let Some(line) = quoted {
        return Err(line);
    }
    if !fields.is_empty() || !field.is_empty() {
        fields.push(field);
        records.push((begun, fields));
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_commas_and_line_ends_within_fields() {
        let text = "feature,coefficient\r\n\"a, \"\"b\"\"\",1\n\"two\nlines\",-2e-3\nlast,";
        let records = records(text).unwrap();
        assert_eq!(records[1], (2, vec!["a, \"b\"".to_string(), "1".to_string()]));
        assert_eq!(records[2], (3, vec!["two\nlines".to_string(), "-2e-3".to_string()]));
        assert_eq!(records[3], (5, vec!["last".to_string(), String::new()]));
        assert_eq!(super::records("feature\n\"open"), Err(2));
    }
}
