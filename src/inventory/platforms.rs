//! Which operating system an image holds, read from its name or description, and when its vendor ends support.
//!
//! Nothing is guessed: a text that names no system of the table, or two of them, says nothing.

use jiff::civil::{Date, date};
use jiff::{Timestamp, tz::TimeZone};

use crate::model::Image;

/// A system and its last day of support that costs nothing extra.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct System {
    pub name: &'static str,
    last_day: Date,
    marks: Marks,
}

/// What names it in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Marks {
    /// These words, one after the other.
    Words(&'static [&'static [&'static str]]),
    /// One of these products, directly followed by this major version; `linux` or `server` between them says nothing.
    Version(&'static [&'static [&'static str]], &'static str),
    /// The same of one product, or the product and the code name anywhere.
    Code(&'static [&'static [&'static str]], &'static str, &'static str),
    /// Ubuntu, and its version or code name anywhere.
    Ubuntu(&'static [&'static str]),
}

/// Words that may stand between a product and its version.
const FILLING: [&str; 3] = ["linux", "server", "enterprise"];

const fn system(name: &'static str, year: i16, month: i8, day: i8, marks: Marks) -> System {
    System { name, last_day: date(year, month, day), marks }
}

use Marks::{Code, Ubuntu, Version, Words};

const CENTOS: &[&[&str]] = &[&["centos"]];
const DEBIAN: &[&[&str]] = &[&["debian"]];
const RED_HAT: &[&[&str]] = &[&["rhel"], &["redhat"], &["red", "hat"]];
const WINDOWS: &[&[&str]] = &[&["windows"]];

const SYSTEMS: [System; 25] = [
    // https://aws.amazon.com/amazon-linux-ami/faqs/
    system("Amazon Linux 1", 2023, 12, 31, Words(&[&["amzn", "ami"]])),
    // https://aws.amazon.com/amazon-linux-2/faqs/
    system("Amazon Linux 2", 2026, 6, 30, Words(&[&["amzn", "2"], &["al", "2"], &["amazonlinux", "2"], &["amazon", "linux", "2"]])),
    // https://docs.aws.amazon.com/linux/al2023/ug/release-cadence.html
    system("Amazon Linux 2023", 2029, 6, 30, Words(&[&["al", "2023"], &["amazonlinux", "2023"], &["amazon", "linux", "2023"]])),
    // https://ubuntu.com/about/release-cycle: standard support, without Ubuntu Pro
    system("Ubuntu 12.04", 2017, 4, 30, Ubuntu(&["12.04", "1204", "precise"])),
    system("Ubuntu 14.04", 2019, 4, 30, Ubuntu(&["14.04", "1404", "trusty"])),
    system("Ubuntu 16.04", 2021, 4, 30, Ubuntu(&["16.04", "1604", "xenial"])),
    system("Ubuntu 18.04", 2023, 5, 31, Ubuntu(&["18.04", "1804", "bionic"])),
    system("Ubuntu 20.04", 2025, 5, 31, Ubuntu(&["20.04", "2004", "focal"])),
    // https://wiki.debian.org/LTS: long term support
    system("Debian 8", 2020, 6, 30, Code(DEBIAN, "8", "jessie")),
    system("Debian 9", 2022, 6, 30, Code(DEBIAN, "9", "stretch")),
    system("Debian 10", 2024, 6, 30, Code(DEBIAN, "10", "buster")),
    system("Debian 11", 2026, 8, 31, Code(DEBIAN, "11", "bullseye")),
    // https://www.centos.org/centos-linux-eol/
    system("CentOS 6", 2020, 11, 30, Version(CENTOS, "6")),
    system("CentOS 7", 2024, 6, 30, Version(CENTOS, "7")),
    system("CentOS 8", 2021, 12, 31, Version(CENTOS, "8")),
    // https://www.centos.org/cl-vs-cs/
    system("CentOS Stream 8", 2024, 5, 31, Words(&[&["centos", "stream", "8"]])),
    // https://access.redhat.com/support/policy/updates/errata: maintenance support, without the extended life cycle add-on
    system("Red Hat Enterprise Linux 5", 2017, 3, 31, Version(RED_HAT, "5")),
    system("Red Hat Enterprise Linux 6", 2020, 11, 30, Version(RED_HAT, "6")),
    system("Red Hat Enterprise Linux 7", 2024, 6, 30, Version(RED_HAT, "7")),
    system("Red Hat Enterprise Linux 8", 2029, 5, 31, Version(RED_HAT, "8")),
    // https://learn.microsoft.com/lifecycle/products/windows-server-2008 (and 2008 R2)
    system("Windows Server 2008", 2020, 1, 14, Version(WINDOWS, "2008")),
    // https://learn.microsoft.com/lifecycle/products/windows-server-2012 (and 2012 R2)
    system("Windows Server 2012", 2023, 10, 10, Version(WINDOWS, "2012")),
    // https://learn.microsoft.com/lifecycle/products/windows-server-2016
    system("Windows Server 2016", 2027, 1, 12, Version(WINDOWS, "2016")),
    // https://learn.microsoft.com/lifecycle/products/windows-server-2019
    system("Windows Server 2019", 2029, 1, 9, Version(WINDOWS, "2019")),
    // https://learn.microsoft.com/lifecycle/products/windows-server-2022
    system("Windows Server 2022", 2031, 10, 14, Version(WINDOWS, "2022")),
];

impl System {
    /// The first moment without support.
    pub fn end_of_life(&self) -> Option<Timestamp> {
        let next = self.last_day.tomorrow().ok()?;
        next.to_zoned(TimeZone::UTC).ok().map(|midnight| midnight.timestamp())
    }

    fn is_named_in(&self, words: &[&str]) -> bool {
        match self.marks {
            Words(alternatives) => after(words, alternatives).next().is_some(),
            Version(products, version) => versioned(words, products, version),
            Code(products, version, code) => {
                versioned(words, products, version) || (after(words, products).next().is_some() && words.contains(&code))
            }
            Ubuntu(versions) => {
                words.contains(&"ubuntu") && words.iter().any(|word| versions.contains(word) || versions.contains(&release(word)))
            }
        }
    }
}

/// What follows each place where one of the `wanted` rows of words stands.
fn after<'a>(words: &'a [&'a str], wanted: &'a [&'a [&'a str]]) -> impl Iterator<Item = &'a [&'a str]> {
    let rests = (0..words.len()).filter_map(|at| words.get(at..));
    rests.flat_map(|rest| wanted.iter().filter_map(|wanted| rest.strip_prefix(*wanted)))
}

fn versioned(words: &[&str], products: &[&[&str]], version: &str) -> bool {
    after(words, products).any(|rest| {
        let next = rest.iter().find(|word| !FILLING.contains(word));
        next.is_some_and(|word| word.split('.').next() == Some(version))
    })
}

/// `18.04` of `18.04.6`.
fn release(word: &str) -> &str {
    word.rsplit_once('.').map_or(word, |(front, _)| front)
}

/// The system that `image` names: in its name, and only if that names none, in its description.
pub fn system_of(image: &Image) -> Option<System> {
    let windows = match image.platform.as_str() {
        "unknown" => None,
        platform => Some(platform.starts_with("Windows")),
    };
    // EC2 knows whether it runs Windows: a text that says otherwise is about something else.
    let fits = |system: &System| windows.is_none_or(|windows| windows == system.name.starts_with("Windows"));
    let in_name = systems_in(&image.name);
    let found = match image.description.as_deref() {
        Some(description) if in_name.is_empty() => systems_in(description),
        _ => in_name,
    };
    match found.as_slice() {
        [only] if fits(only) => Some(*only),
        _ => None,
    }
}

fn systems_in(text: &str) -> Vec<System> {
    let text = text.to_ascii_lowercase();
    let words = words(&text);
    // Ubuntu Pro and the extended life cycle of Red Hat are supported for longer; until when, the name does not tell.
    if ["pro", "esm", "els"].iter().any(|extended| words.contains(extended)) {
        return Vec::new();
    }
    SYSTEMS.into_iter().filter(|system| system.is_named_in(&words)).collect()
}

/// Words and numbers; a point between digits belongs to the number. `amzn2-ami` is `amzn`, `2`, `ami`.
fn words(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut words = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let kind = |at: usize| match bytes.get(at) {
            Some(byte) if byte.is_ascii_digit() => 1,
            Some(b'.') if at > start && digit(at - 1) && digit(at + 1) => 1,
            Some(byte) if byte.is_ascii_alphabetic() => 2,
            _ => 0,
        };
        let first = kind(start);
        let end = (start + 1..bytes.len()).find(|at| kind(*at) != first).unwrap_or(bytes.len());
        if first != 0 {
            words.extend(text.get(start..end));
        }
        start = end;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(name: &str) -> Vec<&'static str> {
        systems_in(name).iter().map(|system| system.name).collect()
    }

    #[test]
    fn the_names_that_vendors_give_are_recognised() {
        for (name, system) in [
            ("amzn-ami-hvm-2018.03.0.20230404.0-x86_64-gp2", "Amazon Linux 1"),
            ("amzn2-ami-hvm-2.0.20240131.0-x86_64-gp2", "Amazon Linux 2"),
            ("al2023-ami-2023.3.20240205.2-kernel-6.1-x86_64", "Amazon Linux 2023"),
            ("Amazon Linux 2 AMI 2.0.20240131.0 x86_64 HVM gp2", "Amazon Linux 2"),
            ("EKS Kubernetes Worker AMI with AmazonLinux2 image, (k8s: 1.24.17)", "Amazon Linux 2"),
            ("ubuntu/images/hvm-ssd/ubuntu-trusty-14.04-amd64-server-20191107", "Ubuntu 14.04"),
            ("ubuntu/images/hvm-ssd/ubuntu-bionic-18.04-arm64-server-20230531", "Ubuntu 18.04"),
            ("debian-jessie-amd64-hvm-2017-01-15-1221-ebs", "Debian 8"),
            ("debian-10-amd64-20240703-1797", "Debian 10"),
            ("CentOS 7.9.2009 x86_64", "CentOS 7"),
            ("CentOS Linux 7 x86_64 HVM EBS ENA 1901_01", "CentOS 7"),
            ("CentOS-7-2111-20220825_1.x86_64-d9a3032a-921c-4c6d-b150-bde168105e42", "CentOS 7"),
            ("CentOS 8.4.2105 x86_64", "CentOS 8"),
            ("CentOS Stream 8 x86_64 20230830", "CentOS Stream 8"),
            ("RHEL-7.9_HVM-20221027-x86_64-0-Hourly2-GP2", "Red Hat Enterprise Linux 7"),
            ("Red Hat Enterprise Linux 6.10 (HVM)", "Red Hat Enterprise Linux 6"),
            ("Windows_Server-2012-R2_RTM-English-64Bit-Base-2023.05.10", "Windows Server 2012"),
            ("Windows_Server-2016-English-Full-Base-2024.01.16", "Windows Server 2016"),
            ("web-centos7-2021-03-01", "CentOS 7"),
        ] {
            assert_eq!(found(name), [system], "{name}");
        }
    }

    #[test]
    fn what_names_no_system_or_one_with_longer_support_says_nothing() {
        for name in [
            "",
            "web-1.4.2",
            "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20240423",
            "ubuntu-pro-server/images/hvm-ssd/ubuntu-bionic-18.04-amd64-pro-server-20230531",
            "CentOS Stream 9 x86_64 20230830",
            "RHEL-SAP-8.2.0_HVM-20211007-x86_64-0-Hourly2-GP2",
            "debian-12-amd64-20240507-1740",
            "golden-2012-r2",
            "suse-sles-15-sp5-v20240129-hvm-ssd-x86_64",
        ] {
            assert_eq!(found(name), [""; 0], "{name}");
        }
    }

    #[test]
    fn every_system_has_an_end() {
        for system in SYSTEMS {
            assert!(system.end_of_life().is_some(), "{}", system.name);
        }
        let first = SYSTEMS[0].end_of_life().unwrap();
        assert_eq!(first.to_string(), "2024-01-01T00:00:00Z");
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in ".*") {
            let _ = found(&text);
        }
    }
}
