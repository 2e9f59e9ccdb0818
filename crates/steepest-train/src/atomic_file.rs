//! Files that are whole or absent: written beside their place, brought to the disk, then renamed.
//!
//! A process that is killed at any moment leaves either the old file, the new file, or the old file and a temporary one
//! whose name begins with a dot and ends in [`TEMPORARY`]; [`remove_temporaries`] clears those at the next start.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// How the names of temporary files end.
pub const TEMPORARY: &str = ".steepest-tmp";

/// Writes a file by `fill`, so that nobody ever sees a part of it: temporary file in the same directory, `fsync`, rename,
/// `fsync` of the directory. An existing file is replaced; a link is followed; a device or pipe is written in place.
///
/// # Errors
/// What the system says; the file is then as it was and the temporary one is gone.
pub fn write_atomic(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let place = match fs::metadata(path) {
        Ok(m) if m.is_dir() => {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "a directory has this name"));
        }
        Ok(m) if !m.is_file() => {
            let mut out = BufWriter::new(OpenOptions::new().write(true).open(path)?);
            fill(&mut out)?;
            return out.flush();
        }
        Ok(_) => fs::canonicalize(path)?,
        Err(_) => path.to_path_buf(),
    };
    let temporary = Temporary::beside(&place)?;
    let mut out = BufWriter::with_capacity(1 << 16, &temporary.file);
    fill(&mut out)?;
    out.flush()?;
    drop(out);
    temporary.file.sync_all()?;
    temporary.rename(&place)
}

/// Removes what killed writers left in a directory. Only for directories nobody else writes to now.
///
/// # Errors
/// When the directory cannot be read or a leftover not removed.
pub fn remove_temporaries(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if is_temporary(&name) && entry.file_type()?.is_file() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Whether a file of this name is a leftover of a killed writer.
pub(crate) fn is_temporary(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(TEMPORARY)
}

/// Makes a rename or a new file in the directory durable. Only Unix lets a directory be synced; elsewhere the file system does.
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

/// The directory a file lies in.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    }
}

/// A temporary file that is removed unless it is renamed.
struct Temporary {
    path: PathBuf,
    file: File,
}

impl Temporary {
    /// Creates one beside `place`, with the permissions that new files have.
    fn beside(place: &Path) -> io::Result<Temporary> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = place.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no file name"))?;
        loop {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!(".{}.{}-{number}{TEMPORARY}", name.to_string_lossy(), std::process::id());
            let path = parent(place).join(name);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Temporary { path, file }),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        }
    }

    fn rename(mut self, place: &Path) -> io::Result<()> {
        fs::rename(&self.path, place)?;
        self.path = PathBuf::new();
        sync_directory(parent(place))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            // The write has failed already and its error is on the way; a leftover is cleared at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(directory).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        write_atomic(&path, |w| w.write_all(b"old")).unwrap();
        let failed = write_atomic(&path, |w| {
            w.write_all(&[b'x'; 100_000])?;
            Err(io::Error::other("disk full"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "disk full");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(dir.path()), ["a.json"]);
        write_atomic(&path, |w| w.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn leftovers_are_cleared_and_other_files_kept() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("checkpoint.safetensors");
        let mut left = Temporary::beside(&place).unwrap();
        left.file.write_all(b"half").unwrap();
        left.path = PathBuf::new();
        fs::write(dir.path().join(".hidden"), b"").unwrap();
        assert_eq!(names(dir.path()).len(), 2);
        remove_temporaries(dir.path()).unwrap();
        assert_eq!(names(dir.path()), [".hidden"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_directories_refused() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().join("real");
        fs::write(&real, b"old").unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write_atomic(&link, |w| w.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&real).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(write_atomic(dir.path(), |_| Ok(())).is_err());
    }
}
