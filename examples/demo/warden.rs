//! The daemon of the demonstration: the real configuration, policies, SDK, ledger, cycle and HTTP endpoint.
//!
//! Only three things differ from `ami-warden run`: AWS is the simulator, the clock is the simulator's, and time passes
//! when the demonstration says so instead of when the scheduler wakes up.

use std::error::Error;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ami_warden::act::{Clock, Stop};
use ami_warden::aws::{self, Aws, Keys, Pace};
use ami_warden::config;
use ami_warden::cycle::Summary;
use ami_warden::daemon::{self, Engine, next_run};
use ami_warden::http::{self, Status};
use ami_warden::ledger::{CycleKind, Ledger, Outcome};
use ami_warden::plan::{Entry, Plan};
use ami_warden::policy::PolicySet;
use ami_warden::scan::Progress;
use ami_warden_sim::{Server, Sim};
use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;

use crate::estate::{HOME, OURS};

/// The configuration file, as it stands beside this one.
const CONFIG: &str = include_str!("ami-warden.toml");
/// A full cycle that is older makes the daemon not ready: twice a week is the schedule.
const OLDEST_CYCLE: SignedDuration = SignedDuration::from_hours(8 * 24);
/// Everything answers from memory on loopback.
const PATIENCE: Duration = Duration::from_secs(10);

/// The daemon and its world.
pub(crate) struct Demo {
    pub(crate) sim: Sim,
    pub(crate) engine: Engine,
    pub(crate) http: SocketAddr,
    /// How many there have been so far.
    pub(crate) cycles: usize,
    pub(crate) endpoint: String,
    _server: Server,
    /// Ends with the demonstration.
    _tasks: JoinSet<()>,
}

/// One step and what became of it.
pub(crate) struct Deed {
    pub(crate) at: Timestamp,
    pub(crate) step: Entry,
    pub(crate) outcome: Outcome,
}

impl Demo {
    /// Starts everything. The ledger goes into `folder`, as if the configuration file lay there.
    pub(crate) async fn start(sim: Sim, folder: &Path) -> Result<Self, Box<dyn Error>> {
        let server = sim.serve().await?;
        let config = config::load(Some((&folder.join("ami-warden.toml"), CONFIG)), [])?;
        let policies = PolicySet::shipped()?;
        let aws = Aws::connect(aws::Settings {
            pace: Pace::Unlimited,
            keys: Some(Keys { access_key_id: format!("AKIA{OURS}"), secret_access_key: "simulated".into(), session_token: None }),
            home: Some(HOME.into()),
            endpoint_url: Some(server.endpoint()),
            ..aws::Settings::default()
        })
        .await?;
        let ledger = Ledger::open(&config.ledger.path).await?;
        let clock = {
            let sim = sim.clone();
            Clock::new(move || sim.world(|world| world.now()))
        };
        let times = clock.clone();
        let status = Arc::new(Status::new(env!("CARGO_PKG_VERSION"), config.mode, OLDEST_CYCLE, move || times.now()));
        status.policies_loaded(policies.policies().count());

        let listener = http::bind(config.http.listen).await?;
        let address = listener.local_addr()?;
        let shown = Arc::clone(&status);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            if let Err(error) = http::serve(listener, shown, std::future::pending()).await {
                tracing::error!("{error}");
            }
        });

        let settings = daemon::Settings { config, policies };
        let engine = Engine { aws, ledger, settings, status, clock, stop: Stop::default(), progress: Progress::silent() };
        let endpoint = server.endpoint();
        Ok(Self { sim, engine, http: address, cycles: 0, endpoint, _server: server, _tasks: tasks })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.engine.clock.now()
    }

    /// One cycle, as the scheduler would start it. Returns what was done in it.
    pub(crate) async fn cycle(&mut self, kind: CycleKind) -> Result<Vec<Deed>, Box<dyn Error>> {
        let summary: Summary = self.engine.cycle(kind).await?;
        // What the daemon's heartbeat does every minute.
        let probed = self.engine.ledger.probe(self.now()).await;
        self.engine.status.ledger_checked(probed.map_err(|error| error.to_string()));
        self.cycles += 1;
        let (at, deeds) = (self.now(), summary.concluded.into_iter().chain(summary.enacted));
        Ok(deeds.map(|(step, outcome)| Deed { at, step, outcome }).collect())
    }

    /// Lets time pass until `end`, with a cycle of that kind whenever its schedule says so, and tells what was done.
    pub(crate) async fn run_until(&mut self, end: Timestamp, kind: CycleKind, tell: impl Fn(&[Deed])) -> Result<(), Box<dyn Error>> {
        let schedule = self.engine.settings.config.schedule.clone();
        let expression = if kind == CycleKind::Exposure { &schedule.exposure } else { &schedule.scan };
        while let Some(next) = next_run(expression, schedule.time_zone, self.now())?.filter(|next| *next <= end) {
            self.sim.world(|world| world.set_now(next));
            self.engine.status.scheduled(kind, next_run(expression, schedule.time_zone, next)?);
            tell(&self.cycle(kind).await?);
        }
        self.sim.world(|world| world.set_now(end.max(world.now())));
        Ok(())
    }

    /// What the daemon's endpoint answers: the status line and the body.
    pub(crate) async fn get(&self, path: &str) -> Result<(String, String), Box<dyn Error>> {
        let (address, path) = (self.http, path.to_owned());
        Ok(tokio::task::spawn_blocking(move || get(address, &path)).await??)
    }

    /// The latest plan, as `/api/v1/plan` gives it to any program.
    pub(crate) async fn plan(&self) -> Result<Plan, Box<dyn Error>> {
        let (_, body) = self.get("/api/v1/plan").await?;
        Ok(serde_json::from_str(&body)?)
    }
}

/// One request of HTTP/1.0, which needs no library: the answer ends with the connection.
fn get(address: SocketAddr, path: &str) -> std::io::Result<(String, String)> {
    let mut stream = std::net::TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.lines().next().and_then(|line| line.split_once(' ')).map_or(head, |(_, status)| status);
    Ok((status.to_owned(), body.to_owned()))
}
