//! How a command ends when it does not succeed.

use std::process::ExitCode;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, Report};
use thiserror::Error;

use crate::model::printable_lines;

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Usage(report) | Self::Failed(report)) = self;
        report.fmt(f)
    }
}

/// A failed command, with the exit code of the contract.
#[derive(Debug)]
pub(super) enum Failure {
    /// Exit code 2: the configuration, a policy or the usage is wrong.
    Usage(Report),
    /// Exit code 1: it was asked rightly and did not work.
    Failed(Report),
}

/// A plain message, with what to do next.
#[derive(Debug, Diagnostic, Error)]
#[error("{message}")]
struct Message {
    message: String,
    #[help]
    help: Option<String>,
}

impl Failure {
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(Message { message: message.into(), help: None }.into())
    }

    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self::Failed(Message { message: message.into(), help: None }.into())
    }

    /// Adds what to do next.
    pub(super) fn failed_with(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Failed(Message { message: message.into(), help: Some(help.into()) }.into())
    }

    /// An error of the library with its causes.
    pub(super) fn error(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Failed(Report::from_err(error))
    }

    /// Prints it on stderr and gives the exit code.
    pub(super) fn report(self) -> ExitCode {
        let (report, code) = match self {
            Self::Usage(report) => (report, 2),
            Self::Failed(report) => (report, 1),
        };
        let colour = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
        anstream::eprintln!("{}", text(&report, colour));
        ExitCode::from(code)
    }
}

/// The report as it is printed. What it quotes comes from files and from AWS: what is more than text there costs the report its
/// colours, which could not be told from it.
fn text(report: &Report, colour: bool) -> String {
    let plain = drawn(report, GraphicalTheme::unicode_nocolor());
    let harmless = printable_lines(&plain);
    if colour && harmless == plain { drawn(report, GraphicalTheme::unicode()) } else { harmless }
}

fn drawn(report: &Report, theme: GraphicalTheme) -> String {
    let mut text = String::new();
    match GraphicalReportHandler::new_themed(theme).with_width(110).render_report(&mut text, report.as_ref()) {
        Ok(()) => text.trim_end().to_owned(),
        Err(_) => format!("error: {report}"),
    }
}
