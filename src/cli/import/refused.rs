//! The file of what was refused.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use super::Refusal;
use crate::cli::CliError;

/// How each line of it begins.
const BEGINNING: &[u8] = b"{\"line\":";

/// Created when the first line is refused; one of an earlier run goes when nothing is refused.
#[derive(Debug)]
pub struct RefusedFile {
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

impl RefusedFile {
    /// Beside the input unless another place is said.
    ///
    /// # Errors
    /// When it would be written over the input.
    pub fn new(input: &Path, said: Option<&Path>) -> Result<Self, CliError> {
        let beside = || {
            let name = if input.as_os_str() == "-" { Path::new("stdin") } else { input };
            let mut path = name.as_os_str().to_owned();
            path.push(".refused.jsonl");
            PathBuf::from(path)
        };
        let path = said.map_or_else(beside, Path::to_owned);
        let real = |path: &Path| std::fs::canonicalize(path).ok();
        if real(&path).is_some_and(|path| real(input) == Some(path)) {
            let what = format!("{}: refused lines cannot go to the file that is read", path.display());
            return Err(CliError::Form(what));
        }
        Ok(Self { path, file: None })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn write(&mut self, refusals: &[Refusal]) -> Result<(), CliError> {
        let io = |path: &Path| CliError::io(format!("writing {}", path.display()));
        for refusal in refusals {
            let file = match &mut self.file {
                Some(file) => file,
                None => {
                    let created = File::create(&self.path).map_err(io(&self.path))?;
                    self.file.insert(BufWriter::new(created))
                }
            };
            writeln!(file, "{}", refusal.to_json()).map_err(io(&self.path))?;
        }
        Ok(())
    }

    pub fn flush(&mut self) -> Result<(), CliError> {
        match &mut self.file {
            Some(file) => file.flush().map_err(CliError::io(format!("writing {}", self.path.display()))),
            None => Ok(()),
        }
    }

    /// Nothing was refused: removes what an earlier run left there, and no other file.
    pub fn forget(&self) -> Result<(), CliError> {
        let mut beginning = [0; BEGINNING.len()];
        let ours = File::open(&self.path).and_then(|mut file| file.read_exact(&mut beginning)).is_ok()
            && beginning == BEGINNING;
        match ours {
            true => std::fs::remove_file(&self.path)
                .map_err(CliError::io(format!("removing {}", self.path.display()))),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_earlier_run_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("a.jsonl");
        std::fs::write(&input, "{}").unwrap();
        let refused = RefusedFile::new(&input, None).unwrap();
        std::fs::write(refused.path(), "{\"line\":1,\"reason\":\"X\"}\n").unwrap();
        refused.forget().unwrap();
        assert!(!refused.path().exists());
        refused.forget().unwrap();
        std::fs::write(refused.path(), "notes of mine").unwrap();
        refused.forget().unwrap();
        assert!(refused.path().exists());
        assert!(RefusedFile::new(&input, Some(&input)).is_err());
    }
}
