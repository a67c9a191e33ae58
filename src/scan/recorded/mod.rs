//! A recorded estate: `DIR/<account>/<region>/<source>.json`, each file what the AWS CLI prints.
//!
//! A file that is missing, cut short, not JSON, without its list or only a first page is an `Err` that names the
//! file, never an empty list. Places are read one at a time, so that only one is in memory. `write` makes what
//! `open` reads. Nothing here asks AWS.

mod file;
mod place;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::inventory::History;
use crate::inventory::answers::{Answer, Answers, DescribeOrganization};
use crate::model::{AccountId, Place};

pub use write::{RecordError, Recording};

/// A directory in which at least one place was recorded.
#[derive(Clone, Debug)]
pub struct Recorded {
    dir: PathBuf,
    places: Vec<Place>,
}

/// Why a directory cannot be read as a recorded estate.
#[derive(Debug, thiserror::Error)]
pub enum RecordedError {
    #[error("there is no directory `{}`: a recorded estate is DIR/<account>/<region>/<source>.json, as `record --out DIR` writes it", .dir.display())]
    Missing { dir: PathBuf },
    #[error(
        "`{}` holds no recorded place: expected DIR/<account>/<region>/<source>.json, for example `{}`", .dir.display(),
        .dir.join("123456789012").join("us-east-1").join("describe-images.json").display()
    )]
    Empty { dir: PathBuf },
    #[error("cannot read `{}`", .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("`{}` has a name that is not text", .path.display())]
    Name { path: PathBuf },
    /// `history.json` decides grace and remembers what lies in the bin: a broken one is not an absent one.
    #[error("{message}: correct or remove the file")]
    History { message: String },
}

/// Looks which places were recorded below `dir`.
pub fn open(dir: &Path) -> Result<Recorded, RecordedError> {
    match fs::metadata(dir) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(RecordedError::Missing { dir: dir.into() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(RecordedError::Missing { dir: dir.into() }),
        Err(source) => return Err(RecordedError::Unreadable { path: dir.into(), source }),
    }
    let mut places = Vec::new();
    for account in folders(dir)? {
        for region in folders(&dir.join(&account))? {
            if is_place(&account, &dir.join(&account).join(&region))? {
                places.push(Place::new(account.as_str(), region.as_str()));
            }
        }
    }
    if places.is_empty() {
        return Err(RecordedError::Empty { dir: dir.into() });
    }
    places.sort();
    Ok(Recorded { dir: dir.into(), places })
}

impl Recorded {
    /// The places that were recorded, sorted: those found, and those that the recorded `history` names and whose folders
    /// are gone. Of these every source is a gap.
    pub fn places(&self, history: &History) -> Vec<Place> {
        let all: BTreeSet<&Place> = self.places.iter().chain(history.recorded.keys()).collect();
        all.into_iter().cloned().collect()
    }

    /// Reads one place. Drop the answers before reading the next one. `history` is the recorded one, which notes what else
    /// was asked.
    pub fn answers(&self, place: &Place, history: &History) -> Answers {
        place::read(&self.folder(place), place, history.recorded.get(place))
    }

    /// `organization.json`: `None` where nobody recorded one.
    pub fn organization(&self) -> Option<Answer<DescribeOrganization>> {
        let path = self.dir.join("organization.json");
        is_there(&path).then(|| file::read(&path))
    }

    /// `history.json`: `None` where nobody recorded one.
    pub fn history(&self) -> Result<Option<History>, RecordedError> {
        let path = self.dir.join("history.json");
        if !is_there(&path) {
            return Ok(None);
        }
        file::json(&path).map(Some).map_err(|message| RecordedError::History { message })
    }

    fn folder(&self, place: &Place) -> PathBuf {
        self.dir.join(place.account.as_str()).join(place.region.as_str())
    }
}

/// The names of the folders in `dir`, sorted, hidden ones left out.
fn folders(dir: &Path) -> Result<Vec<String>, RecordedError> {
    let unreadable = |source| RecordedError::Unreadable { path: dir.into(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if !path.is_dir() || name.is_some_and(|name| name.starts_with('.')) {
            continue;
        }
        names.push(name.ok_or_else(|| RecordedError::Name { path: path.clone() })?.to_owned());
    }
    names.sort();
    Ok(names)
}

/// Whether something is at `path`. What cannot be looked for counts as there: reading it will say why not.
fn is_there(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}

/// A folder below an account number is a place even if every source failed and left no file; below any other name
/// (`src/aws` when somebody points at the wrong directory) it must hold answers.
fn is_place(account: &str, folder: &Path) -> Result<bool, RecordedError> {
    if AccountId::from(account).is_well_formed() {
        return Ok(true);
    }
    let unreadable = |source| RecordedError::Unreadable { path: folder.into(), source };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        if entry.map_err(unreadable)?.path().extension().is_some_and(|extension| extension == "json") {
            return Ok(true);
        }
    }
    Ok(false)
}
