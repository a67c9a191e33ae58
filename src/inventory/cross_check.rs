//! EC2's own answer to who names an image, as a cross-check: what only it names is a user too.
//!
//! It names terminated instances as well (DescribeImageReferences, `state-name`: all states unless told), and these are no
//! users. What our own listings found, with whether it is live, is not counted again.

use std::collections::BTreeSet;

use crate::model::{AmiId, Source};

use super::answers::{Answers, ImageReference};
use super::decode::{self, listed};
use super::place::Gaps;
use super::references::{Reference, User, Users};

/// `terminated` are the instances known to be; without that listing every instance counts.
pub(super) fn read(answers: &Answers, terminated: Option<&BTreeSet<String>>, users: &mut Users, gaps: &mut Gaps) {
    let references =
        gaps.asked(Source::ImageReferences, &answers.image_references, |answer| listed(&answer.image_references, "ImageReferences"));
    let mut problems = Vec::new();
    for reference in references.into_iter().flatten() {
        match named(reference) {
            Ok((image, kind, arn)) => {
                let over = kind == "ec2:Instance" && terminated.is_some_and(|terminated| terminated.contains(tail(&arn, "instance/")));
                let known = users.of_images.get(&image).is_some_and(|users| users.iter().any(|user| is(&user.user, &kind, &arn)));
                if !over && !known {
                    users.add(image, Reference::live(&answers.place, User::Referring { kind, arn }));
                }
            }
            Err(problem) => problems.push(problem),
        }
    }
    gaps.all(Source::ImageReferences, problems);
}

fn named(reference: &ImageReference) -> Result<(AmiId, String, String), String> {
    let ImageReference { image_id, resource_type, arn } = reference;
    let arn = decode::required(arn.clone(), "Arn", "an image reference")?;
    let image = decode::required(image_id.clone(), "ImageId", &format!("the reference of {arn}"))?;
    Ok((image.into(), resource_type.clone().unwrap_or_else(|| "of no known type".into()), arn))
}

/// Whether a user that was found is what the reference names.
fn is(user: &User, kind: &str, arn: &str) -> bool {
    match (kind, user) {
        ("ec2:Instance", User::Instance { id, .. }) => tail(arn, "instance/") == id,
        ("ec2:LaunchTemplate", User::LaunchTemplate { id, .. }) => tail(arn, "launch-template/").split(['/', ':']).next() == Some(id),
        // An ARN does not tell `/golden` from `golden`.
        ("ssm:Parameter", User::Parameter { name }) => tail(arn, ":parameter").trim_start_matches('/') == name.trim_start_matches('/'),
        ("imagebuilder:ImageRecipe", User::ImageRecipe { arn: own })
        | ("imagebuilder:ContainerRecipe", User::ContainerRecipe { arn: own }) => own == arn,
        _ => false,
    }
}

/// What follows `mark`, or nothing.
fn tail<'a>(arn: &'a str, mark: &str) -> &'a str {
    arn.split_once(mark).map_or("", |(_, tail)| tail)
}
