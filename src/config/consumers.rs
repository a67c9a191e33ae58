//! `[[consumers]]`: what finds its image by name or tags, such as Terraform's `most_recent` or a Karpenter node class. Nothing in
//! AWS names it, so it is declared here.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use crate::model::{AccountId, Image, Region};

use super::values;

/// The owner aliases that EC2 knows (EC2 API reference, "Image", `imageOwnerAlias`).
const ALIASES: [&str; 3] = ["amazon", "aws-marketplace", "aws-backup-vault"];

/// One consumer and how it chooses.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Consumer {
    /// What people call it. No two have the same.
    pub name: String,
    /// What it is, in its users' words: `terraform`, `karpenter`, `cloudformation`.
    pub kind: String,
    /// Whose images it looks among; everybody's when there are none.
    pub owners: Vec<Owner>,
    pub name_pattern: Option<Pattern>,
    /// Tags that an image must have, with what their values must look like.
    pub tags: BTreeMap<String, Pattern>,
    pub architecture: Option<String>,
    /// Where it looks; everywhere when `None`.
    pub regions: Option<Vec<Region>>,
    pub pick: Pick,
    /// The account it looks from; any of ours when `None`.
    pub account: Option<AccountId>,
}

/// How many of the images that it finds it uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    All,
    /// The newest by creation, as many as this.
    Newest(usize),
}

/// The owner of an image, as DescribeImages takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// `self`: the account that looks.
    Itself,
    Alias(String),
    Account(AccountId),
}

/// A value of an EC2 filter: `*` is any text, `?` any one character, a backslash takes the next as it is. Case counts (EC2 user
/// guide, "Filtering").
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Pattern(String);

/// As it stands in the file. One that restricts nothing but the owner would be every image there is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    name: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    owners: Vec<Owner>,
    name_pattern: Option<Pattern>,
    #[serde(default)]
    tags: BTreeMap<String, Pattern>,
    architecture: Option<String>,
    #[serde(default, deserialize_with = "values::regions")]
    regions: Option<Vec<Region>>,
    #[serde(default)]
    pick: Pick,
    #[serde(default, deserialize_with = "values::account_or_any")]
    account: Option<AccountId>,
}

impl TryFrom<Written> for Consumer {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { name, kind, owners, name_pattern, tags, architecture, regions, pick, account } = written;
        if name.trim().is_empty() {
            return Err("a consumer has no `name`: write what people call it".into());
        }
        if name_pattern.is_none() && tags.is_empty() {
            return Err(format!(
                "consumer `{}` has neither `name_pattern` nor `tags`: write how it finds its image, such as `name_pattern = \"web-*\"`",
                name.escape_default()
            ));
        }
        Ok(Self { name, kind, owners, name_pattern, tags, architecture, regions, pick, account })
    }
}

impl Consumer {
    /// Whether it looks in `region`.
    pub fn looks_in(&self, region: &Region) -> bool {
        self.regions.as_ref().is_none_or(|regions| regions.contains(region))
    }

    /// Whether name, tags and architecture are what it looks for, whoever owns the image and whatever its state.
    pub fn describes(&self, image: &Image) -> bool {
        let named = self.name_pattern.as_ref().is_none_or(|pattern| pattern.fits(&image.name));
        let built = self.architecture.as_ref().is_none_or(|architecture| *architecture == image.architecture);
        named && built && self.tags.iter().all(|(key, pattern)| image.tags.get(key).is_some_and(|value| pattern.fits(value)))
    }

    /// The same, where an image whose name nobody told may have any.
    pub fn may_describe(&self, image: &Image) -> bool {
        match image.name.is_empty() {
            true => Self { name_pattern: None, ..self.clone() }.describes(image),
            false => self.describes(image),
        }
    }

    /// Whether it looks among the images of `image`'s owner when it runs in `account`.
    pub fn looks_among(&self, image: &Image, account: &AccountId) -> bool {
        let owns = |owner: &Owner| match owner {
            Owner::Itself => image.owner == *account,
            Owner::Alias(alias) => image.owner_alias.as_ref() == Some(alias),
            Owner::Account(owner) => image.owner == *owner,
        };
        self.owners.is_empty() || self.owners.iter().any(owns)
    }
}

impl Owner {
    pub(super) fn named(text: &str) -> Option<Self> {
        let account = AccountId::from(text);
        match text {
            "self" => Some(Self::Itself),
            alias if ALIASES.contains(&alias) => Some(Self::Alias(text.to_owned())),
            _ => account.is_well_formed().then_some(Self::Account(account)),
        }
    }
}

impl Pick {
    /// How many it uses.
    pub fn count(self) -> usize {
        match self {
            Self::All => usize::MAX,
            Self::Newest(count) => count,
        }
    }
}

impl Default for Pick {
    /// As `most_recent = true`.
    fn default() -> Self {
        Self::Newest(1)
    }
}

impl Pattern {
    /// Whether `text` is what it stands for.
    pub fn fits(&self, text: &str) -> bool {
        let pattern = self.signs();
        let text: Vec<char> = text.chars().collect();
        let (mut at, mut sign) = (0, 0);
        // Where the last `*` stands, and how far it has reached.
        let mut star: Option<(usize, usize)> = None;
        while at < text.len() {
            match pattern.get(sign) {
                Some(Sign::Any) => {
                    star = Some((sign, at));
                    sign += 1;
                }
                Some(wanted) if wanted.is(text.get(at)) => {
                    at += 1;
                    sign += 1;
                }
                _ => match &mut star {
                    Some((before, reached)) => {
                        *reached += 1;
                        at = *reached;
                        sign = *before + 1;
                    }
                    None => return false,
                },
            }
        }
        pattern.iter().skip(sign).all(|sign| *sign == Sign::Any)
    }

    fn signs(&self) -> Vec<Sign> {
        let mut letters = self.0.chars();
        let mut signs = Vec::with_capacity(self.0.len());
        while let Some(letter) = letters.next() {
            signs.push(match letter {
                '*' => Sign::Any,
                '?' => Sign::One,
                '\\' => Sign::Letter(letters.next().unwrap_or('\\')),
                letter => Sign::Letter(letter),
            });
        }
        signs
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Any,
    One,
    Letter(char),
}

impl Sign {
    fn is(self, letter: Option<&char>) -> bool {
        match self {
            Self::Any => false,
            Self::One => letter.is_some(),
            Self::Letter(wanted) => letter == Some(&wanted),
        }
    }
}

impl<'de> Deserialize<'de> for Owner {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::named(&text).ok_or_else(|| D::Error::custom(nobody(&text, "`self`, ")))
    }
}

/// What is said of an owner that is none.
pub(super) fn nobody(text: &str, itself: &str) -> String {
    format!(
        "`{}` is no owner of images: write {itself}`amazon`, `aws-marketplace`, `aws-backup-vault` or twelve digits in quotes",
        text.escape_default()
    )
}

impl<'de> Deserialize<'de> for Pick {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let counted = text.strip_prefix("newest-").and_then(|count| count.parse().ok()).filter(|count| *count > 0);
        match (text.as_str(), counted) {
            ("all", _) => Ok(Self::All),
            ("newest", _) => Ok(Self::Newest(1)),
            (_, Some(count)) => Ok(Self::Newest(count)),
            _ => Err(D::Error::custom(format!("`{}` picks nothing: write `newest`, `newest-3` or `all`", text.escape_default()))),
        }
    }
}

/// All consumers; a plan names them, so no two may have one name.
pub(super) fn each_once<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Consumer>, D::Error> {
    let consumers = Vec::<Consumer>::deserialize(deserializer)?;
    for (index, consumer) in consumers.iter().enumerate() {
        if consumers.iter().take(index).any(|other| other.name == consumer.name) {
            return Err(D::Error::custom(format!("two consumers are called `{}`: give one another name", consumer.name.escape_default())));
        }
    }
    Ok(consumers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fits(pattern: &str, text: &str) -> bool {
        Pattern(pattern.into()).fits(text)
    }

    #[test]
    fn patterns_are_those_of_ec2_filters() {
        for (pattern, text) in [
            ("*", ""),
            ("*", "anything"),
            ("web-*", "web-1"),
            ("web-*", "web-"),
            ("*-x86_64", "web-1-x86_64"),
            ("w?b-*-*", "web-1-2"),
            ("a*b*c", "aXbYbZc"),
            ("a\\*b", "a*b"),
            ("[a]", "[a]"),
        ] {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("web-*", "Web-1"), ("web", "web-1"), ("?", ""), ("a\\*b", "aXb"), ("a*b*c", "aXbY"), ("", "a")] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }

    proptest! {
        #[test]
        fn a_text_fits_itself_and_itself_with_anything_for_a_star(front in "[a-z*?\\\\]{0,6}", middle in ".{0,6}", back in "[a-z*?\\\\]{0,6}") {
            let literal = |text: &str| text.chars().map(|letter| format!("\\{letter}")).collect::<String>();
            let whole = format!("{front}{middle}{back}");
            prop_assert!(fits(&literal(&whole), &whole));
            let starred = format!("{}*{}", literal(&front), literal(&back));
            prop_assert!(fits(&starred, &whole));
        }
    }
}
