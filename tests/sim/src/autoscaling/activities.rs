//! DescribeScalingActivities: the last six weeks, newest first.

use jiff::{SignedDuration, Timestamp};

use crate::api::{Answered, Call, Done};
use crate::error::AwsError;
use crate::paging::{Sizes, page};
use crate::wire::xml::{Xml, millis};
use crate::world::activity::Activity;
use crate::world::{Place, World};

use super::arn;
use super::groups::SIZES as GROUPS;

/// "The default value is 100 and the maximum value is 100."
const SIZES: Sizes = Sizes { default: Some(100), ..GROUPS };
/// "Only activities started within the last six weeks can be returned."
const TOLD: SignedDuration = SignedDuration::from_hours(24 * 42);

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::client("ValidationError", message)
}

/// What a call asks for.
#[derive(Debug)]
struct Wanted {
    ids: Vec<String>,
    group: Option<String>,
    deleted_groups: bool,
    from: Timestamp,
    until: Option<Timestamp>,
    states: Vec<String>,
}

impl Wanted {
    fn of(call: &Call, now: Timestamp) -> Result<Self, AwsError> {
        let params = &call.params;
        let mut wanted = Self {
            ids: params.list("ActivityIds.member").into_iter().map(str::to_owned).collect(),
            group: params.get("AutoScalingGroupName").map(str::to_owned),
            deleted_groups: params.get("IncludeDeletedGroups") == Some("true"),
            from: now - TOLD,
            until: None,
            states: Vec::new(),
        };
        if wanted.ids.len() > 50 {
            return Err(invalid("The number of activity IDs exceeds the limit of 50"));
        }
        for filter in params.groups("Filters.member") {
            let values = filter.list("Values.member");
            let time = || values.first().and_then(|value| value.parse::<Timestamp>().ok()).ok_or_else(|| invalid("The time is not valid"));
            match filter.required("Name")? {
                "StartTimeLowerBound" => wanted.from = wanted.from.max(time()?),
                "StartTimeUpperBound" => wanted.until = Some(time()?),
                // "This filter can only be used in combination with the AutoScalingGroupName parameter."
                "Status" if wanted.group.is_some() => wanted.states = values.into_iter().map(str::to_owned).collect(),
                "Status" => return Err(invalid("The Status filter needs an AutoScalingGroupName")),
                other => return Err(invalid(format!("Filter name {other} is not valid"))),
            }
        }
        Ok(wanted)
    }

    fn meets(&self, place: &Place, activity: &Activity) -> bool {
        (self.ids.is_empty() || self.ids.contains(&activity.id))
            && self.group.as_ref().is_none_or(|group| *group == activity.group)
            && (self.deleted_groups || place.groups.contains_key(&activity.group))
            && self.from <= activity.started
            && self.until.is_none_or(|until| activity.started <= until)
            && (self.states.is_empty() || self.states.contains(&activity.status))
    }
}

pub(crate) fn describe(world: &mut World, call: &Call) -> Answered {
    let wanted = Wanted::of(call, world.now())?;
    let empty = Place::default();
    let place = world.place(call.account(), &call.region).unwrap_or(&empty);
    if let Some(group) = wanted.group.as_ref().filter(|group| !wanted.deleted_groups && !place.groups.contains_key(*group)) {
        return Err(not_found(group));
    }
    let found = place.activities.iter().filter(|activity| wanted.meets(place, activity));
    // Newest first; two of the same moment by their ids.
    let key = |activity: &Activity| format!("{:020} {}", i64::MAX - activity.started.as_millisecond(), activity.id);
    let found = found.map(|activity| (key(activity), activity)).collect();
    let partition = world.partition(call.account());
    let page = page(world, call, SIZES, found)?;
    let mut xml = Xml::default();
    xml.members("Activities", page.items, |xml, activity| {
        let deleted = !place.groups.contains_key(&activity.group);
        write(xml, activity, deleted, &arn(partition, call, "autoScalingGroup", "autoScalingGroupName", &activity.group));
    });
    xml.maybe("NextToken", page.next);
    Ok(Done::read(xml.into_string()))
}

pub(super) fn not_found(group: &str) -> AwsError {
    invalid(format!("AutoScalingGroup name not found - AutoScalingGroup '{group}' not found"))
}

fn write(xml: &mut Xml, activity: &Activity, deleted: bool, arn: &str) {
    let Activity { id, group, description, cause, started, ended, status, message, zone } = activity;
    xml.text("ActivityId", id);
    xml.text("AutoScalingGroupName", group);
    xml.text("Description", description);
    xml.text("Cause", cause);
    xml.time("StartTime", *started);
    xml.maybe("EndTime", ended.map(millis));
    xml.text("StatusCode", status);
    xml.maybe("StatusMessage", message.as_deref());
    xml.text("Progress", if ended.is_some() { 100 } else { 50 });
    xml.text("Details", serde_json::json!({ "Availability Zone": zone }));
    xml.maybe("AutoScalingGroupState", deleted.then_some("Deleted"));
    xml.text("AutoScalingGroupARN", arn);
}
