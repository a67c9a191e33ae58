//! What runs here: instances and Auto Scaling groups, in as little memory as the facts about them need.
//!
//! Only findings rest on it, never a step. Who *uses* an image is told by `references`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{AmiId, GroupName, Image, InstanceId, Source};

use super::answers::{self, Answer, Answers, DescribeImages, List};
use super::decode::{self, listed, members};
use super::place::Gaps;

/// The tag that Auto Scaling puts on the instances of a group (Auto Scaling user guide, "Tag Auto Scaling groups and instances").
const GROUP_TAG: &str = "aws:autoscaling:groupName";

/// Instances and groups of a place; `None` where their listing failed.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    pub instances: Option<Vec<Instance>>,
    pub groups: Option<Vec<Group>>,
    pub images: OthersImages,
}

/// An instance that is not terminated.
#[derive(Clone, Debug)]
pub struct Instance {
    pub id: InstanceId,
    pub image: AmiId,
    pub state: Arc<str>,
    pub launched_at: Option<Timestamp>,
    pub tags: TagSet,
}

impl Instance {
    /// The group it says it belongs to.
    pub fn group(&self) -> Option<&str> {
        self.tags.get(GROUP_TAG)
    }
}

/// An Auto Scaling group. The images it launches are among the users of images.
#[derive(Clone, Debug)]
pub struct Group {
    pub name: GroupName,
    /// How many instances it wants.
    pub desired: Option<i64>,
    pub tags: TagSet,
}

/// Images of other owners that something here runs.
#[derive(Clone, Debug, Default)]
pub struct OthersImages {
    pub seen: HashMap<AmiId, Image>,
    /// Whether all of them answered: then one that is not here cannot be seen from this account.
    pub complete: bool,
}

/// Tags of something that runs, sorted by key. What a fleet has in common is kept once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TagSet(Arc<[(Arc<str>, Arc<str>)]>);

impl TagSet {
    /// The value of a tag.
    pub fn get(&self, key: &str) -> Option<&str> {
        let at = self.0.binary_search_by(|(have, _)| (**have).cmp(key)).ok()?;
        self.0.get(at).map(|(_, value)| &**value)
    }

    /// All tags.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (&**key, &**value))
    }
}

impl Runs {
    /// Reads what runs. The listings' own failures are noted by those who look for users in them.
    pub(super) fn read(answers: &Answers, gaps: &mut Gaps) -> Self {
        let mut kept = Kept::default();
        let instances = answers.instances.as_ref().ok().and_then(|answer| instances(answer, &mut kept).ok());
        let groups = answers.auto_scaling_groups.as_ref().ok().and_then(|answer| groups(answer, &mut kept).ok());
        Self { instances, groups, images: OthersImages::read(answers.images_in_use.as_ref(), gaps) }
    }
}

fn instances(answer: &answers::DescribeInstances, kept: &mut Kept) -> Result<Vec<Instance>, String> {
    let mut found = Vec::new();
    for reservation in listed(&answer.reservations, "Reservations")? {
        for instance in listed(&reservation.instances, "Instances")? {
            let state = instance.state.as_ref().and_then(|state| state.name.as_deref()).unwrap_or("unknown");
            if state == "terminated" {
                continue;
            }
            let id = decode::required(instance.instance_id.clone(), "InstanceId", "an instance")?;
            let image = decode::required(instance.image_id.clone(), "ImageId", &id)?;
            found.push(Instance {
                image: kept.text(&image).into(),
                state: kept.text(state),
                // It only describes: one that is no date is not known.
                launched_at: instance.launch_time.as_deref().and_then(|at| at.parse().ok()),
                tags: kept.tags(&instance.tags),
                id: id.into(),
            });
        }
    }
    // Pages that shift while they are read can name one twice.
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found.dedup_by(|a, b| a.id == b.id);
    Ok(found)
}

fn groups(answer: &answers::DescribeAutoScalingGroups, kept: &mut Kept) -> Result<Vec<Group>, String> {
    let mut found = Vec::new();
    for group in listed(&answer.auto_scaling_groups, "AutoScalingGroups")? {
        let name = decode::required(group.auto_scaling_group_name.clone(), "AutoScalingGroupName", "an Auto Scaling group")?;
        found.push(Group { name: name.into(), desired: group.desired_capacity, tags: kept.tags(&group.tags) });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found.dedup_by(|a, b| a.name == b.name);
    Ok(found)
}

impl OthersImages {
    /// An image that cannot be read leaves the others as they are, and makes nothing of those that are missing.
    fn read(answer: Option<&Answer<DescribeImages>>, gaps: &mut Gaps) -> Self {
        let Some(answer) = answer else { return Self::default() };
        let listed = gaps.learn(Source::ImagesInUse, answer.clone(), |answer| members(answer.images, "Images"));
        let Some(listed) = listed else { return Self::default() };
        let mut images = Self { complete: true, ..Self::default() };
        for image in listed {
            match decode::image(image, false) {
                Ok(image) => drop(images.seen.insert(image.id.clone(), image)),
                Err(error) => {
                    images.complete = false;
                    gaps.note(Source::ImagesInUse, error);
                }
            }
        }
        images
    }
}

/// Texts and sets of tags that were seen already, so that a fleet of a thousand keeps one of each.
#[derive(Default)]
struct Kept {
    texts: HashSet<Arc<str>>,
    sets: HashSet<TagSet>,
}

impl Kept {
    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(kept) = self.texts.get(text) {
            return kept.clone();
        }
        let kept: Arc<str> = text.into();
        self.texts.insert(kept.clone());
        kept
    }

    /// A tag without a key says nothing; a key that stands twice counts with its last value.
    fn tags(&mut self, list: &List<answers::Tag>) -> TagSet {
        let mut tags: Vec<(Arc<str>, Arc<str>)> = Vec::new();
        for tag in list.iter().flatten().flatten() {
            let Some(key) = &tag.key else { continue };
            let value = self.text(tag.value.as_deref().unwrap_or_default());
            tags.push((self.text(key), value));
        }
        tags.reverse();
        tags.sort_by(|(a, _), (b, _)| a.cmp(b));
        tags.dedup_by(|(a, _), (b, _)| a == b);
        let tags = TagSet(tags.into());
        if let Some(kept) = self.sets.get(&tags) {
            return kept.clone();
        }
        self.sets.insert(tags.clone());
        tags
    }
}
