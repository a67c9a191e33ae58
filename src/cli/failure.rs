//! How a command ends when it does not succeed.

use std::process::ExitCode;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, Report};
use thiserror::Error;

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
        let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let mut text = String::new();
        let rendered = GraphicalReportHandler::new_themed(theme).with_width(110).render_report(&mut text, report.as_ref());
        match rendered {
            Ok(()) => anstream::eprintln!("{}", text.trim_end()),
            Err(_) => anstream::eprintln!("error: {report}"),
        }
        ExitCode::from(code)
    }
}
