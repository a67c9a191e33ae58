//! Every read of a scan, failing in every way there is: nothing is taken from anybody because of it, no other place
//! notices, and the gap has a name.
//!
//! Which reads there are is taken from the journal of a scan, and what a gap holds from [`Source::hides`]. A Region fails in
//! one way, other reads in every cycle, until every read has failed in every way; one Region never fails. Each read is denied
//! alone, which shows what its gap holds; in the other ways two fail at a time, and each has to be named.

use std::collections::{BTreeMap, BTreeSet};

use ami_warden::model::{Hides, Source};
use ami_warden_sim::{Fault, FaultKind, World};

use super::super::harness::*;
use super::place::{Due, POLICIES, bin, fill, watching};

/// The Region that never fails.
const WHOLE: &str = "ap-south-1";

/// Where reads are denied, one at a time: half of them in each.
const ALONE: [&str; 2] = ["us-east-1", "ap-northeast-1"];

/// Every other way in which a read can fail, each in a Region of its own.
const FAULTS: [(&str, FaultKind); 10] = [
    ("us-east-2", FaultKind::AuthFailure),
    ("us-west-1", FaultKind::Expired),
    ("us-west-2", FaultKind::TimeoutBefore),
    ("ca-central-1", FaultKind::ResetBefore),
    ("sa-east-1", FaultKind::InternalError),
    ("eu-west-1", FaultKind::Throttle),
    ("eu-west-2", FaultKind::EmptyBody),
    ("eu-west-3", FaultKind::BareAnswer),
    ("eu-central-1", FaultKind::TruncatedPage),
    ("eu-north-1", FaultKind::LoopingToken),
];

/// How a listing can end after its first page, which looks like all of it.
const LATE_FAULTS: [(&str, FaultKind); 2] = [("us-east-1", FaultKind::Throttle), ("eu-central-1", FaultKind::TruncatedPage)];

/// A Region, how it fails, and in which reads.
type Failing<'a> = (&'static str, FaultKind, Vec<&'a str>);

/// A read of a scan, as the first Region saw it.
#[derive(Clone, Debug, Default)]
struct Read {
    paged: bool,
    calls: usize,
}

/// A stage with a filled place in each Region, and what a scan found there.
struct Matrix {
    stage: Stage,
    due: BTreeMap<&'static str, Due>,
    /// The steps of a plan from which nothing is missing, as `us-east-1 disable ami-…`.
    whole: BTreeSet<String>,
    reads: BTreeMap<String, Read>,
}

impl Matrix {
    async fn of(failing: impl IntoIterator<Item = &'static str>, page_limit: Option<usize>) -> Self {
        let regions: Vec<&'static str> = failing.into_iter().chain([WHOLE]).collect();
        let mut world = World::new(start());
        world.limit_regions(&regions);
        world.settings.page_limit = page_limit;
        let due: BTreeMap<_, _> =
            regions.iter().map(|region| (*region, fill(&mut world, region, page_limit.map_or(1, |limit| limit + 1)))).collect();
        let stage = stage_with(world, watching(), policies(POLICIES), |_| ()).await;
        stage.cycle().await;
        stage.sim.world(|world| {
            regions.iter().for_each(|region| bin(world, region));
            world.journal.clear();
        });
        let cycle = stage.cycle().await;
        assert!(cycle.plan.complete, "{:?}", cycle.plan.gaps);
        let whole = placed(&cycle);
        for (region, due) in &due {
            for step in due.taken.iter().chain([&due.exposed, &due.counted]) {
                assert!(whole.contains(&format!("{region} {step}")), "{step}: {}", why(&cycle, step));
            }
            let taken = whole.iter().filter(|step| step.starts_with(region) && takes(step)).count();
            assert_eq!(taken, due.taken.len() + 1, "nothing else in {region}: {whole:?}");
        }
        let reads = reads(&stage);
        let told: BTreeSet<Source> = reads.keys().flat_map(|api| resting_on(api)).collect();
        let elsewhere = [Source::Regions, Source::Organization, Source::AssumeRole];
        let untold: Vec<_> = Source::ALL.into_iter().filter(|source| !told.contains(source) && !elsewhere.contains(source)).collect();
        assert!(untold.is_empty(), "no call of a scan tells of {untold:?}");
        Self { stage, due, whole, reads }
    }

    /// A cycle in which these reads fail; `only` says which call of them.
    async fn cycle(&self, failing: &[Failing<'_>], only: Option<u64>) {
        self.stage.sim.world(|world| {
            world.journal.clear();
            for (region, kind, apis) in failing {
                for api in apis {
                    let fault = Fault::new(kind.clone()).region(region).action(api);
                    world.inject(if let Some(call) = only { fault.nth(call) } else { fault });
                }
            }
        });
        let cycle = self.stage.cycle().await;
        self.stage.sim.world(World::clear_faults);
        assert!(self.stage.attempts().is_empty());
        let steps = placed(&cycle);
        let added: Vec<_> = steps.difference(&self.whole).collect();
        assert!(added.is_empty(), "a failure added {added:#?}: {failing:?}");
        for (region, due) in &self.due {
            let gaps = cycle.plan.gaps.iter().filter(|gap| gap.place.region.as_str() == *region);
            let named: BTreeSet<Source> = gaps.inspect(|gap| assert!(!gap.error.is_empty())).map(|gap| gap.source.clone()).collect();
            let failure = failing.iter().find(|(there, ..)| there == region);
            match failure {
                Some(failure) => self.are_named(failure, only, &named),
                None => assert!(named.is_empty(), "{region} has no part in {failing:?}: {named:?}"),
            }
            for step in &due.taken {
                // Of single resources, the one call was about one of them.
                if only.is_some() && named.iter().any(|source| source.hides() == Hides::OneResource) {
                    continue;
                }
                let held = named.iter().any(|source| holds(source, step));
                assert_eq!(
                    steps.contains(&format!("{region} {step}")),
                    !held,
                    "{step} without {named:?}, {failure:?}: {}",
                    why(&cycle, step)
                );
            }
            // A public image is made private whatever is not known of its users.
            let seen = !named.iter().any(|source| source.hides() == Hides::Resources);
            assert!(!seen || steps.contains(&format!("{region} {}", due.exposed)), "{} without {named:?}", due.exposed);
            let uncounted = named.contains(&Source::UsageReports) || named.contains(&Source::UsageReportEntries);
            assert!(!uncounted || !steps.contains(&format!("{region} {}", due.counted)), "{} without {named:?}", due.counted);
            let others = self.whole.iter().filter(|step| step.starts_with(region) && named.is_empty());
            others.for_each(|step| assert!(steps.contains(step), "{step} is missing, {failing:?}: {}", why(&cycle, step)));
        }
    }

    /// The sources that rest on the calls that failed are named, and no others.
    fn are_named(&self, (region, kind, apis): &Failing<'_>, only: Option<u64>, named: &BTreeSet<Source>) {
        let direct: BTreeSet<Source> = apis.iter().flat_map(|api| resting_on(api)).collect();
        let allowed = |source: &Source| direct.contains(source) || listing_of(source).is_some_and(|first| direct.contains(&first));
        assert!(named.iter().all(allowed), "{region} {kind:?} {apis:?}: {named:?}");
        for api in apis {
            let met = self.stage.sim.world(|world| world.journal.calls(api).any(|entry| entry.region == *region));
            assert!(met, "{api} was not called in {region}, where {apis:?} fail: let it fail with something else");
            let rest = resting_on(api);
            // A token can only loop where there are pages, and one call is about one of the listings that rest on its API.
            let enough = match only {
                None if *kind == FaultKind::LoopingToken && !self.reads[*api].paged => named.is_disjoint(&rest),
                None => named.is_superset(&rest),
                Some(_) => !named.is_disjoint(&rest),
            };
            assert!(enough, "{region} {kind:?} {api}: {named:?}");
        }
    }
}

/// The steps of a plan with where they are.
fn placed(cycle: &Cycle) -> BTreeSet<String> {
    cycle.plan.steps.iter().map(|step| format!("{} {} {}", step.place.region, step.action, step.resource)).collect()
}

/// What holds a step, if anything does.
fn why(cycle: &Cycle, step: &str) -> String {
    let held = cycle.plan.held.iter().find(|held| step.ends_with(&format!("{} {}", held.action, held.resource)));
    held.map_or_else(|| "not due".to_owned(), |held| format!("{:?}", held.held_by))
}

fn takes(step: &str) -> bool {
    [" disable ", " deregister ", " deleteSnapshot "].iter().any(|action| step.contains(action))
}

/// Every call since the journal was cleared that asked one Region something.
fn reads(stage: &Stage) -> BTreeMap<String, Read> {
    stage.sim.world(|world| {
        let mut reads: BTreeMap<String, Read> = BTreeMap::new();
        for entry in world.journal.entries().iter().filter(|entry| entry.region == WHOLE && !entry.mutating) {
            // Asked about the credentials and about all Regions, not about this one.
            if !["GetCallerIdentity", "DescribeRegions"].contains(&entry.action.as_str()) {
                let read = reads.entry(entry.action.clone()).or_default();
                read.paged |= ["MaxResults", "MaxRecords", "maxResults"].iter().any(|name| entry.params.contains_key(*name));
                read.calls += 1;
            }
        }
        reads
    })
}

/// The sources that rest on a call, by the name both have from AWS. Attributes have no listing of theirs.
fn resting_on(api: &str) -> BTreeSet<Source> {
    match api {
        "DescribeImageAttribute" => return BTreeSet::from([Source::LaunchPermissions]),
        "DescribeSnapshotAttribute" => return BTreeSet::from([Source::CreateVolumePermissions]),
        _ => {}
    }
    let words = api.chars().flat_map(|c| c.is_ascii_uppercase().then_some('-').into_iter().chain([c.to_ascii_lowercase()]));
    let command: String = words.skip(1).collect();
    let named = |source: &Source| source.name().strip_prefix(&command).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    Source::ALL.into_iter().filter(named).collect()
}

/// What can only be asked once something else is listed.
fn listing_of(source: &Source) -> Option<Source> {
    match source {
        Source::UsageReportEntries => Some(Source::UsageReports),
        Source::ImagesInUse => Some(Source::Instances),
        Source::KeyPolicies => Some(Source::Snapshots),
        source => source.listing(),
    }
}

/// Whether a gap of `source` holds a step such as `disable ami-…`.
fn holds(source: &Source, step: &str) -> bool {
    match source.hides() {
        Hides::Users | Hides::Resources => true,
        Hides::Consequences => !step.starts_with("disable"),
        Hides::SnapshotGuards => step.starts_with("deleteSnapshot"),
        Hides::OneResource => (*source == Source::CreateVolumePermissions) == step.starts_with("deleteSnapshot"),
        Hides::Nothing => false,
    }
}

#[tokio::test]
async fn whichever_read_fails_in_whatever_way_only_its_place_is_frozen_and_the_gap_is_named() {
    let matrix = Matrix::of(ALONE.into_iter().chain(FAULTS.map(|(region, _)| region)), None).await;
    let reads: Vec<&str> = matrix.reads.keys().map(String::as_str).collect();
    // Far apart by name, so that neither is asked only after the other has answered.
    let half = reads.len().div_ceil(2);
    let pairs: Vec<Vec<&str>> = (0..half).map(|first| reads.iter().skip(first).step_by(half).copied().collect()).collect();
    let mut met = BTreeSet::new();
    for (cycle, pair) in pairs.iter().enumerate() {
        let alone = ALONE.into_iter().zip(pair).map(|(region, api)| (region, FaultKind::Deny, vec![*api]));
        let others = FAULTS.into_iter().enumerate().map(|(index, (region, kind))| (region, kind, pairs[(cycle + index) % half].clone()));
        let failing: Vec<Failing<'_>> = alone.chain(others).collect();
        met.extend(failing.iter().flat_map(|(_, kind, apis)| apis.iter().map(move |api| format!("{kind:?} {api}"))));
        matrix.cycle(&failing, None).await;
    }
    assert_eq!(met.len(), reads.len() * (1 + FAULTS.len()), "every read in every way");
    matrix.cycle(&[], None).await;
}

#[tokio::test]
async fn a_listing_that_fails_after_its_first_page_is_no_list() {
    let matrix = Matrix::of(LATE_FAULTS.map(|(region, _)| region), Some(1)).await;
    let reads: Vec<&str> = matrix.reads.iter().filter(|(_, read)| read.calls > 1).map(|(api, _)| api.as_str()).collect();
    for cycle in 0..reads.len() {
        let at = |index: usize| vec![reads[(cycle + 5 * index) % reads.len()]];
        let failing: Vec<_> = LATE_FAULTS.into_iter().enumerate().map(|(index, (region, kind))| (region, kind, at(index))).collect();
        matrix.cycle(&failing, Some(2)).await;
    }
}
