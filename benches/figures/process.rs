//! What a process cost, read from /proc while it ran.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The cost of one run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    pub(crate) peak_kib: u64,
    /// Resident at the last look.
    pub(crate) resident_kib: u64,
}

/// Linux counts CPU time in hundredths of a second (proc(5): `sysconf(_SC_CLK_TCK)`, 100 on every machine there is).
const TICKS_PER_SECOND: u64 = 100;

/// Runs `command` to its end, or for as long as `until` says, and tells what it cost.
#[expect(clippy::disallowed_methods, reason = "it only watches another process")]
pub(crate) fn measure(command: &mut Command, until: Option<Duration>) -> Result<Figures, Box<dyn std::error::Error>> {
    let start = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut figures = Figures::default();
    loop {
        look(&child, &mut figures);
        if let Some(status) = child.try_wait()? {
            figures.wall = start.elapsed();
            return if status.success() { Ok(figures) } else { Err(format!("{command:?} ended with {status}").into()) };
        }
        if until.is_some_and(|limit| start.elapsed() >= limit) {
            figures.wall = start.elapsed();
            child.kill()?;
            child.wait()?;
            return Ok(figures);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn look(child: &Child, figures: &mut Figures) {
    let read = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", child.id())).unwrap_or_default();
    let status = read("status");
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok())
    };
    figures.peak_kib = figures.peak_kib.max(field("VmHWM:").unwrap_or(0));
    figures.resident_kib = field("VmRSS:").unwrap_or(figures.resident_kib);
    // Fields 14 and 15 of stat, counted after the name in parentheses: user and system time in ticks.
    let stat = read("stat");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    let cpu = Duration::from_millis((ticks(11) + ticks(12)) * 1000 / TICKS_PER_SECOND);
    figures.cpu = figures.cpu.max(cpu);
}
