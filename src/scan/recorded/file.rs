//! One recorded file, read as a whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::inventory::answers::Answer;
use crate::scan::listing::Listing;

/// Reads a listing, which must hold its list and all of it.
pub(super) fn read<T: Listing + DeserializeOwned>(path: &Path) -> Answer<T> {
    let bytes = bytes(path)?;
    // serde would also take an array for the fields of a struct, in order.
    let keys: BTreeMap<String, Option<IgnoredAny>> = parse(path, &bytes)?;
    let answer: T = parse(path, &bytes)?;
    if answer.entries().is_none() {
        return Err(format!("{} lacks its list `{}`{}", path.display(), T::LIST, error_inside(&bytes)));
    }
    if keys.iter().any(|(key, value)| is_token(key) && value.is_some()) {
        return Err(partial(path));
    }
    Ok(answer)
}

/// Reads an array of answers, each of them a whole one.
pub(super) fn array<T: DeserializeOwned>(path: &Path) -> Answer<Vec<T>> {
    let bytes = bytes(path)?;
    let keys: Vec<BTreeMap<String, Option<IgnoredAny>>> =
        parse(path, &bytes).map_err(|error| format!("{error}{}", error_inside(&bytes)))?;
    if keys.iter().flatten().any(|(key, value)| is_token(key) && value.is_some()) {
        return Err(partial(path));
    }
    parse(path, &bytes)
}

/// The CLI prints a token when it was told to stop early; Image Builder writes it small.
pub(super) fn is_token(key: &str) -> bool {
    key.eq_ignore_ascii_case("NextToken")
}

/// Reads one answer that holds no list: it must at least be an answer.
pub(super) fn single<T: DeserializeOwned>(path: &Path) -> Answer<T> {
    let bytes = bytes(path)?;
    // serde would also take an array for the fields of a struct, in order.
    let keys: BTreeMap<String, IgnoredAny> = parse(path, &bytes)?;
    if keys.len() == 1 && keys.contains_key("Error") {
        return Err(format!("{} is no answer{}", path.display(), error_inside(&bytes)));
    }
    parse(path, &bytes)
}

/// Reads a file of which nothing is known but that it is JSON.
pub(super) fn json<T: DeserializeOwned>(path: &Path) -> Answer<T> {
    parse(path, &bytes(path)?)
}

/// The message for a listing that goes on elsewhere.
pub(super) fn partial(path: &Path) -> String {
    format!("{} holds a NextToken: it is not the whole listing, record it again with all pages", path.display())
}

fn bytes(path: &Path) -> Answer<Vec<u8>> {
    fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("not recorded: {} is missing", path.display()),
        _ => format!("cannot read {}: {error}", path.display()),
    })
}

/// serde_json's messages end in line and column.
fn parse<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Answer<T> {
    serde_json::from_slice(bytes).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Eof => "is cut short",
            serde_json::error::Category::Syntax => "is not JSON",
            serde_json::error::Category::Data | serde_json::error::Category::Io => "does not have the form of an AWS CLI answer",
        };
        format!("{} {what}: {error}", path.display())
    })
}

/// Some recorders write AWS's error where the answer should be: it says why there is none.
#[derive(Deserialize)]
struct Failed {
    #[serde(rename = "Error")]
    error: ErrorInside,
}

#[derive(Deserialize)]
struct ErrorInside {
    #[serde(rename = "Code")]
    code: String,
    #[serde(rename = "Message")]
    message: Option<String>,
}

/// `: it holds the error …` if it does, else nothing.
pub(super) fn error_inside(bytes: &[u8]) -> String {
    match serde_json::from_slice::<Failed>(bytes) {
        Ok(Failed { error }) => format!(": it holds the error {}: {}", error.code, error.message.unwrap_or_default()),
        Err(_) => String::new(),
    }
}
