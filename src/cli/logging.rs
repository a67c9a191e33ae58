//! Log lines on stderr: one line each, whatever AWS or a file said.

use std::borrow::Cow;
use std::io::{self, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::model::{is_harmless, printable_json};

use super::arguments::{Arguments, LogFormat};

/// Starts logging. `RUST_LOG` wins over `-v`. What the SDK would log comes back as an error, and is told once there.
pub(super) fn start(arguments: &Arguments) {
    let ours = match arguments.verbose {
        0 => "info",
        1 => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(format!("warn,aws_config=off,aws_smithy_runtime=off,ami_warden={ours}")));
    let colour = anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never;
    let form = match arguments.log_format {
        LogFormat::Text => Form::Text { colour },
        LogFormat::Json => Form::Json,
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(form).with_ansi(colour).with_target(false);
    // A second start (in a test) keeps the first logger: nothing is lost.
    let _ = match form {
        Form::Text { .. } => lines.try_init(),
        Form::Json => lines.json().flatten_event(true).try_init(),
    };
}

/// How events are written to stderr.
#[derive(Clone, Copy, Debug)]
enum Form {
    Text { colour: bool },
    Json,
}

impl Form {
    /// An event as one line. The subscriber escapes the escape sequences of messages itself; those that are left are its
    /// own colours. Line ends and marks of direction it lets through.
    fn line(self, event: &str) -> Cow<'_, str> {
        let own = |letter: char| is_harmless(letter) || (letter == '\u{1b}' && matches!(self, Self::Text { colour: true }));
        if event.chars().all(own) {
            return Cow::Borrowed(event);
        }
        match self {
            Self::Json => Cow::Owned(printable_json(event)),
            Self::Text { .. } => Cow::Owned(
                event.chars().map(|letter| if own(letter) { letter.to_string() } else { letter.escape_default().to_string() }).collect(),
            ),
        }
    }
}

/// One event, which the subscriber writes in one piece.
#[derive(Debug)]
struct Event(Form);

impl Write for Event {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let mut line = self.0.line(text).into_owned();
        line.push('\n');
        io::stderr().lock().write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl<'a> MakeWriter<'a> for Form {
    type Writer = Event;

    fn make_writer(&'a self) -> Event {
        Event(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = "\u{1b}[32mINFO\u{1b}[0m \\x1b[2J one\nERROR forged\r\u{202e}";

    #[test]
    fn an_event_is_one_line_and_keeps_only_the_colours_of_the_log() {
        assert_eq!(Form::Text { colour: true }.line(EVENT), "\u{1b}[32mINFO\u{1b}[0m \\x1b[2J one\\nERROR forged\\r\\u{202e}");
        assert!(!Form::Text { colour: false }.line(EVENT).contains('\u{1b}'));
        assert_eq!(Form::Json.line("{\"message\":\"a\u{9b}b\"}"), "{\"message\":\"a\\u009bb\"}");
    }
}
