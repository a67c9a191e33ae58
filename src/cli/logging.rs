//! Log lines on stderr.

use tracing_subscriber::EnvFilter;

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
    let colour = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour).with_target(false);
    // A second start (in a test) keeps the first logger: nothing is lost.
    let _ = match arguments.log_format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
}
