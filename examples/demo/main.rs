//! ami-warden's whole job in a few seconds, with nothing set up: `cargo run --example demo`.
//!
//! A simulated AWS on loopback holds an account that has grown for two years. The real daemon code governs it through the
//! real AWS SDK for fourteen weeks of simulated time, and this program tells what happens. At the end it checks itself;
//! a check that fails makes the exit code 1. Nothing here can reach AWS, and nothing is left behind.
//!
//! It is also an example of how the library is put together: `warden.rs` is the composition root, `estate.rs` builds the
//! world, `chapters.rs` tells the story and `checks.rs` judges it.

mod chapters;
mod checks;
mod estate;
mod warden;

use std::error::Error;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::Instant;

use ami_warden::ledger::CycleKind;
use ami_warden_sim::{Permission, Sim};
use jiff::{SignedDuration, Timestamp};

use chapters::Story;
use estate::Estate;
use warden::Demo;

/// A Monday morning, right when the daily cycle is due.
const START: &str = "2026-03-02T06:15:00Z";
/// Long enough for a development image to walk the whole ladder, its snapshot included.
const DAYS: i64 = 14 * 7;
/// The day on which somebody makes a mistake.
const MISHAP: i64 = 9;

fn main() -> ExitCode {
    if let Err(error) = start_afresh() {
        anstream::eprintln!("the demonstration cannot start itself in a clean environment: {error}");
        return ExitCode::FAILURE;
    }
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("off,ami_warden=error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    let told = tokio::runtime::Runtime::new().map_err(Into::into).and_then(|runtime| runtime.block_on(tell()));
    match told {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            anstream::eprintln!("the demonstration broke off: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Replaces this process by itself without `AWS_*`, proxies and the files of AWS's tools: whatever a reader has set up for
/// the real AWS must neither be used nor disturb.
#[expect(clippy::disallowed_methods, reason = "an example's `main` is where the environment is read")]
fn start_afresh() -> io::Result<()> {
    const FILES: [&str; 2] = ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"];
    let names: Vec<String> = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
    let foreign =
        |name: &&String| (name.starts_with("AWS_") && !FILES.contains(&name.as_str())) || name.to_ascii_lowercase().ends_with("_proxy");
    let clean = FILES.iter().all(|name| std::env::var_os(name).is_some_and(|value| value == "/dev/null"));
    if clean && !names.iter().any(|name| foreign(&name)) {
        return Ok(());
    }
    let mut again = Command::new(std::env::current_exe()?);
    again.args(std::env::args_os().skip(1));
    for name in names.iter().filter(foreign) {
        again.env_remove(name);
    }
    // `exec` comes back only with an error.
    Err(again.envs(FILES.map(|name| (name, "/dev/null"))).exec())
}

/// Runs the daemon and tells the story. Returns whether everything came out as it should.
async fn tell() -> Result<bool, Box<dyn Error>> {
    let began = Instant::now();
    let start: Timestamp = START.parse()?;
    let day = |days: i64| start + SignedDuration::from_hours(24 * days);
    let folder = tempfile::tempdir()?;
    let estate = Estate::new(start);
    let before = estate.trapped(&estate.world);
    let sim = Sim::new(estate.world.clone());
    let mut demo = Demo::start(sim, folder.path()).await?;
    let story = Story { estate: &estate, start };

    story.title(&demo);
    story.estate();
    let deeds = demo.cycle(CycleKind::Scan).await?;
    story.first_plan(&demo).await?;
    story.weeks();
    story.deeds(&deeds);

    let mishap = day(MISHAP) + SignedDuration::from_mins(207);
    demo.run_until(mishap, CycleKind::Scan, |deeds| story.deeds(deeds)).await?;
    story.mishap(mishap);
    demo.sim.world(|world| world.image_mut(&estate.mishap).map(|image| image.launch_permissions.insert(Permission::Everyone)));
    demo.run_until(mishap + SignedDuration::from_mins(10), CycleKind::Exposure, |deeds| story.deeds(deeds)).await?;
    demo.run_until(day(DAYS), CycleKind::Scan, |deeds| story.deeds(deeds)).await?;

    story.message(&demo)?;
    story.endpoint(&demo).await?;
    story.traps(&demo.plan().await?);
    story.ledger(&demo).await?;
    let passed = checks::run(&demo, &estate, &before).await?;
    story.end(&demo, began.elapsed(), passed);
    demo.engine.ledger.close().await;
    Ok(passed)
}
