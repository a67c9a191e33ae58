//! The command line: reads arguments, files and the environment, builds what the library needs, prints.
//!
//! Output for people and programs goes to stdout, logs and progress to stderr.

#[cfg(feature = "aws")]
mod access;
mod arguments;
mod check;
#[cfg(feature = "aws")]
mod cost;
mod explain;
mod failure;
mod ledger;
#[cfg(feature = "aws")]
mod live;
mod logging;
mod plan;
mod policies;
#[cfg(feature = "aws")]
mod progress;
mod render;
mod settings;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

pub use render::plan_text;

use arguments::{Arguments, Command};
use failure::Failure;

/// Runs the command that the program's arguments name and returns its exit code: 0 done, 1 failed, 2 configuration,
/// policy or usage error, 3 steps are due (`--detailed-exitcode`).
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    arguments.color.apply();
    logging::start(&arguments);
    match run(arguments) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

/// Prints for people and programs. Whoever reads only the first lines (`| head`) has what they wanted.
fn print(text: &str) -> Result<ExitCode, Failure> {
    match anstream::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(Failure::failed(format!("cannot print: {error}"))),
        Ok(()) => Ok(ExitCode::SUCCESS),
    }
}

fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let Arguments { config, command, verbose, .. } = arguments;
    let settings = || settings::Settings::load(config.as_deref());
    match command {
        Command::Completions { shell } => arguments::print_completions(shell),
        Command::Man { out } => arguments::write_man_pages(&out),
        Command::Policies(command) => policies::run(command, settings),
        Command::Ledger(command) => ledger::run(command, &settings()?),
        Command::Check(check) => check::run(check, &settings()?),
        Command::Plan(plan) => plan::run(plan, &settings()?, verbose),
        Command::Explain(explain) => explain::run(explain, &settings()?),
        Command::Approve(approve) => ledger::approve(approve, &settings()?),
        #[cfg(feature = "aws")]
        Command::Record(record) => live::record(record, &settings()?, verbose),
        #[cfg(feature = "aws")]
        Command::Apply(apply) => live::apply(apply, &settings()?, verbose),
        #[cfg(feature = "aws")]
        Command::Run(options) => live::run(options, config.as_deref()),
    }
}
