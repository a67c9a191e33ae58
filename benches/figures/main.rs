//! The figures of `docs/benchmarks.md`: `cargo bench --bench figures`.
//!
//! Measures the real program from outside, as its user meets it: wall time, CPU time and peak memory of the process.
//! With `--no-default-features` only what needs no AWS SDK is measured.

mod estate;
#[cfg(feature = "aws")]
mod live;
#[cfg(feature = "aws")]
mod place;
mod process;

use std::path::Path;
use std::process::Command;

use process::measure;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ami-warden");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("| figure | value |");
    println!("| --- | --- |");
    for (images, snapshots) in [(10_000, 15_000), (100_000, 150_000)] {
        plan_of(images, snapshots, 30)?;
    }
    #[cfg(feature = "aws")]
    {
        live::figures()?;
        place::figures()?;
    }
    Ok(())
}

/// `plan --from` on a generated estate with the shipped policies.
fn plan_of(images: usize, snapshots: usize, regions: usize) -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let bytes = estate::write(dir.path(), images, snapshots, regions)?;
    let out = dir.path().join("plan.json");
    let mut plan = Command::new(PROGRAM);
    plan.arg("plan").arg("--from").arg(dir.path()).args(["--now", estate::NOW, "--out"]).arg(&out);
    let figures = measure(&mut plan, None)?;
    let counted = count(&out)?;
    let name = format!("`plan --from`, {images} images, {snapshots} snapshots, {regions} Regions ({} MB of JSON)", bytes / 1_000_000);
    println!("| {name}: wall | {:.1} s |", figures.wall.as_secs_f64());
    println!("| … CPU | {:.1} s |", figures.cpu.as_secs_f64());
    println!("| … peak memory | {} MB |", figures.peak_kib / 1024);
    println!("| … CPU per image (with its snapshots) | {:.0} µs |", figures.cpu.as_secs_f64() * 1e6 / images as f64);
    println!("| … in the plan | {counted} |");
    Ok(())
}

/// What the plan held, to see that there was work to do.
fn count(plan: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let plan: serde_json::Value = serde_json::from_reader(std::io::BufReader::new(std::fs::File::open(plan)?))?;
    let length = |list: &str| plan.get(list).and_then(|list| list.as_array()).map_or(0, Vec::len);
    Ok(format!("{} steps, {} pending, {} held, {} findings", length("steps"), length("pending"), length("held"), length("findings")))
}
