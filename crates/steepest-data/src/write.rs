//! Writing tables, such as predictions: CSV, and Parquet with the feature `columnar`. A file appears whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::read::iso_time;
use crate::table::{Column, MISSING, Table};

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The directory does not exist.
    #[error("{}: there is no directory {}; create it first", .path.display(), .directory.display())]
    NoDirectory {
        /// The file to be written.
        path: PathBuf,
        /// Where it was to be.
        directory: PathBuf,
    },
    /// The system failed: no permission, a full disk, a closed pipe.
    #[error("{target}: cannot write: {source}; nothing was left behind")]
    Io {
        /// The file, or `standard output`.
        target: String,
        /// What the system said.
        source: io::Error,
    },
    /// The columns of a table are not of equal length.
    #[error("column `{name}` has {found} rows, the table {expected}")]
    Length {
        /// Name of the column.
        name: String,
        /// Its rows.
        found: usize,
        /// The rows of the table.
        expected: usize,
    },
}

/// Where to write.
#[derive(Debug, Clone, Copy)]
pub enum Destination<'a> {
    /// A file, replaced as a whole once everything is written.
    Path(&'a Path),
    /// Standard output.
    Stdout,
}

/// Writes a file so that it is whole or absent: into a temporary file beside it, which is synchronized and then renamed.
/// A link is followed; a pipe or a device is written to as it is, since a rename would put a file in its place.
///
/// # Errors
/// [`WriteError`]; the file is then as it was before.
pub fn atomically(path: &Path, write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>) -> Result<(), WriteError> {
    let failed = |source| WriteError::Io { target: path.display().to_string(), source };
    let directory = path.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !directory.is_dir() {
        return Err(WriteError::NoDirectory { path: path.into(), directory: directory.into() });
    }
    let old = fs::metadata(path);
    if old.as_ref().is_ok_and(|old| !old.is_file() && !old.is_dir()) {
        let file = File::options().write(true).open(path).map_err(failed)?;
        let mut out = BufWriter::with_capacity(1 << 16, &file);
        return write(&mut out).and_then(|()| out.flush()).map_err(failed);
    }
    let linked = if old.is_ok() { fs::canonicalize(path).map_err(failed)? } else { path.to_path_buf() };
    let path = linked.as_path();
    let directory = path.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A temporary file is private; the finished one gets the permissions of the file it replaces, or the usual ones.
    let mut builder = tempfile::Builder::new();
    // The ending by which the next start in a run directory knows what a killed writer left.
    builder.prefix(".table-").suffix(".steepest-tmp");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let temporary = builder.tempfile_in(directory).map_err(failed)?;
    let mut out = BufWriter::with_capacity(1 << 16, temporary.as_file());
    write(&mut out).and_then(|()| out.flush()).map_err(failed)?;
    drop(out);
    if let Ok(old) = old {
        temporary.as_file().set_permissions(old.permissions()).map_err(failed)?;
    }
    temporary.as_file().sync_all().map_err(failed)?;
    temporary.persist(path).map_err(|e| failed(e.error))?;
    // The rename itself is durable once the directory is. Not every file system can synchronize one.
    #[cfg(unix)]
    let _ = File::open(directory).and_then(|d| d.sync_all());
    Ok(())
}

/// Writes a table as CSV: one header line, `,` between fields, quotes only where they are needed, missing fields empty.
/// Numbers are written with as many digits as it takes to read the same number back.
///
/// # Errors
/// [`WriteError`]; a file is then as it was before.
///
/// ```
/// use steepest_data::{Column, Destination, Table, write_csv};
/// let path = std::env::temp_dir().join("steepest-example-predictions.csv");
/// let table = Table { names: vec!["p".into()], columns: vec![Column::Number(vec![0.25, f64::NAN])], rows: 2 };
/// write_csv(&table, Destination::Path(&path))?;
/// assert_eq!(std::fs::read_to_string(&path).unwrap(), "p\n0.25\n\"\"\n");
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), steepest_data::WriteError>(())
/// ```
pub fn write_csv(table: &Table, to: Destination<'_>) -> Result<(), WriteError> {
    check(table)?;
    match to {
        Destination::Path(path) => atomically(path, |out| csv(table, 0, true, out)),
        Destination::Stdout => {
            let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
            let failed = |source| WriteError::Io { target: "standard output".into(), source };
            csv(table, 0, true, &mut out).and_then(|()| out.flush()).map_err(failed)
        }
    }
}

/// Writes the rows of a table from `from` on as [`write_csv`] does, behind what was written before; `names` says whether the line of names
/// comes first.
///
/// # Errors
/// [`WriteError`] when columns differ in length or the system refuses.
pub fn append_csv(table: &Table, from: usize, names: bool, out: &mut impl Write) -> Result<(), WriteError> {
    check(table)?;
    csv(table, from, names, out).map_err(|source| WriteError::Io { target: "rows".into(), source })
}

fn check(table: &Table) -> Result<(), WriteError> {
    let wrong = table.names.iter().zip(&table.columns).find(|(_, c)| c.len() != table.rows);
    match wrong {
        Some((name, column)) => {
            Err(WriteError::Length { name: name.clone(), found: column.len(), expected: table.rows })
        }
        None => Ok(()),
    }
}

fn csv(table: &Table, from: usize, names: bool, out: &mut impl Write) -> io::Result<()> {
    // An empty line would be no row.
    let missing = if table.columns.len() == 1 { "\"\"" } else { "" };
    let levels: Vec<Vec<String>> = table
        .columns
        .iter()
        .map(|column| match column {
            Column::Category { levels, .. } => levels.iter().map(|l| quoted(l)).collect(),
            _ => Vec::new(),
        })
        .collect();
    if names {
        for (j, name) in table.names.iter().enumerate() {
            let separator = if j == 0 { "" } else { "," };
            write!(out, "{separator}{}", quoted(name))?;
        }
        writeln!(out)?;
    }
    for i in from..table.rows {
        for (j, column) in table.columns.iter().enumerate() {
            if j > 0 {
                out.write_all(b",")?;
            }
            match column {
                Column::Number(v) | Column::Time(v) if v[i].is_nan() => out.write_all(missing.as_bytes())?,
                Column::Number(v) => number(v[i], out)?,
                Column::Time(v) => out.write_all(iso_time(v[i]).as_bytes())?,
                Column::Category { codes, .. } if codes[i] == MISSING => out.write_all(missing.as_bytes())?,
                Column::Category { codes, .. } => out.write_all(levels[j][codes[i] as usize].as_bytes())?,
            }
        }
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// The shortest decimal that reads back as the same number; whole numbers without a point.
fn number(v: f64, out: &mut impl Write) -> io::Result<()> {
    if v.fract() == 0.0 && v.abs() < 1e15 && (v != 0.0 || v.is_sign_positive()) {
        write!(out, "{v:.0}")
    } else {
        write!(out, "{v:?}")
    }
}

/// A field with quotes if it needs them.
fn quoted(field: &str) -> String {
    let special = field.is_empty() || field.contains([',', '"', '\n', '\r', ';', '\t', '|']);
    let blank = |c: Option<char>| c.is_some_and(char::is_whitespace);
    if special || blank(field.chars().next()) || blank(field.chars().last()) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_string()
    }
}

/// Writes a table as Parquet (Snappy): numbers as doubles, times as microseconds in UTC, categories as strings; missing fields
/// are null.
///
/// # Errors
/// [`WriteError`]; a file is then as it was before.
#[cfg(feature = "columnar")]
pub fn write_parquet(table: &Table, path: &Path) -> Result<(), WriteError> {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
    use parquet::arrow::ArrowWriter;
    use parquet::basic::Compression;
    use parquet::file::properties::WriterProperties;

    check(table)?;
    let present = |v: f64| (!v.is_nan()).then_some(v);
    let array = |column: &Column| -> ArrayRef {
        match column {
            Column::Number(v) => Arc::new(v.iter().map(|&v| present(v)).collect::<Float64Array>()),
            Column::Time(v) => {
                let micro = v.iter().map(|&v| present(v).map(|v| (v * 1e6).round() as i64));
                Arc::new(micro.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
            }
            Column::Category { codes, levels } => {
                let word = |&c: &u32| (c != MISSING).then(|| levels[c as usize].as_str());
                Arc::new(codes.iter().map(word).collect::<StringArray>())
            }
        }
    };
    let columns = table.names.iter().zip(&table.columns).map(|(name, column)| (name.as_str(), array(column), true));
    let failed = |e: String| WriteError::Io { target: path.display().to_string(), source: io::Error::other(e) };
    let batch = RecordBatch::try_from_iter_with_nullable(columns).map_err(|e| failed(e.to_string()))?;
    atomically(path, |out| {
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let mut buffer = Vec::new();
        let mut writer =
            ArrowWriter::try_new(&mut buffer, batch.schema(), Some(properties)).map_err(io::Error::other)?;
        writer.write(&batch).map_err(io::Error::other)?;
        writer.close().map_err(io::Error::other)?;
        out.write_all(&buffer)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.csv");
        fs::write(&path, "old").unwrap();
        let full = atomically(&path, |out| {
            out.write_all(&[b'x'; 100_000])?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        });
        assert!(full.unwrap_err().to_string().contains("nothing was left behind"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        let nowhere = atomically(&dir.path().join("a/b.csv"), |_| Ok(())).unwrap_err();
        assert!(nowhere.to_string().contains("create it first"), "{nowhere}");
    }

    #[test]
    fn numbers_read_back() {
        for v in [0.0, -0.0, 1.0, -3.0, 0.1, 1e300, 5e-324, 1e15, 123456789012345680.0, f64::MAX] {
            let mut text = Vec::new();
            number(v, &mut text).unwrap();
            let back: f64 = std::str::from_utf8(&text).unwrap().parse().unwrap();
            assert_eq!(back.to_bits(), v.to_bits());
        }
    }
}
