//! Things where files of an estate should be: nothing in them, no text, other things of the file system, far too much.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use super::estate::*;
use super::words::is_clean;

/// The files of one place that decide most.
const NAMES: [&str; 6] = [
    "describe-images",
    "describe-instances",
    "describe-launch-template-versions",
    "get-rule",
    "launch-permissions/ami-00used",
    "create-volume-permissions/snap-00orph",
];

#[test]
fn what_is_no_file_of_an_answer_adds_no_step() {
    let folder = Folder::of(&estate());
    let whole = folder.steps();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_objects = "{\"Images\":[".repeat(20_000);
    let contents: [(&str, &[u8]); 12] = [
        ("nothing", b""),
        ("a NUL", b"\0"),
        ("many NULs", &[0; 4096]),
        ("no UTF-8", b"\xff\xfe{\x00}"),
        ("a byte order mark", b"\xef\xbb\xbf{\"Images\": []}"),
        ("a bare word", b"null"),
        ("a number", b"-1e999"),
        ("an empty list", b"[]"),
        ("an escape sequence", b"\x1b[2J\x1b]0;owned\x07"),
        ("half of a pair", b"{\"Images\": [\"\\ud800\"]}"),
        ("deep lists", deep.as_bytes()),
        ("deep objects", deep_objects.as_bytes()),
    ];
    for name in NAMES {
        let file = format!("estate/{HOME}/{name}.json");
        let before = fs::read(folder.path(&file)).unwrap();
        for (what, content) in contents {
            // An array is what this one is, and an empty one describes no rule.
            folder.put(&file, content);
            let added: Vec<_> = folder.steps().difference(&whole).cloned().collect();
            assert!(added.is_empty(), "{name}: {what} added {added:#?}");
        }
        fs::remove_file(folder.path(&file)).unwrap();
        let places = folder.path("places-of-links");
        fs::create_dir_all(&places).unwrap();
        for target in ["/dev/null", "nowhere", ".", file.rsplit('/').next().unwrap()] {
            symlink(target, folder.path(&file)).unwrap();
            let added: Vec<_> = folder.steps().difference(&whole).cloned().collect();
            assert!(added.is_empty(), "{name}: a link to {target} added {added:#?}");
            fs::remove_file(folder.path(&file)).unwrap();
        }
        fs::create_dir(folder.path(&file)).unwrap();
        let added: Vec<_> = folder.steps().difference(&whole).cloned().collect();
        assert!(added.is_empty(), "{name}: a folder added {added:#?}");
        let said = folder.planned(&["--format", "json"]);
        is_clean("stderr", &said.err);
        fs::remove_dir(folder.path(&file)).unwrap();
        folder.put(&file, before);
    }
    assert_eq!(folder.steps(), whole);
}

#[test]
fn the_program_survives_what_is_no_file_and_says_so_as_text() {
    let folder = Folder::of(&estate());
    for (path, content) in [
        ("estate/organization.json", &b"\x1b[31m"[..]),
        ("estate/history.json", b"[[[\x9b"),
        ("estate/111111111111/eu-central-1/describe-images.json", b"\x1b]0;x\x07"),
        ("ami-warden.toml", b"mode = \"\x1b[31mobserve\"\n[sc\xe2\x80\xaeope]"),
        ("policies/hostile.cedar", b"permit (principal, \x1b[31maction \xe2\x80\xae);"),
    ] {
        let before = fs::read(folder.path(path)).ok();
        folder.put(path, content);
        for arguments in [&["--color", "never"][..], &["--format", "json"]] {
            let said = folder.planned(arguments);
            is_clean(path, &(said.out + &said.err));
        }
        match before {
            Some(before) => folder.put(path, before),
            None => fs::remove_file(folder.path(path)).unwrap(),
        }
    }
    // Folders that are no places, and places with odd names.
    for odd in
        ["estate/\u{1b}[31m/region", "estate/111111111111/\u{202e}eu\n", "estate/.hidden/x", "estate/111111111111/eu-central-1/note\u{7}"]
    {
        fs::create_dir_all(folder.path(odd)).unwrap();
        folder.put(&format!("{odd}/describe-images.json"), "{\"Images\": []}");
    }
    symlink(".", folder.path("estate/111111111111/loop")).unwrap();
    let said = folder.planned(&[]);
    is_clean("odd folders", &(said.out + &said.err));
    is_clean("odd folders", &folder.planned(&["--format", "json"]).out);
    // A name that is not even text.
    let bytes: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"estate/111111111111/\xff\xfe");
    fs::create_dir_all(folder.path("estate").parent().unwrap().join(bytes)).unwrap();
    let said = folder.planned(&[]);
    is_clean("a folder without a name", &(said.out + &said.err));
}

#[test]
fn a_text_of_twenty_megabytes_is_only_long() {
    let mut files = estate();
    files.retain(|name, _| name.starts_with(HOME));
    let whole = Folder::of(&files).steps();
    let long = "\u{1b}[31m ami-0 ".repeat(20_000_000 / 11);
    let images = files.get_mut(&format!("{HOME}/describe-images.json")).unwrap()["Images"].as_array_mut().unwrap();
    images[0]["Description"] = json!(long);
    let folder = Folder::of(&files);
    assert_eq!(folder.steps(), whole);
    let said = folder.planned(&["--format", "json"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.len() < 1_000_000, "a description is in no plan");
}
