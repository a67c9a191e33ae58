//! What must hold across accounts: whatever is not known of one of them adds no step in any.

use ami_warden::inventory::answers::{self, *};
use ami_warden::model::{Gap, Grantee};
use ami_warden::plan::Objection;
use jiff::Timestamp;

use super::*;
use crate::estates::{ACCOUNTS, REGIONS, STRANGER};

/// Two governed accounts in one organization. `lost` could not be entered.
fn governed(answers: &[Answers], config: &Config, lost: Option<&str>) -> Estate {
    let mut estate = Estate::new(config);
    for answers in answers.iter().filter(|answers| Some(answers.place.account.as_str()) != lost) {
        estate.add(Inventory::settled(answers.clone(), &config.sources, now()));
    }
    if let Some(account) = lost {
        estate.gaps.push(Gap::in_place(&Place::new(account, "*"), Source::AssumeRole, "AccessDenied: a test"));
    }
    let organization = &mut estate.organization;
    organization.id = Some("o-exampleorg1".into());
    organization.learnt = true;
    for account in ACCOUNTS {
        organization.governed.insert(account.into());
        organization.members.insert(account.into(), vec!["o-exampleorg1".into(), "r-abcd".into()]);
    }
    estate
}

/// The plan, with everything newly due approved, and what the audit says to it.
fn later_plan(estate: &Estate, history: &History, config: &Config, policies: &PolicySet, at: Timestamp) -> (Plan, Vec<Objection>) {
    let joined = Joined::new(estate, history, config, at);
    let due = make(&joined, policies, Principal::Automatic, &BTreeSet::new());
    let approved = due.held.iter().map(Entry::triple).collect();
    let plan = make(&joined, policies, Principal::Automatic, &approved);
    let objections = audit(&plan, estate, history, config);
    (plan, objections)
}

/// What is seen of the second account in a complete cycle is what decides later, when it cannot be read.
#[test]
fn the_estates_reach_steps_that_rest_on_another_account() {
    let mut runner = TestRunner::deterministic();
    let (mut known, mut remembered, mut forgotten) = (0, 0, 0);
    for _ in 0..100 {
        let answers = estate().new_tree(&mut runner).unwrap().current();
        let config = boundless();
        let mut history = History::default();
        let whole = governed(&answers, &config, None);
        history.observe(&Joined::new(&whole, &History::default(), &config, now()));
        let lost = governed(&answers, &config, Some(ACCOUNTS[1]));
        let shared = |plan: &Plan| {
            let shares = |step: &&Entry| {
                let permissions =
                    whole.places[&step.place].launch_permissions.iter().find(|(id, _)| id.as_str() == step.resource.to_string());
                let outside = |grantee: &Grantee| !matches!(grantee, Grantee::Account(account) if *account == step.place.account);
                permissions.is_some_and(|(_, permissions)| permissions.0.iter().any(outside))
            };
            let gone = |step: &&Entry| step.action.class() == ActionClass::Destructive && step.place.account.as_str() == ACCOUNTS[0];
            plan.steps.iter().filter(gone).filter(shares).count()
        };
        let at = |hours: i64| now().checked_add(SignedDuration::from_hours(hours)).unwrap();
        known += shared(&later_plan(&whole, &history, &config, &EAGER, at(1)).0);
        remembered += shared(&later_plan(&lost, &history, &config, &EAGER, at(1)).0);
        forgotten += shared(&later_plan(&lost, &history, &config, &EAGER, at(30)).0);
    }
    assert!(known > 0 && remembered > 0, "no shared image is ever retired: {known} {remembered}");
    assert_eq!(forgotten, 0, "a day later nobody knows any more");
}

/// Lets the second account use what the first one has in the same Region: its images, and its snapshots in an image.
fn across(answers: &mut [Answers], uses: &[(usize, usize, UserSeed)]) {
    for (number, (region, slot, user)) in uses.iter().enumerate() {
        let Some(there) = answers.get_mut(region + REGIONS.len()) else { continue };
        let ami = format!("ami-{region:02}{slot:02}");
        add_user(there, &format!("across{number}"), &ami, *user);
        if *slot < 2 {
            let ebs = EbsBlockDevice { snapshot_id: Some(format!("snap-{region:02}{slot:02}")), ..EbsBlockDevice::default() };
            let image = answers::Image {
                image_id: Some(format!("ami-across{number}")),
                owner_id: Some(there.place.account.to_string()),
                state: Some("available".into()),
                creation_date: Some(days_ago(1)),
                public: Some(false),
                root_device_type: Some("ebs".into()),
                block_device_mappings: Some(vec![Some(BlockDevice { ebs: Some(ebs), ..BlockDevice::default() })]),
                ..answers::Image::default()
            };
            push(&mut there.images, |answer| &mut answer.images, image);
        }
    }
}

/// EC2's report of who uses the images of a place elsewhere.
#[derive(Clone, Copy, Debug)]
struct Reported {
    hours_ago: i64,
    /// Somebody uses the first so many of them.
    users: usize,
    /// How many versions of each launch template it looked at.
    depth: u16,
}

fn reported() -> impl Strategy<Value = Reported> {
    let depth = prop_oneof![3 => Just(10_000), 1 => Just(20)];
    (0i64..30, 0usize..3, depth).prop_map(|(hours_ago, users, depth)| Reported { hours_ago, users, depth })
}

/// Has EC2 report on every image of a place.
fn report(answers: &mut Answers, all: &[Reported]) {
    let images = answers.images.as_ref().unwrap().images.iter().flatten().flatten();
    let ids: Vec<String> = images.filter_map(|image| image.image_id.clone()).collect();
    let (mut reports, mut entries) = (Vec::new(), Vec::new());
    for (number, Reported { hours_ago, users, depth }) in all.iter().enumerate() {
        let depth = ImageUsageOption { option_name: Some("version-depth".into()), option_values: Some(vec![Some(depth.to_string())]) };
        let kind = |name: &str| ImageUsageResourceType {
            resource_type: Some(name.into()),
            resource_type_options: Some(vec![Some(depth.clone())]),
        };
        let name = |id: &String| Some(format!("report-{number}-{id}"));
        reports.extend(ids.iter().map(|id| {
            Some(ImageUsageReport {
                image_id: Some(id.clone()),
                report_id: name(id),
                resource_types: Some(vec![Some(kind("ec2:Instance")), Some(kind("ec2:LaunchTemplate"))]),
                state: Some("available".into()),
                creation_time: Some(now().checked_sub(SignedDuration::from_hours(*hours_ago)).unwrap().to_string()),
                ..ImageUsageReport::default()
            })
        }));
        entries.extend(ids.iter().take(*users).map(|id| {
            Some(ImageUsageReportEntry {
                report_id: name(id),
                account_id: Some(STRANGER.into()),
                resource_type: Some("ec2:Instance".into()),
                usage_count: Some(1),
                ..ImageUsageReportEntry::default()
            })
        }));
    }
    answers.usage_reports = Some(Ok(DescribeImageUsageReports { image_usage_reports: Some(reports) }));
    answers.usage_report_entries = Some(Ok(DescribeImageUsageReportEntries { image_usage_report_entries: Some(entries) }));
}

#[test]
fn the_audit_catches_a_planner_that_overlooks_what_a_narrow_report_names() {
    let mut runner = TestRunner::deterministic();
    let (config, history) = (boundless(), History::default());
    let mut caught = 0;
    for _ in 0..100 {
        let answers = estate().new_tree(&mut runner).unwrap().current();
        let whole = Reported { hours_ago: 2, users: 0, depth: 10_000 };
        let narrow = Reported { hours_ago: 1, users: 7, depth: 20 };
        let [without, with] = [vec![whole], vec![whole, narrow]].map(|reports| {
            let mut answers = answers.clone();
            answers.iter_mut().take(1).for_each(|first| report(first, &reports));
            governed(&answers, &config, None)
        });
        let (careless, _) = later_plan(&without, &history, &config, &EAGER, now());
        let (careful, _) = later_plan(&with, &history, &config, &EAGER, now());
        let objections = audit(&careless, &with, &history, &config);
        for step in careless.steps.iter().filter(|step| !steps(&careful).contains(&step.triple())) {
            caught += 1;
            let about = format!("{} {}", step.action, step.resource);
            let names = |objection: &Objection| objection.about == about && objection.reason.starts_with("usage report of 1 ec2:Instance");
            assert!(objections.iter().any(names), "{step:?}: {objections:?}");
        }
    }
    assert!(caught > 0, "no image's use was ever known by a report alone");
}

fn push<A, T>(answer: &mut Answer<A>, list: impl Fn(&mut A) -> &mut List<T>, item: T) {
    list(answer.as_mut().unwrap()).as_mut().unwrap().push(Some(item));
}

fn days_ago(days: i64) -> String {
    now().checked_sub(SignedDuration::from_hours(24 * days)).unwrap().to_string()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn an_account_that_cannot_be_read_never_adds_a_step(
        answers in estate(),
        uses in prop::collection::vec((0usize..2, 0usize..7, user()), 0..6),
        denials in prop::collection::vec((2usize..4, source()), 0..3),
        hours in 0i64..60,
        reports in prop::collection::vec(reported(), 0..3),
        narrow in reported().prop_map(|report| Reported { depth: 20, ..report }),
        shipped: bool,
    ) {
        let policies = if shipped { &*SHIPPED } else { &*EAGER };
        let config = boundless();
        let mut answers = answers;
        across(&mut answers, &uses);
        if let Some(first) = answers.first_mut() {
            report(first, &reports);
        }
        let whole = governed(&answers, &config, None);
        let mut history = History::default();
        history.observe(&Joined::new(&whole, &History::default(), &config, now()));
        let at = now().checked_add(SignedDuration::from_hours(hours)).unwrap();
        let (plan, objections) = later_plan(&whole, &history, &config, policies, at);
        prop_assert_eq!(objections, vec![]);

        let mut less = answers.clone();
        for (place, source) in denials {
            if let Some(answers) = less.get_mut(place) {
                deny(answers, &source);
            }
        }
        let mut unreported = answers.clone();
        if let Some(first) = unreported.first_mut() {
            first.usage_reports = first.usage_reports.as_ref().map(|_| Err("denied".into()));
        }
        // One that looked at less can only tell of more use.
        let mut narrower = answers.clone();
        if let Some(first) = narrower.first_mut() {
            report(first, &reports.iter().copied().chain([narrow]).collect::<Vec<_>>());
        }
        let lost = governed(&answers, &config, Some(ACCOUNTS[1]));
        let [partly, unreported, narrower] = [less, unreported, narrower].map(|answers| governed(&answers, &config, None));
        for (what, estate) in
            [("not entered", lost), ("partly read", partly), ("without reports", unreported), ("with a narrow report", narrower)]
        {
            let (part, objections) = later_plan(&estate, &history, &config, policies, at);
            let added: Vec<_> = steps(&part).difference(&steps(&plan)).cloned().collect();
            prop_assert!(added.is_empty(), "{} after {} hours, that added {:#?}", what, hours, added);
            prop_assert_eq!(objections, vec![], "{}", what);
        }
    }
}
