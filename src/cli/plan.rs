//! `plan`: what is due, from AWS or from a recorded estate.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::evidence::Evidence;
use crate::inventory::Joined;
use crate::model::{ResourceId, printable};
use crate::plan::{Plan, Principal, audit, make};

use super::arguments::{self, Format};
use super::failure::Failure;
use super::render;
use super::settings::Settings;

/// The exit code that says "steps are due".
const STEPS_ARE_DUE: u8 = 3;

pub(super) fn run(arguments: arguments::Plan, settings: &Settings, verbose: u8) -> Result<ExitCode, Failure> {
    let principal = if arguments.after_approval { Principal::AfterApproval } else { Principal::Automatic };
    let evidence = evidence(&arguments.from, settings, principal, None, verbose)?;
    let plan = judge(&evidence, settings, principal)?;
    warn_of_gaps(&plan, arguments.from.format);
    if let Some(file) = &arguments.out {
        save(&plan, file)?;
    }
    print(&plan, settings, arguments.from.format, verbose > 0)?;
    let due = arguments.detailed_exitcode && !plan.steps.is_empty();
    Ok(if due { ExitCode::from(STEPS_ARE_DUE) } else { ExitCode::SUCCESS })
}

/// What there is to judge: a recorded estate, or AWS as it is now, asked everything there is to ask `about` one resource.
#[cfg_attr(not(feature = "aws"), expect(unused_variables, reason = "only a live scan has more to tell"))]
pub(super) fn evidence(
    from: &arguments::From,
    settings: &Settings,
    principal: Principal,
    about: Option<&ResourceId>,
    verbose: u8,
) -> Result<Evidence, Failure> {
    let now = from.now.unwrap_or_else(now);
    match &from.from {
        Some(dir) => Evidence::recorded(dir, &settings.config, &settings.policies, principal, now)
            .map_err(|error| Failure::failed(error.to_string())),
        #[cfg(feature = "aws")]
        None => super::live::evidence(settings, principal, now, about.cloned(), verbose),
        #[cfg(not(feature = "aws"))]
        None => Err(Failure::usage("this build cannot talk to AWS: give `--from DIR`")),
    }
}

/// The clock of the command line; everything below is handed the time.
#[expect(clippy::disallowed_methods, reason = "the command line is where the time comes from")]
pub(super) fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Plans, and refuses to show a plan that the audit objects to.
pub(super) fn judge(evidence: &Evidence, settings: &Settings, principal: Principal) -> Result<Plan, Failure> {
    let Evidence { estate, history, approved, now } = evidence;
    let plan = make(&Joined::new(estate, history, &settings.config, *now), &settings.policies, principal, approved);
    let objections = audit(&plan, estate, history, &settings.config);
    if objections.is_empty() {
        return Ok(plan);
    }
    let listed: Vec<String> = objections.iter().map(ToString::to_string).collect();
    Err(Failure::failed_with(
        format!("the audit objects to the plan, which is a fault of ami-warden:\n{}", listed.join("\n")),
        "nothing was changed; please report it with `record --out DIR`",
    ))
}

pub(super) fn print(plan: &Plan, settings: &Settings, format: Format, all: bool) -> Result<(), Failure> {
    match format {
        Format::Text => super::print(&render::plan(plan, &settings.policies, all)).map(|_| ()),
        Format::Json => match write_json(plan, std::io::stdout().lock()) {
            // Whoever reads only the first lines has what they wanted.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(|error| Failure::failed(format!("cannot print the plan: {error}"))),
        },
    }
}

/// Writes the plan whole or not at all.
fn save(plan: &Plan, file: &Path) -> Result<(), Failure> {
    let unsaved = |error: std::io::Error| Failure::failed(format!("cannot save the plan to `{}`: {error}", file.display()));
    let mut partial = file.as_os_str().to_owned();
    partial.push(".partial");
    let written = File::create(&partial).and_then(|out| write_json(plan, out)).and_then(|()| std::fs::rename(&partial, file));
    written.map_err(|error| {
        // What was not finished is of no use; that it cannot be removed either is told by the first error.
        let _ = std::fs::remove_file(&partial);
        unsaved(error)
    })
}

/// A saved plan that nobody edited.
pub(super) fn read(file: &Path) -> Result<Plan, Failure> {
    let text =
        std::fs::read_to_string(file).map_err(|error| Failure::usage(format!("cannot read the plan `{}`: {error}", file.display())))?;
    let plan: Plan = serde_json::from_str(&text).map_err(|error| {
        Failure::usage(format!("`{}` is no saved plan ({error}): make one with `ami-warden plan --out FILE`", file.display()))
    })?;
    if !plan.is_intact() {
        return Err(Failure::usage(format!(
            "`{}` is not as it was saved: make it again with `ami-warden plan --out FILE`",
            file.display()
        )));
    }
    Ok(plan)
}

/// Writes the plan piece by piece: as one text it would take as much memory as the estate.
fn write_json(plan: &Plan, out: impl Write) -> std::io::Result<()> {
    let mut out = BufWriter::new(out);
    crate::model::write_json(plan, &mut out)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Names the gaps on stderr, unless a person sees them on the same terminal anyway.
fn warn_of_gaps(plan: &Plan, format: Format) {
    if format == Format::Text && std::io::stdout().is_terminal() && std::io::stderr().is_terminal() {
        return;
    }
    for gap in &plan.gaps {
        anstream::eprintln!("gap: {}", printable(&gap.to_string()));
    }
}
