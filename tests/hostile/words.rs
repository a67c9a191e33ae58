//! Texts that are more than text: escape sequences, line ends, marks that turn the direction of writing, other scripts.

use serde_json::{Value, json};

use super::estate::*;

/// Colours, a window title, a cleared screen, a second log line, turned writing, separators, C1, NUL, and what is only
/// another script.
pub(crate) const WORDS: [&str; 9] = [
    "\u{1b}[31mRED\u{1b}[0m",
    "\u{1b}]0;owned\u{7}\u{1b}[2J\u{1b}[1;1H",
    "one\nERROR forged: line\r\nthree",
    "\u{202e}desrever\u{2066}\u{200f}\u{61c}",
    "a\u{2028}b\u{2029}c\u{85}d",
    "\u{9b}31mC1\u{9d}0;x\u{9c}\u{7f}\u{8}\u{8}",
    "n\u{0}ul\ttab\u{b}\u{c}",
    "日本語 – Ünïcode 👩‍👩‍👧 %s {} ${x} $(reboot) `id` '; DROP TABLE plans; --",
    "{\"level\":\"ERROR\"}\",\"forged\":\"yes",
];

/// What must not reach a terminal or a log as it is.
fn is_raw(letter: char) -> bool {
    (letter.is_control() && letter != '\n')
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[track_caller]
pub(crate) fn is_clean(what: &str, text: &str) {
    if let Some(at) = text.char_indices().find(|(_, letter)| is_raw(*letter)) {
        let from = text[..at.0].char_indices().rev().nth(60).map_or(0, |(from, _)| from);
        let shown: String = text[from..].chars().take(120).collect();
        assert!(!is_raw(at.1), "{what} holds {:?}: {shown:?}", at.1);
    }
}

/// Clean but for the colours that we write ourselves: no more than a reset, an intensity or a colour at a time.
#[track_caller]
fn is_clean_in_colour(what: &str, text: &str) {
    assert!(text.contains("\u{1b}["), "{what} is not in colour");
    assert!(!text.contains("\u{1b}[31mRED"), "{what} is coloured by a name");
    let mut plain = String::new();
    let mut parts = text.split("\u{1b}[");
    plain.extend(parts.next());
    for part in parts {
        let end = part.find('m').filter(|end| part[..*end].bytes().all(|byte| byte.is_ascii_digit() || byte == b';'));
        assert!(end.is_some(), "{what} holds another escape sequence: {part:?}");
        plain.push_str(&part[end.unwrap() + 1..]);
    }
    is_clean(what, &plain);
}

/// Puts `words` wherever an estate holds free text. The ids and dates that it is judged by stay.
fn worded(words: &str) -> Files {
    let mut files = estate();
    for place in PLACES {
        let members = |files: &mut Files, file: &str, list: &str, change: &dyn Fn(&mut Value)| {
            files.get_mut(&format!("{place}/{file}.json")).unwrap()[list].as_array_mut().unwrap().iter_mut().for_each(change);
        };
        members(&mut files, "describe-images", "Images", &|image| {
            image["Name"] = json!(format!("{words}{}", image["ImageId"].as_str().unwrap()));
            image["Description"] = json!(words);
            for field in ["Architecture", "PlatformDetails", "RootDeviceType", "ImageOwnerAlias", "KernelId", "ImageLocation"] {
                image[field] = json!(words);
            }
            let tags = image["Tags"].as_array_mut().unwrap();
            tags.extend((0..48).map(|n| json!({"Key": format!("{words}{n}"), "Value": words})));
        });
        members(&mut files, "describe-snapshots", "Snapshots", &|snapshot| {
            snapshot["Description"] = json!(words);
            snapshot["Tags"] = json!([{"Key": "Name", "Value": words}, {"Key": words, "Value": ""}]);
        });
        members(&mut files, "describe-launch-templates", "LaunchTemplates", &|template| template["LaunchTemplateName"] = json!(words));
        members(&mut files, "describe-launch-template-versions", "LaunchTemplateVersions", &|version| {
            version["LaunchTemplateName"] = json!(words);
            version["VersionDescription"] = json!(words);
        });
        members(&mut files, "describe-auto-scaling-groups", "AutoScalingGroups", &|group| {
            group["AutoScalingGroupName"] = json!(words);
            group["LaunchConfigurationName"] = json!(words);
        });
        members(&mut files, "describe-launch-configurations", "LaunchConfigurations", &|one| one["LaunchConfigurationName"] = json!(words));
        members(&mut files, "describe-instances", "Reservations", &|reservation| {
            reservation["Instances"][0]["Tags"] = json!([{"Key": "Name", "Value": words}]);
        });
    }
    files
}

/// Adds what is refused for its words: odd ids and states, errors in place of answers, files of no known form.
fn refused(words: &str, files: &mut Files) {
    let images = files.get_mut(&format!("{HOME}/describe-images.json")).unwrap()["Images"].as_array_mut().unwrap();
    let mut odd = images[0].clone();
    odd["ImageId"] = json!(format!("ami-{words}"));
    odd["OwnerId"] = json!(words);
    images.push(odd);
    let state = &mut images[1]["State"];
    *state = json!(words);
    let there = PLACES[1];
    let error = json!({"Error": {"Code": words, "Message": words}});
    files.insert(format!("{there}/describe-instances.json"), error.clone());
    files.insert(format!("{there}/describe-volumes.json"), json!(words));
    files.insert(format!("{there}/note-of-somebody.json"), json!({words: {"image": "ami-01free", "why": words}}));
    files.insert(format!("{there}/launch-permissions/ami-01free.json"), json!({"ImageId": words, "LaunchPermissions": []}));
    files.insert(
        format!("{there}/launch-permissions/ami-01used.json"),
        json!({"ImageId": "ami-01used", "LaunchPermissions": [{"UserId": words}]}),
    );
    let other = PLACES[2];
    let snapshots = files.get_mut(&format!("{other}/describe-snapshots.json")).unwrap()["Snapshots"].as_array_mut().unwrap();
    snapshots[0]["StartTime"] = json!(words);
    files.get_mut(&format!("{other}/describe-images.json")).unwrap()["Images"][7]["Tags"] =
        json!([{"Key": "replicate-to", "Value": words}]);
    files.insert(
        "organization.json".into(),
        json!({"Organization": {"Id": words}, "Accounts": [{"Id": words, "Name": words, "Status": words, "Path": words}]}),
    );
}

#[test]
fn free_text_decides_nothing() {
    let steps = Folder::of(&estate()).steps();
    for words in WORDS {
        assert_eq!(Folder::of(&worded(words)).steps(), steps, "{words:?}");
    }
}

#[test]
fn what_is_refused_for_its_words_adds_no_step() {
    let steps = Folder::of(&estate()).steps();
    for words in WORDS {
        let mut files = worded(words);
        refused(words, &mut files);
        let added: Vec<_> = Folder::of(&files).steps().difference(&steps).cloned().collect();
        assert!(added.is_empty(), "{words:?}: {added:?}");
    }
}

#[test]
fn no_words_of_an_estate_reach_a_terminal_as_more_than_text() {
    // All at once, and an early line end by itself: what is cut off is harmless too.
    for words in [&WORDS.concat(), WORDS[2]] {
        let mut files = worded(words);
        refused(words, &mut files);
        let folder = Folder::of(&files);
        let json = folder.planned(&["--format", "json", "--out", "plan.json"]);
        assert_eq!(json.code, Some(0), "{}", json.err);
        is_clean("the plan as JSON", &json.out);
        is_clean("stderr", &json.err);
        is_clean("the saved plan", &std::fs::read_to_string(folder.path("plan.json")).unwrap());
        let again = folder.planned(&["--format", "json"]);
        assert_eq!(again.out, json.out, "the same bytes");
        // It says the same as the words did, and is not taken for an edited one.
        let read: ami_warden::plan::Plan = serde_json::from_str(&json.out).unwrap();
        assert!(read.is_intact(), "{words:?}");
        let plain = folder.planned(&["-v"]);
        is_clean("the plan as text", &plain.out);
        is_clean("stderr", &plain.err);
        is_clean_in_colour("the plan in colour", &folder.planned(&["-v", "--color", "always"]).out);
        for resource in ["ami-00free", "ami-00shrd", "ami-01used", "snap-00free", "ami-02copy"] {
            for format in [&["--format", "text"][..], &["--format", "json"], &["--color", "always"]] {
                let said = folder.run(&[&["explain", resource, "--from", "estate", "--now", NOW], format].concat());
                if format[1] == "always" && said.code == Some(0) {
                    is_clean_in_colour(&format!("{resource} in colour"), &said.out);
                } else {
                    is_clean(&format!("{resource} as {}", format[1]), &(said.out + &said.err));
                }
            }
        }
    }
}

#[test]
fn a_resource_with_an_odd_id_is_explained_and_named_in_errors_as_text() {
    // An argument cannot hold a NUL.
    for words in [&WORDS.concat().replace('\u{0}', ""), WORDS[2]] {
        let mut files = estate();
        refused(words, &mut files);
        let folder = Folder::of(&files);
        for id in [format!("ami-{words}"), format!("ami-gone{words}"), format!("111111111111/{words}"), words.to_owned()] {
            let said = folder.run(&["explain", &id, "--from", "estate", "--now", NOW]);
            is_clean("explain", &(said.out + &said.err));
        }
        let nowhere = folder.run(&["plan", "--from", words]);
        assert_eq!(nowhere.code, Some(1));
        is_clean("a folder that is not there", &nowhere.err);
        for arguments in [&["--config", words, "check"][..], &["ledger", "show", words], &["approve", words]] {
            let said = folder.run(arguments);
            is_clean("an argument", &said.err);
        }
    }
}
