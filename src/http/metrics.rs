//! Metrics for Prometheus. The number of series is bounded whatever the estate: beyond a limit places are `other`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::ledger::{CycleKind, CycleResult, Outbox, Outcome};
use crate::model::{Action, Place};
use crate::plan::Plan;

use super::status::Census;

/// Places with series of their own: fifteen accounts in every Region.
const PLACES: usize = 500;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByKind {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByResult {
    kind: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EncodeLabelSet)]
struct ByPlace {
    account: String,
    region: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EncodeLabelSet)]
struct ByAction {
    action: &'static str,
    account: String,
    region: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByOutcome {
    action: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByApi {
    api: String,
    account: String,
    region: String,
}

type Seconds = Gauge<f64, AtomicU64>;

/// All series, behind one lock, so that a scrape never sees a plan half-way.
pub(super) struct Metrics(Mutex<Series>);

struct Series {
    registry: Registry,
    cycles: Family<ByResult, Counter>,
    last_cycle: Family<ByKind, Seconds>,
    last_duration: Family<ByKind, Seconds>,
    images: Family<ByPlace, Gauge>,
    snapshots: Family<ByPlace, Gauge>,
    steps: Family<ByAction, Gauge>,
    pending: Family<ByAction, Gauge>,
    held: Family<ByAction, Gauge>,
    findings: Family<ByPlace, Gauge>,
    gaps: Family<ByPlace, Gauge>,
    enacted: Family<ByOutcome, Counter>,
    requests: Family<ByApi, Counter>,
    bytes: Family<ByApi, Counter>,
    waited: Family<ByApi, Counter<f64, AtomicU64>>,
    waiting: Gauge,
    parked: Gauge,
    ready: Gauge,
    memory: Gauge,
    /// Places that have series of their own, first come, first served.
    known: BTreeSet<Place>,
    /// What was sent by connection, as last told.
    told: HashMap<(Place, String), Sent>,
}

/// What one call cost in one place.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sent {
    pub requests: u64,
    /// The bodies of the answers.
    pub bytes: u64,
    /// All requests together, those under way at the same time included.
    pub waited: Duration,
}

impl Sent {
    /// What came on top of `before`; everything if the counting began anew.
    fn since(self, before: Self) -> Self {
        if self.requests < before.requests {
            return self;
        }
        Self {
            requests: self.requests - before.requests,
            bytes: self.bytes.saturating_sub(before.bytes),
            waited: self.waited.saturating_sub(before.waited),
        }
    }
}

impl Metrics {
    pub(super) fn new(version: &'static str) -> Self {
        let mut registry = Registry::default();
        registry.register("ami_warden_build", "The running version", Info::new([("version", version)]));
        let series = Series {
            cycles: add(&mut registry, "ami_warden_cycles", "Cycles that ended"),
            last_cycle: add(&mut registry, "ami_warden_last_cycle_timestamp_seconds", "When the last cycle ended"),
            last_duration: add(&mut registry, "ami_warden_last_cycle_duration_seconds", "How long the last cycle took"),
            images: add(&mut registry, "ami_warden_images", "Images seen by the last full scan"),
            snapshots: add(&mut registry, "ami_warden_snapshots", "Snapshots seen by the last full scan"),
            steps: add(&mut registry, "ami_warden_plan_steps", "Due and safe in the latest plan"),
            pending: add(&mut registry, "ami_warden_plan_pending", "Due in the latest plan, in their grace time"),
            held: add(&mut registry, "ami_warden_plan_held", "Due in the latest plan, but held"),
            findings: add(&mut registry, "ami_warden_plan_findings", "Findings of the latest plan"),
            gaps: add(&mut registry, "ami_warden_plan_gaps", "Sources the latest plan could not read"),
            enacted: add(&mut registry, "ami_warden_steps_enacted", "Steps by their outcome"),
            requests: add(&mut registry, "ami_warden_aws_requests", "Requests sent to AWS, retries included"),
            bytes: add(&mut registry, "ami_warden_aws_answer_bytes", "Bodies of AWS's answers, as they came"),
            waited: add(&mut registry, "ami_warden_aws_request_seconds", "Time spent waiting for AWS, of all requests together"),
            waiting: add(&mut registry, "ami_warden_outbox_waiting", "Messages that wait to be sent"),
            parked: add(&mut registry, "ami_warden_outbox_parked", "Messages that SNS will never take, of the last ones"),
            ready: add(&mut registry, "ami_warden_ready", "Whether /readyz says yes"),
            memory: add(&mut registry, "process_resident_memory_bytes", "Resident memory"),
            registry,
            known: BTreeSet::new(),
            told: HashMap::new(),
        };
        Self(Mutex::new(series))
    }

    pub(super) fn cycle(&self, kind: CycleKind, result: CycleResult, ended_at: Timestamp, took: SignedDuration) {
        let series = self.lock();
        series.cycles.get_or_create(&ByResult { kind: kind.name(), result: result.name() }).inc();
        series.last_cycle.get_or_create(&ByKind { kind: kind.name() }).set(ended_at.as_second() as f64);
        series.last_duration.get_or_create(&ByKind { kind: kind.name() }).set(took.as_secs_f64());
    }

    pub(super) fn planned(&self, plan: &Plan, census: &Census) {
        let mut series = self.lock();
        for (family, entries) in
            [(series.steps.clone(), &plan.steps), (series.pending.clone(), &plan.pending), (series.held.clone(), &plan.held)]
        {
            let mut counts: BTreeMap<ByAction, i64> = BTreeMap::new();
            for entry in entries {
                let ByPlace { account, region } = series.label(&entry.place);
                *counts.entry(ByAction { action: entry.action.name(), account, region }).or_default() += 1;
            }
            family.clear();
            for (label, count) in counts {
                family.get_or_create(&label).set(count);
            }
        }
        series.by_place(|series| &series.findings, plan.findings.iter().map(|finding| (&finding.place, 1)));
        series.by_place(|series| &series.gaps, plan.gaps.iter().map(|gap| (&gap.place, 1)));
        series.by_place(|series| &series.images, census.iter().map(|(place, (images, _))| (place, *images)));
        series.by_place(|series| &series.snapshots, census.iter().map(|(place, (_, snapshots))| (place, *snapshots)));
    }

    pub(super) fn enacted(&self, action: Action, outcome: &Outcome) {
        self.lock().enacted.get_or_create(&ByOutcome { action: action.name(), outcome: outcome.name() }).inc();
    }

    pub(super) fn requests_sent<'a>(&self, totals: impl IntoIterator<Item = (&'a Place, &'a str, Sent)>) {
        let mut series = self.lock();
        for (place, api, total) in totals {
            let before = series.told.insert((place.clone(), api.to_owned()), total).unwrap_or_default();
            let Sent { requests, bytes, waited } = total.since(before);
            let ByPlace { account, region } = series.label(place);
            let label = ByApi { api: api.to_owned(), account, region };
            series.requests.get_or_create(&label).inc_by(requests);
            series.bytes.get_or_create(&label).inc_by(bytes);
            series.waited.get_or_create(&label).inc_by(waited.as_secs_f64());
        }
    }

    pub(super) fn outbox(&self, outbox: &Outbox) {
        let series = self.lock();
        series.waiting.set(i64::try_from(outbox.waiting).unwrap_or(i64::MAX));
        series.parked.set(i64::try_from(outbox.parked.len()).unwrap_or(i64::MAX));
    }

    /// The OpenMetrics text.
    pub(super) fn text(&self, ready: bool) -> Result<String, fmt::Error> {
        let series = self.lock();
        series.ready.set(i64::from(ready));
        if let Some(bytes) = resident_memory() {
            series.memory.set(bytes);
        }
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &series.registry)?;
        Ok(text)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Series> {
        // Numbers are whole after every statement, so a panic elsewhere leaves them usable.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Series {
    fn label(&mut self, place: &Place) -> ByPlace {
        if self.known.len() < PLACES {
            self.known.insert(place.clone());
        }
        match self.known.contains(place) {
            true => ByPlace { account: place.account.to_string(), region: place.region.to_string() },
            false => ByPlace { account: "other".into(), region: "other".into() },
        }
    }

    fn by_place<'p>(&mut self, family: impl Fn(&Self) -> &Family<ByPlace, Gauge>, counts: impl Iterator<Item = (&'p Place, usize)>) {
        let mut sums: BTreeMap<ByPlace, i64> = BTreeMap::new();
        for (place, count) in counts {
            *sums.entry(self.label(place)).or_default() += i64::try_from(count).unwrap_or(i64::MAX);
        }
        let family = family(self);
        family.clear();
        for (label, sum) in sums {
            family.get_or_create(&label).set(sum);
        }
    }
}

fn add<M: prometheus_client::registry::Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

/// `VmRSS` of `/proc/self/status`, in bytes; unknown elsewhere than on Linux.
fn resident_memory() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<i64>().ok()?.checked_mul(1024)
}
