//! Commands and options, with the help that teaches them.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;

use super::failure::Failure;

/// Governs Amazon Machine Images: finds what is public, shared, stale or unused, holds back whatever it cannot prove
/// safe, and acts step by step in a way that can be undone.
#[derive(Debug, Parser)]
#[command(name = "ami-warden", version, max_term_width = 100, after_help = AFTER_HELP)]
pub(super) struct Arguments {
    /// The configuration file [default: ami-warden.toml, else /etc/ami-warden/ami-warden.toml, else built-in defaults]
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Say more: -v lists everything and logs what is read, -vv logs every request
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// The form of log lines on stderr
    #[arg(long, global = true, value_name = "FORM", default_value = "text")]
    pub(super) log_format: LogFormat,
    /// Whether to colour what people read
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(super) color: Color,
    #[command(subcommand)]
    pub(super) command: Command,
}

const AFTER_HELP: &str = "\
Exit codes: 0 done, 1 failed, 2 configuration, policy or usage error; with --detailed-exitcode, 3 when steps are due.
Only `apply`, and `run` in mode \"enforce\", change anything in AWS.

First steps:
  ami-warden check --aws          are configuration, policies and permissions in order?
  ami-warden plan                 what would be done, and what is held back by what
  ami-warden explain ami-0abc…    why this image is due, held or left alone";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

impl Color {
    pub(super) fn apply(self) {
        let choice = match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check configuration and policies, and print the next runs; with --aws also credentials and permissions
    Check(Check),
    /// Read the estate and write it as files that `plan --from` reads
    #[cfg(feature = "aws")]
    Record(Record),
    /// Scan (or read a recorded estate) and print what is due, pending and held; changes nothing
    Plan(Plan),
    /// Enact a saved plan, or make one and enact it; every step is checked again first
    #[cfg(feature = "aws")]
    Apply(Apply),
    /// Say yes to what a saved plan holds for approval
    Approve(Approve),
    /// Tell why an image or snapshot is due, held or left alone, and what would change that
    Explain(Explain),
    /// Run as a daemon: scan on schedule, plan, act as far as the mode allows, report
    #[cfg(feature = "aws")]
    Run(Run),
    /// Look up what was decided and done
    #[command(subcommand)]
    Ledger(Ledger),
    /// List the policies, or print the Cedar schema they are written against
    #[command(subcommand)]
    Policies(Policies),
    /// Print shell completions
    Completions { shell: clap_complete::Shell },
    /// Write man pages into a folder
    Man {
        #[arg(value_name = "DIR")]
        out: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// Also check credentials and, by dry run, the permission for every call
    #[cfg(feature = "aws")]
    #[arg(long)]
    pub(super) aws: bool,
}

#[derive(Debug, Args)]
pub(super) struct Record {
    /// The folder to write DIR/<account>/<region>/<source>.json into
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub(super) struct From {
    /// Read a recorded estate instead of AWS; needs no credentials and opens no ledger
    #[arg(long, value_name = "DIR")]
    pub(super) from: Option<PathBuf>,
    /// The moment to judge by, such as 2026-11-20T00:00:00Z [default: now]
    #[arg(long, value_name = "RFC3339")]
    pub(super) now: Option<Timestamp>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct Plan {
    #[command(flatten)]
    pub(super) from: From,
    /// Also write the plan as JSON, for `apply` and `approve`
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Exit with 3 when steps are due
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
    /// Plan as after a person's approval: policies may allow more than to the daemon alone
    #[arg(long)]
    pub(super) after_approval: bool,
}

#[derive(Debug, Args)]
pub(super) struct Apply {
    /// A plan saved by `plan --out`; without it, one is made, shown and enacted
    pub(super) file: Option<PathBuf>,
    /// Do not ask
    #[arg(long)]
    pub(super) yes: bool,
}

#[derive(Debug, Args)]
pub(super) struct Approve {
    /// A plan saved by `plan --out`
    pub(super) file: PathBuf,
    /// Do not ask
    #[arg(long)]
    pub(super) yes: bool,
}

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// An image or snapshot id
    #[arg(value_name = "RESOURCE")]
    pub(super) resource: String,
    #[command(flatten)]
    pub(super) from: From,
}

#[derive(Debug, Args)]
pub(super) struct Run {
    /// Stop after the cycle made at start
    #[arg(long)]
    pub(super) once: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Ledger {
    /// The newest cycles, newest first
    List {
        /// At most this many
        #[arg(long, default_value_t = 20)]
        limit: u32,
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: Format,
    },
    /// A cycle by number, a plan by id, or the whole story of an image or snapshot
    Show {
        id: String,
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: Format,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Policies {
    /// The policies in force
    List {
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: Format,
    },
    /// The Cedar schema
    Schema,
}

/// Prints completions for `shell`.
pub(super) fn print_completions(shell: clap_complete::Shell) -> Result<ExitCode, Failure> {
    clap_complete::generate(shell, &mut Arguments::command(), "ami-warden", &mut io::stdout());
    Ok(ExitCode::SUCCESS)
}

/// Writes a man page per command into `out`.
pub(super) fn write_man_pages(out: &Path) -> Result<ExitCode, Failure> {
    let written = std::fs::create_dir_all(out).and_then(|()| clap_mangen::generate_to(Arguments::command(), out));
    written.map_err(|error| Failure::failed(format!("cannot write man pages to `{}`: {error}", out.display())))?;
    Ok(ExitCode::SUCCESS)
}
