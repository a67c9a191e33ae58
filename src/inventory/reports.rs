//! Image usage reports: what EC2 itself counts in other accounts.
//!
//! The owner of an image may have EC2 look into every account that uses it, even those nobody here can enter
//! (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/your-ec2-ami-usage.html>). A report is a picture of the moment it was
//! made, of the accounts and resource types that were asked for. Whatever it names is used; that nothing else is proves only
//! one that looked at all of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::{AccountId, AmiId, Place, Source};

use super::answers::{Answers, ImageUsageReport, ImageUsageResourceType};
use super::decode::{listed, required, time};
use super::membership::REMEMBERED;
use super::place::Gaps;
use super::references::{Reference, User};

/// What can launch an image in another account, as the report calls it.
const WHOLE: [&str; 2] = ["ec2:Instance", "ec2:LaunchTemplate"];

/// All versions a launch template can have. By default a report looks at the newest 20 of each, and the default version may
/// be older (`CreateImageUsageReport`, `version-depth`).
const EVERY_VERSION: i64 = 10_000;

/// One report about one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageReport {
    pub image: AmiId,
    pub made_at: Timestamp,
    /// Whether it is finished and covers everything a report can: then whom it does not name uses nothing.
    pub whole: bool,
    /// What it counts, per account and type.
    pub users: Vec<Reference>,
}

impl UsageReport {
    /// Whether it tells of everybody, and is as fresh as any other account's reading must be.
    pub fn is_proof(&self, now: Timestamp) -> bool {
        self.whole && self.made_at <= now && self.is_recent(now)
    }

    /// Whether what it names counts. A clock that is ahead of ours makes no use undone.
    pub fn is_recent(&self, now: Timestamp) -> bool {
        now.duration_since(self.made_at) < REMEMBERED
    }
}

/// The command that has EC2 make a report that counts here: of all accounts, and of everything it can look at.
pub(super) fn create_report(place: &Place, image: &AmiId) -> String {
    let (region, image) = (&place.region, image.as_str().escape_default());
    format!(
        "aws ec2 create-image-usage-report --region {region} --image-id {image} --resource-types ResourceType=ec2:Instance \
         'ResourceType=ec2:LaunchTemplate,ResourceTypeOptions=[{{OptionName=version-depth,OptionValues={EVERY_VERSION}}}]'"
    )
}

/// The reports among the answers. A report that cannot be read is a gap, and none.
pub(super) fn usage_reports(answers: &Answers, gaps: &mut Gaps) -> Vec<UsageReport> {
    let heads = gaps.asked(Source::UsageReports, &answers.usage_reports, |answer| {
        let reports = listed(&answer.image_usage_reports, "ImageUsageReports")?;
        reports.into_iter().map(head).collect::<Result<Vec<_>, _>>()
    });
    let counted = gaps.asked(Source::UsageReportEntries, &answers.usage_report_entries, |answer| {
        let mut counted: BTreeMap<String, Vec<Reference>> = BTreeMap::new();
        for entry in listed(&answer.image_usage_report_entries, "ImageUsageReportEntries")? {
            let report = required(entry.report_id.clone(), "ReportId", "a usage report entry")?;
            let account = required(entry.account_id.clone(), "AccountId", &format!("an entry of report {report}"))?;
            let kind = required(entry.resource_type.clone(), "ResourceType", &format!("an entry of report {report}"))?;
            let count = entry.usage_count.ok_or_else(|| format!("an entry of report {report} has no UsageCount"))?;
            if count != 0 {
                counted.entry(report).or_default().push(user(&answers.place, account.into(), &kind, count));
            }
        }
        Ok(counted)
    });
    let (Some(heads), Some(counted)) = (heads, counted) else { return Vec::new() };
    heads.into_iter().map(|(id, report)| UsageReport { users: counted.get(&id).cloned().unwrap_or_default(), ..report }).collect()
}

/// A report's id and what it says of itself. One that was listed before it was finished may have entries a moment later.
fn head(report: &ImageUsageReport) -> Result<(String, UsageReport), String> {
    let id = required(report.report_id.clone(), "ReportId", "a usage report")?;
    let image = required(report.image_id.clone(), "ImageId", &format!("report {id}"))?;
    let made_at = time(&required(report.creation_time.clone(), "CreationTime", &format!("report {id}"))?, "CreationTime", &id)?;
    let kinds = listed(&report.resource_types, "ResourceTypes").map_err(|error| format!("report {id}: {error}"))?;
    let covered: BTreeSet<&str> = kinds.iter().filter(|kind| is_whole(kind)).filter_map(|kind| kind.resource_type.as_deref()).collect();
    // "To include all accounts, omit this parameter" (CreateImageUsageReport).
    let all_accounts = report.account_ids.as_ref().is_none_or(Vec::is_empty);
    let finished = report.state.as_deref() == Some("available");
    let whole = finished && all_accounts && WHOLE.iter().all(|kind| covered.contains(kind));
    Ok((id, UsageReport { image: image.into(), made_at, whole, users: Vec::new() }))
}

/// Whether it looked at all there is of this type.
fn is_whole(kind: &ImageUsageResourceType) -> bool {
    if kind.resource_type.as_deref() != Some("ec2:LaunchTemplate") {
        return true;
    }
    let options = kind.resource_type_options.iter().flatten().flatten();
    let mut depths = options.filter(|option| option.option_name.as_deref() == Some("version-depth"));
    depths
        .any(|option| option.option_values.iter().flatten().flatten().any(|depth| depth.parse::<i64>().is_ok_and(|it| it >= EVERY_VERSION)))
}

/// What a report counts in one account. All of it is taken as live: it does not tell which versions anything names.
fn user(place: &Place, account: AccountId, kind: &str, count: i64) -> Reference {
    let there = Place { account: account.clone(), region: place.region.clone() };
    Reference::live(&there, User::Reported { account, kind: kind.to_owned(), count })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Inventory;
    use crate::model::Hides;
    use jiff::SignedDuration;
    use serde_json::{Value, json};

    fn now() -> Timestamp {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    fn report() -> Value {
        json!({
            "ImageId": "ami-1", "ReportId": "amiur-1", "State": "available", "CreationTime": "2026-11-20T06:00:00.000Z",
            "ResourceTypes": [
                {"ResourceType": "ec2:Instance"},
                {"ResourceType": "ec2:LaunchTemplate", "ResourceTypeOptions": [{"OptionName": "version-depth", "OptionValues": ["10000"]}]},
            ],
        })
    }

    fn read(report: Value, entries: Value) -> Inventory {
        let mut answers = Answers::unread(Place::new("111111111111", "us-east-1"), "not asked");
        answers.usage_reports = Some(serde_json::from_value(json!({ "ImageUsageReports": [report] })).map_err(|error| error.to_string()));
        answers.usage_report_entries =
            Some(serde_json::from_value(json!({ "ImageUsageReportEntries": entries })).map_err(|error| error.to_string()));
        Inventory::from_answers(answers)
    }

    fn entry(kind: &str, count: i64) -> Value {
        json!({"ReportId": "amiur-1", "AccountId": "999999999999", "ResourceType": kind, "UsageCount": count})
    }

    #[test]
    fn a_whole_report_names_accounts_and_counts() {
        let inventory = read(report(), json!([entry("ec2:Instance", 3), entry("ec2:LaunchTemplate", 0)]));
        let [report] = inventory.usage_reports.as_slice() else { panic!("{:?}", inventory.gaps) };
        assert!(report.is_proof(now()));
        assert_eq!(
            report.users.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["usage report of 3 ec2:Instance in account 999999999999"]
        );
        assert_eq!(report.users[0].place, Place::new("999999999999", "us-east-1"));
        let hours = |hours: i64| now().checked_add(SignedDuration::from_hours(hours)).unwrap();
        let proof = |hour: i64| report.is_proof(hours(hour));
        assert!(proof(17) && !proof(18) && !proof(-7), "18 hours later it is a day old");
        assert!(report.is_recent(hours(-7)) && !report.is_recent(hours(18)), "who uses it does so whatever the clock");
    }

    #[test]
    fn anything_less_than_everything_is_no_proof() {
        let depth = |depth: &str| {
            json!([{"ResourceType": "ec2:Instance"}, {"ResourceType": "ec2:LaunchTemplate",
                "ResourceTypeOptions": [{"OptionName": "version-depth", "OptionValues": [depth]}]}])
        };
        let less: [(&str, Value); 8] = [
            ("State", json!("pending")),
            ("State", json!("error")),
            ("State", Value::Null),
            ("AccountIds", json!(["999999999999"])),
            ("ResourceTypes", json!([{"ResourceType": "ec2:Instance"}])),
            ("ResourceTypes", json!([{"ResourceType": "ec2:Instance"}, {"ResourceType": "ec2:LaunchTemplate"}])),
            ("ResourceTypes", depth("20")),
            ("ResourceTypes", json!([])),
        ];
        for (field, value) in less {
            let mut report = report();
            report[field] = value.clone();
            let inventory = read(report, json!([entry("ec2:Instance", 1)]));
            let [report] = inventory.usage_reports.as_slice() else { panic!("{field} {value}: {:?}", inventory.gaps) };
            assert!(!report.is_proof(now()) && report.is_recent(now()) && report.users.len() == 1, "{field} {value}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_a_gap_of_reports_and_freezes_nothing() {
        for (field, source) in
            [("ReportId", Source::UsageReports), ("CreationTime", Source::UsageReports), ("ResourceTypes", Source::UsageReports)]
        {
            let mut report = report();
            report[field] = Value::Null;
            let inventory = read(report, json!([]));
            assert!(inventory.usage_reports.is_empty() && inventory.gaps.iter().any(|gap| gap.source == source), "{field}");
            assert_eq!(source.hides(), Hides::Nothing);
        }
        for field in ["ReportId", "AccountId", "ResourceType", "UsageCount"] {
            let mut entry = entry("ec2:Instance", 1);
            entry[field] = Value::Null;
            let inventory = read(report(), json!([entry]));
            assert!(inventory.usage_reports.is_empty(), "{field}");
            assert!(inventory.gaps.iter().any(|gap| gap.source == Source::UsageReportEntries), "{field}");
        }
    }
}
