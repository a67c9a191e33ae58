//! The layers of the design: an import may only point down, and what must be absent is absent.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// From the bottom up. Rooms in one row stand side by side and do not know each other.
const LAYERS: [&[&str]; 13] = [
    &["model"],
    &["config"],
    &["inventory"],
    &["policy"],
    &["plan"],
    &["ledger"],
    &["aws"],
    &["scan"],
    &["act", "report", "evidence"],
    &["cycle", "http"],
    &["daemon"],
    &["cli"],
    &["main"],
];

/// What the core may not do: it never awaits, reads a clock, the environment or a file, or logs.
const CORE: [&str; 5] = ["model", "config", "inventory", "policy", "plan"];

fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !path.iter().any(|part| part == "tests" || part == "tests.rs")
            {
                let room = path.strip_prefix(&root).unwrap().iter().next().unwrap().to_str().unwrap();
                let text = fs::read_to_string(&path).unwrap();
                // Tests may look wherever they need to.
                let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
                found.push((room.trim_end_matches(".rs").to_owned(), path, code));
            }
        }
    }
    found
}

fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"))
}

#[test]
fn imports_point_down() {
    let level: BTreeMap<&str, usize> =
        LAYERS.iter().enumerate().flat_map(|(level, rooms)| rooms.iter().map(move |room| (*room, level))).collect();
    let mut wrong = Vec::new();
    for (room, path, text) in sources().iter().filter(|(room, ..)| room != "lib") {
        let own = *level.get(room.as_str()).unwrap_or_else(|| panic!("`{room}` has no layer: add it to LAYERS"));
        for line in code_lines(text) {
            for used in line.split("crate::").skip(1) {
                let used = used.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default();
                let upward = level.get(used).is_some_and(|used_level| *used_level > own || (*used_level == own && used != room));
                if upward {
                    wrong.push(format!("{}: `{room}` uses `{used}`", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "imports that point up:\n{}", wrong.join("\n"));
}

#[test]
fn only_aws_names_the_sdk() {
    for (room, path, text) in sources() {
        let named = code_lines(&text).any(|line| {
            ["aws_sdk_", "aws_config::", "aws_smithy_types::", "aws_smithy_runtime_api::", "aws_smithy_http_client::"]
                .iter()
                .any(|name| line.contains(name))
        });
        assert!(!named || room == "aws", "{} names the AWS SDK, which only `aws` may", path.display());
    }
}

#[test]
fn the_core_is_pure() {
    let impure = [".await", "async fn", "Timestamp::now", "SystemTime", "Instant::now", "std::env", "std::fs", "tracing::", "rand::"];
    for (room, path, text) in sources().into_iter().filter(|(room, ..)| CORE.contains(&room.as_str())) {
        for line in code_lines(&text) {
            assert!(!impure.iter().any(|word| line.contains(word)), "{}: `{room}` is pure, and this is not: {line}", path.display());
        }
    }
}

#[test]
fn only_act_changes_anything_in_aws() {
    for (room, path, text) in sources() {
        let writes = code_lines(&text).any(|line| line.contains("aws::write") || line.contains("Writer::for_act"));
        assert!(!writes || ["act", "aws"].contains(&room.as_str()), "{} writes to AWS, which only `act` may", path.display());
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for (_, path, text) in sources() {
        assert!(text.starts_with("//!"), "{} does not begin with //!", path.display());
    }
}
