//! Where bytes come from: files, patterns, standard input, memory. Every byte is hashed on its way, and what cannot be opened
//! twice (a pipe) is kept aside, so that a reader may look again.

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use xxhash_rust::xxh3::Xxh3;

use super::error::ReadError;
use crate::nearest::nearest;

/// What to read: one or more files of the same kind.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    origins: Vec<Origin>,
}

/// One file, however it is reached.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    Path(PathBuf),
    Stdin,
    Bytes { name: String, bytes: Arc<[u8]> },
}

impl Sources {
    /// Finds the files behind names and patterns. `-` is standard input; `*`, `?`, `[…]` and `**` match as in a shell, in
    /// alphabetical order; a file that exists under exactly this name is never taken for a pattern.
    ///
    /// # Errors
    /// A missing file (with names nearby), a directory, a pattern that matches nothing, standard input named twice.
    pub fn from_args<S: AsRef<str>>(args: impl IntoIterator<Item = S>) -> Result<Sources, ReadError> {
        let mut origins = Vec::new();
        for arg in args {
            let arg = arg.as_ref();
            let path = Path::new(arg);
            if arg == "-" {
                if origins.iter().any(|o| matches!(o, Origin::Stdin)) {
                    return Err(ReadError::Sources {
                        problem: "standard input `-` is named twice; it can be read once".into(),
                    });
                }
                origins.push(Origin::Stdin);
            } else if arg.contains(['*', '?', '[']) && !path.exists() {
                let found = matching(arg)?;
                origins.extend(found.into_iter().map(Origin::Path));
            } else {
                check(path)?;
                origins.push(Origin::Path(path.to_owned()));
            }
        }
        if origins.is_empty() {
            return Err(ReadError::Sources {
                problem: "no file was named; name one or more files, a pattern, or `-`".into(),
            });
        }
        Ok(Sources { origins })
    }

    /// One file, whose name is taken as it is.
    ///
    /// # Errors
    /// A missing file (with names nearby) or a directory.
    pub fn path(path: impl AsRef<Path>) -> Result<Sources, ReadError> {
        check(path.as_ref())?;
        Ok(Sources { origins: vec![Origin::Path(path.as_ref().to_owned())] })
    }

    /// Bytes in memory under a name for messages.
    pub fn bytes(name: impl Into<String>, bytes: impl Into<Arc<[u8]>>) -> Sources {
        Sources { origins: vec![Origin::Bytes { name: name.into(), bytes: bytes.into() }] }
    }

    /// These sources followed by others.
    pub fn then(mut self, others: Sources) -> Sources {
        self.origins.extend(others.origins);
        self
    }

    /// The names, in the order of reading.
    pub fn names(&self) -> Vec<String> {
        self.origins.iter().map(Origin::name).collect()
    }

    pub(super) fn origins(&self) -> &[Origin] {
        &self.origins
    }
}

fn matching(pattern: &str) -> Result<Vec<PathBuf>, ReadError> {
    let paths = glob::glob(pattern).map_err(|e| ReadError::Sources {
        problem: format!("{pattern}: malformed pattern at byte {}: {}", e.pos, e.msg),
    })?;
    let mut found = Vec::new();
    for path in paths {
        let path = path.map_err(|e| opening(e.path(), io::Error::from(e.error().kind())))?;
        if path.is_file() {
            found.push(path);
        }
    }
    if found.is_empty() { Err(ReadError::NoMatch { pattern: pattern.into() }) } else { Ok(found) }
}

fn check(path: &Path) -> Result<(), ReadError> {
    let file = path.display().to_string();
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => {
            let file = file.trim_end_matches('/').to_string();
            Err(ReadError::Directory { file, ending: usual_ending(path) })
        }
        Ok(_) => Ok(()),
        Err(e) => Err(opening(path, e)),
    }
}

fn opening(path: &Path, source: io::Error) -> ReadError {
    let file = path.display().to_string();
    match source.kind() {
        io::ErrorKind::NotFound => ReadError::NotFound { file, similar: nearby(path) },
        io::ErrorKind::PermissionDenied => ReadError::Permission { file },
        _ => ReadError::Io { file, source },
    }
}

/// The most frequent ending of the files in a directory, for the message that proposes a pattern.
fn usual_ending(directory: &Path) -> String {
    let mut endings: Vec<(usize, String)> = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten().take(1000) {
        let path = entry.path();
        let Some(ending) = path.extension().filter(|_| path.is_file()) else { continue };
        let ending = format!(".{}", ending.to_string_lossy());
        match endings.iter_mut().find(|(_, e)| *e == ending) {
            Some((n, _)) => *n += 1,
            None => endings.push((1, ending)),
        }
    }
    endings.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    endings.into_iter().next().map_or(".csv".into(), |(_, e)| e)
}

/// Up to three names in the same directory that a typing error could have meant.
fn nearby(path: &Path) -> Vec<String> {
    let Some(wanted) = path.file_name().map(|n| n.to_string_lossy()) else { return Vec::new() };
    let directory = path.parent().filter(|p| !p.as_os_str().is_empty());
    let entries = fs::read_dir(directory.unwrap_or(Path::new("."))).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let shown = |name: String| directory.map_or(PathBuf::from(&name), |d| d.join(&name)).display().to_string();
    nearest(&wanted, names.iter().map(String::as_str), 3).into_iter().map(shown).collect()
}

/// What is known of the raw bytes once they are read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fingerprint {
    pub bytes: u64,
    pub hash: u128,
}

/// A source that can be read from its beginning more than once.
pub(super) struct Source {
    pub name: String,
    origin: Origin,
    tally: Arc<Mutex<Tally>>,
}

struct Tally {
    hash: Xxh3,
    bytes: u64,
    /// Whether a first reading has begun; later ones are not counted.
    opened: bool,
    /// A copy of what came through a pipe: in memory while small, then in an unnamed temporary file.
    kept: Option<tempfile::SpooledTempFile>,
}

const KEPT_IN_MEMORY: usize = 8 << 20;

impl Origin {
    pub fn name(&self) -> String {
        match self {
            Origin::Path(path) => path.display().to_string(),
            Origin::Stdin => "-".into(),
            Origin::Bytes { name, .. } => name.clone(),
        }
    }
}

impl Source {
    pub fn new(origin: &Origin) -> Source {
        let tally = Tally { hash: Xxh3::new(), bytes: 0, opened: false, kept: None };
        Source { name: origin.name(), origin: origin.clone(), tally: Arc::new(Mutex::new(tally)) }
    }

    /// The path, if it is that of a regular file.
    pub fn regular(&self) -> Option<&Path> {
        match &self.origin {
            Origin::Path(path) if fs::metadata(path).is_ok_and(|m| m.is_file()) => Some(path),
            _ => None,
        }
    }

    /// The size of the raw bytes, where it is known in advance.
    pub fn size(&self) -> Option<u64> {
        match &self.origin {
            Origin::Bytes { bytes, .. } => Some(bytes.len() as u64),
            _ => self.regular().and_then(|p| fs::metadata(p).ok()).map(|m| m.len()),
        }
    }

    /// Opens the raw bytes from their beginning; the first time they are counted and hashed. A pipe must have been read to its
    /// end before it is opened again.
    pub fn open(&self) -> Result<Box<dyn Read + Send>, ReadError> {
        let mut tally = lock(&self.tally);
        if tally.opened
            && let Some(kept) = &mut tally.kept
        {
            kept.rewind().map_err(|e| self.io(e))?;
            return Ok(Box::new(Kept(Arc::clone(&self.tally))));
        }
        let raw: Box<dyn Read + Send> = match &self.origin {
            Origin::Bytes { bytes, .. } => Box::new(io::Cursor::new(Arc::clone(bytes))),
            Origin::Stdin => Box::new(io::stdin()),
            Origin::Path(path) => Box::new(File::open(path).map_err(|e| opening(path, e))?),
        };
        if std::mem::replace(&mut tally.opened, true) {
            return Ok(raw);
        }
        let once =
            matches!(self.origin, Origin::Stdin) || matches!(self.origin, Origin::Path(_)) && self.regular().is_none();
        tally.kept = once.then(|| tempfile::spooled_tempfile(KEPT_IN_MEMORY));
        Ok(Box::new(Counted { raw, tally: Arc::clone(&self.tally) }))
    }

    /// Size and hash of what the first reading read.
    pub fn fingerprint(&self) -> Fingerprint {
        let tally = lock(&self.tally);
        Fingerprint { bytes: tally.bytes, hash: tally.hash.digest128() }
    }

    /// The error behind a failed read; what a decoder had to say travels inside the I/O error.
    pub fn io(&self, source: io::Error) -> ReadError {
        let source = match source.downcast::<ReadError>() {
            Ok(inner) => return inner,
            Err(outer) => outer,
        };
        match &self.origin {
            Origin::Path(path) => opening(path, source),
            _ => ReadError::Io { file: self.name.clone(), source },
        }
    }
}

fn lock(tally: &Mutex<Tally>) -> std::sync::MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

struct Counted {
    raw: Box<dyn Read + Send>,
    tally: Arc<Mutex<Tally>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.raw.read(buffer)?;
        let mut tally = lock(&self.tally);
        tally.hash.update(&buffer[..n]);
        tally.bytes += n as u64;
        if let Some(kept) = &mut tally.kept {
            io::Write::write_all(kept, &buffer[..n])?;
        }
        Ok(n)
    }
}

struct Kept(Arc<Mutex<Tally>>);

impl Read for Kept {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut lock(&self.0).kept {
            Some(kept) => kept.read(buffer),
            None => Ok(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_names_its_neighbours() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["patients.csv", "flights.csv", "patients-2.csv"] {
            fs::write(dir.path().join(name), "a\n1\n").unwrap();
        }
        let wrong = dir.path().join("pateints.csv");
        let message = Sources::from_args([wrong.to_str().unwrap()]).unwrap_err().to_string();
        assert!(message.contains("no such file; did you mean") && message.contains("patients.csv"), "{message}");
        assert!(!message.contains("flights"), "{message}");
        let pattern = dir.path().join("pat*.csv");
        assert_eq!(Sources::from_args([pattern.to_str().unwrap()]).unwrap().names().len(), 2);
        let message = Sources::from_args([dir.path().join("*.tsv").to_str().unwrap()]).unwrap_err().to_string();
        assert!(message.contains("no file matches"), "{message}");
        let message = Sources::from_args([dir.path().to_str().unwrap()]).unwrap_err().to_string();
        assert!(message.contains("is a directory") && message.contains("*.csv"), "{message}");
        assert!(Sources::from_args(["-", "-"]).is_err());
        assert!(Sources::from_args::<&str>([]).is_err());
    }
}
