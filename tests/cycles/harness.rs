//! The daemon's engine on a stage: a simulated AWS, a ledger in a folder of its own, and time that only tests move.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ami_warden::act::{Clock, Stop};
use ami_warden::aws::{self, Aws, Keys, Pace, Timeouts};
use ami_warden::config::{Config, Enforce, Grace, OrganizationSettings};
use ami_warden::cycle::{CycleError, Summary};
use ami_warden::daemon::{Engine, Settings};
use ami_warden::http::Status;
use ami_warden::inventory::History;
use ami_warden::ledger::{CycleKind, Ledger, Outcome, StepStory, Story};
use ami_warden::model::{Action, Mode};
use ami_warden::plan::{Entry, Plan};
use ami_warden::policy::{PolicyFile, PolicySet};
use ami_warden::scan::Progress;
use ami_warden_sim::world::estate::PlaceHandle;
use ami_warden_sim::{RuleResource, Server, Sim, World};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

pub(crate) const OURS: &str = "111111111111";
pub(crate) const OUTSIDER: &str = "222222222222";
pub(crate) const HERE: &str = "us-east-1";
pub(crate) const THERE: &str = "eu-west-1";
pub(crate) const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The moment every story begins.
pub(crate) fn start() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// Two Regions, our account and one beside it, and nothing in them.
pub(crate) fn world() -> World {
    let mut world = World::new(start());
    world.limit_regions(&[HERE, THERE]);
    world.account(OURS).region(HERE);
    world.account(OUTSIDER).region(HERE);
    world
}

/// Words for building in our two places.
pub(crate) trait Building {
    fn here(&mut self) -> PlaceHandle<'_>;
    fn there(&mut self) -> PlaceHandle<'_>;
    /// Recycle Bin rules in both Regions: images stay 14 days, snapshots 30.
    fn bins(&mut self);
    /// An image nobody uses, old enough for every rung of the ladder, with a root and a data disk.
    fn unused(&mut self, name: &str) -> String;
}

impl Building for World {
    fn here(&mut self) -> PlaceHandle<'_> {
        self.account(OURS).region(HERE)
    }

    fn there(&mut self) -> PlaceHandle<'_> {
        self.account(OURS).region(THERE)
    }

    fn bins(&mut self) {
        for region in [HERE, THERE] {
            self.account(OURS).region(region).recycle_bin_rule(RuleResource::Image, 14).put();
            self.account(OURS).region(region).recycle_bin_rule(RuleResource::Snapshot, 30).put();
        }
    }

    fn unused(&mut self, name: &str) -> String {
        self.here().image(name).age_days(800).snapshot_size(8).snapshot_size(20).put()
    }
}

/// Mode `enforce` with every action, for a stand-alone account.
pub(crate) fn enforcing() -> Config {
    Config {
        mode: Mode::Enforce,
        enforce: Enforce { actions: Action::ALL.to_vec(), accounts: None },
        organization: OrganizationSettings { id: None, members: Some(Vec::new()) },
        ..Config::default()
    }
}

/// The same without any grace: what is due is done at once.
pub(crate) fn hasty() -> Config {
    Config { grace: no_grace(), ..enforcing() }
}

pub(crate) fn no_grace() -> Grace {
    let none = SignedDuration::ZERO;
    Grace {
        deprecate: none,
        disable: none,
        deregister: none,
        delete_snapshot: none,
        make_private: none,
        revoke_share: none,
        block_public_access: none,
    }
}

/// One policy file in place of the shipped ones.
pub(crate) fn policies(text: &str) -> PolicySet {
    PolicySet::load(&[PolicyFile { path: "test.cedar".into(), text: text.into() }]).unwrap()
}

/// A policy that asks for `action` on every image (or snapshot) of that age and more.
pub(crate) fn whatever_is_old(action: &str) -> String {
    let kind = if action == "deleteSnapshot" { "Snapshot" } else { "Image" };
    format!(
        "@id(\"{action}-old\") @severity(\"medium\")
         permit (principal, action == Action::\"{action}\", resource is {kind}) when {{ resource.age > duration(\"365d\") }};\n"
    )
}

/// How an engine talks to the simulation.
pub(crate) fn connection(endpoint: String) -> aws::Settings {
    let timeouts = Timeouts {
        credentials: Duration::from_secs(20),
        connect: Duration::from_secs(10),
        read: Duration::from_secs(20),
        attempt: Duration::from_secs(20),
        operation: Duration::from_secs(60),
        attempts: 1,
    };
    aws::Settings {
        timeouts,
        pace: Pace::Unlimited,
        keys: Some(Keys { access_key_id: format!("AKIA{OURS}"), secret_access_key: "x".into(), session_token: None }),
        home: Some(HERE.into()),
        endpoint_url: Some(endpoint),
        http_client: None,
    }
}

/// A simulated AWS and the engine that works on it.
pub(crate) struct Stage {
    pub(crate) sim: Sim,
    pub(crate) engine: Engine,
    pub(crate) connection: aws::Settings,
    folder: TempDir,
    _server: Server,
}

/// The shipped policies on `world`.
pub(crate) async fn stage(world: World, config: Config) -> Stage {
    stage_with(world, config, PolicySet::shipped().unwrap(), |_| ()).await
}

/// Other policies, and another way to talk to AWS.
pub(crate) async fn stage_with(mut world: World, config: Config, policies: PolicySet, adjust: impl FnOnce(&mut aws::Settings)) -> Stage {
    // A call that a fault leaves without an answer is cut off soon: the client need not wait for its own patience.
    world.settings.hang_limit = Duration::from_millis(20);
    let places = world.regions().iter().filter_map(|region| world.place(OURS, &region.name));
    let rules = places.flat_map(|place| place.rules.keys().cloned());
    // They were seen before, so that they count as in effect.
    let known = History { rules_since: rules.map(|rule| (rule, start() - DAY)).collect(), ..History::default() };
    let sim = Sim::new(world);
    let server = sim.serve().await.unwrap();
    let mut connection = connection(server.endpoint());
    adjust(&mut connection);
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&sim, connection.clone(), folder.path().join("ledger.db"), Settings { config, policies }).await;
    engine.ledger.save_history(&History::default(), &known).await.unwrap();
    Stage { sim, engine, connection, folder, _server: server }
}

async fn engine(sim: &Sim, connection: aws::Settings, ledger: PathBuf, settings: Settings) -> Engine {
    let world = sim.clone();
    let clock = Clock::new(move || world.world(|world| world.now()));
    let times = clock.clone();
    Engine {
        aws: Aws::connect(connection).await.unwrap(),
        ledger: Ledger::open(&ledger).await.unwrap(),
        status: Arc::new(Status::new("test", settings.config.mode, DAY, move || times.now())),
        settings,
        clock,
        stop: Stop::default(),
        progress: Progress::silent(),
    }
}

impl Stage {
    pub(crate) fn ledger_path(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }

    /// The same daemon after a restart: nothing but the ledger is left of the old one.
    pub(crate) async fn restarted(self) -> Self {
        let Self { sim, engine: old, connection, folder, _server } = self;
        let engine = engine(&sim, connection.clone(), folder.path().join("ledger.db"), old.settings).await;
        Self { sim, engine, connection, folder, _server }
    }

    /// One full cycle and the plan it made.
    pub(crate) async fn cycle(&self) -> Cycle {
        self.run(CycleKind::Scan).await.unwrap()
    }

    /// One exposure cycle.
    pub(crate) async fn exposure(&self) -> Cycle {
        self.run(CycleKind::Exposure).await.unwrap()
    }

    pub(crate) async fn run(&self, kind: CycleKind) -> Result<Cycle, CycleError> {
        let summary = self.engine.cycle(kind).await?;
        let plan = self.engine.ledger.plan(&summary.plan_id).await?.unwrap();
        Ok(Cycle { summary, plan })
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        self.sim.world(|world| world.advance(by));
    }

    pub(crate) async fn after(&self, by: SignedDuration) -> Cycle {
        self.advance(by);
        self.cycle().await
    }

    /// Everything that changed in EC2 so far, in order: `DisableImage ami-…`.
    pub(crate) fn changes(&self) -> Vec<String> {
        self.sim.world(|world| world.journal.effects().filter(|entry| entry.service == "ec2").map(named).collect())
    }

    /// Every attempt to change EC2 so far, refused ones included.
    pub(crate) fn attempts(&self) -> Vec<String> {
        self.sim.world(|world| world.journal.mutating().filter(|entry| entry.service == "ec2").map(named).collect())
    }

    pub(crate) fn count(&self, api: &str) -> usize {
        self.sim.world(|world| world.journal.count(api))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.sim.world(|world| world.now())
    }

    /// What the ledger tells of one resource's steps, oldest first.
    pub(crate) async fn steps_of(&self, resource: &str) -> Vec<StepStory> {
        match self.engine.ledger.show(resource).await {
            Ok(Story::Resource(story)) => story.steps,
            Ok(other) => panic!("{resource} is {other:?}"),
            Err(error) => panic!("{error}"),
        }
    }
}

fn named(entry: &ami_warden_sim::Entry) -> String {
    let id = ["ImageId", "SnapshotId", "SourceImageId"].iter().find_map(|name| entry.params.get(*name));
    format!("{} {}", entry.action, id.map_or("", String::as_str))
}

/// A cycle and its plan.
#[derive(Debug)]
pub(crate) struct Cycle {
    pub(crate) summary: Summary,
    pub(crate) plan: Plan,
}

impl Cycle {
    /// What was tried, as `disable ami-… done`.
    pub(crate) fn enacted(&self) -> Vec<String> {
        self.summary.enacted.iter().map(told).collect()
    }

    /// What earlier cycles left open and this one concluded.
    pub(crate) fn concluded(&self) -> Vec<String> {
        self.summary.concluded.iter().map(told).collect()
    }

    /// Due and safe now: `disable ami-…`.
    pub(crate) fn steps(&self) -> Vec<String> {
        entries(&self.plan.steps)
    }

    pub(crate) fn pending(&self) -> Vec<String> {
        entries(&self.plan.pending)
    }

    /// The names of everything that holds `action` on `resource`; `None` when it is not held.
    pub(crate) fn held_by(&self, action: Action, resource: &str) -> Option<Vec<&str>> {
        let entry = self.plan.held.iter().find(|entry| entry.action == action && entry.resource.to_string() == resource)?;
        Some(entry.held_by.iter().map(|hold| hold.name.as_str()).collect())
    }
}

fn told((entry, outcome): &(Entry, Outcome)) -> String {
    format!("{} {} {}", entry.action, entry.resource, outcome.name())
}

fn entries(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| format!("{} {}", entry.action, entry.resource)).collect()
}
