//! Figures that need AWS, which the simulator plays on loopback.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use ami_warden_sim::{RuleResource, Sim, World};

use super::PROGRAM;
use super::process::measure;

const ACCOUNT: &str = "111111111111";
const REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];
const IMAGES_PER_REGION: usize = 200;

/// Requests of a scan against their bound, and the memory of an idle daemon.
pub(crate) fn figures() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    requests_of_a_scan(&runtime)?;
    idle_daemon(&runtime)
}

fn world() -> Result<World, Box<dyn std::error::Error>> {
    let mut world = World::new("2026-11-20T12:00:00Z".parse()?);
    world.limit_regions(&REGIONS);
    for region in REGIONS {
        for kind in [RuleResource::Image, RuleResource::Snapshot] {
            world.account(ACCOUNT).region(region).recycle_bin_rule(kind, 14).put();
        }
        for number in 0..IMAGES_PER_REGION {
            let age = i64::try_from(number * 5)?;
            let image = world.account(ACCOUNT).region(region).image(&format!("app-{number}")).age_days(age).snapshot_size(8).put();
            if number % 10 == 0 {
                world.account(ACCOUNT).region(region).instance(&image).put();
            }
            if number % 40 == 0 {
                world.account(ACCOUNT).region(region).launch_template(&format!("lt-{number}")).version(&image).put();
            }
        }
    }
    Ok(world)
}

/// A live `plan` with the shipped policies. The bound: no request is sent twice.
fn requests_of_a_scan(runtime: &tokio::runtime::Runtime) -> Result<(), Box<dyn std::error::Error>> {
    let sim = Sim::new(world()?);
    let server = runtime.block_on(sim.serve())?;
    let dir = tempfile::tempdir()?;
    let figures = measure(program(&server.endpoint(), dir.path())?.arg("plan"), None)?;
    let (sent, different, permissions) = sim.world(|world| {
        let entries = world.journal.entries();
        let different: BTreeSet<_> = entries.iter().map(|entry| (&entry.region, &entry.service, &entry.action, &entry.params)).collect();
        (entries.len(), different.len(), entries.iter().filter(|entry| entry.action == "DescribeImageAttribute").count())
    });
    println!(
        "| live scan, 17 Regions × 200 images: requests | {sent} (bound {different}: as many different ones; {permissions} for launch permissions) |"
    );
    println!(
        "| … wall, CPU, peak memory | {:.1} s, {:.1} s, {} MB |",
        figures.wall.as_secs_f64(),
        figures.cpu.as_secs_f64(),
        figures.peak_kib / 1024
    );
    Ok(())
}

/// `run` after its first cycle over the same estate.
fn idle_daemon(runtime: &tokio::runtime::Runtime) -> Result<(), Box<dyn std::error::Error>> {
    let sim = Sim::new(world()?);
    let server = runtime.block_on(sim.serve())?;
    let dir = tempfile::tempdir()?;
    let figures = measure(program(&server.endpoint(), dir.path())?.arg("run"), Some(Duration::from_secs(90)))?;
    println!(
        "| idle daemon after a scan of 17 Regions × 200 images: resident, peak | {} MB, {} MB |",
        figures.resident_kib / 1024,
        figures.peak_kib / 1024
    );
    Ok(())
}

fn program(endpoint: &str, dir: &std::path::Path) -> Result<Command, Box<dyn std::error::Error>> {
    let config = dir.join("ami-warden.toml");
    // The yearly schedule keeps the daemon idle after its first cycle.
    std::fs::write(
        &config,
        "[ledger]\npath = \"ledger.db\"\n[http]\nlisten = \"127.0.0.1:0\"\n[schedule]\nscan = \"0 0 0 1 1 *\"\nexposure = \"0 0 0 1 1 *\"\n",
    )?;
    let mut program = Command::new(PROGRAM);
    program.arg("--config").arg(config).env("AWS_ENDPOINT_URL", endpoint).env("AWS_REGION", "us-east-1");
    program.env("AWS_ACCESS_KEY_ID", format!("AKIA{ACCOUNT}")).env("AWS_SECRET_ACCESS_KEY", "simulated");
    Ok(program)
}
