//! The program itself, as its user runs it, against a simulated AWS.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use ami_warden_sim::{Server, Sim, World};
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;

use super::harness::{HERE, OURS, THERE};

/// Longer than anything takes here, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program reads the real clock, so its world has to live now.
#[expect(clippy::disallowed_methods, reason = "the program under test reads the real clock")]
pub(crate) fn world_of_today() -> World {
    let mut world = World::new(Timestamp::now());
    world.limit_regions(&[HERE, THERE]);
    world.account(OURS).region(HERE);
    world
}

/// A folder with a configuration, and an AWS to work on.
pub(crate) struct Bench {
    pub(crate) sim: Sim,
    server: Server,
    folder: TempDir,
    pub(crate) port: u16,
}

impl Bench {
    /// `configuration` is added to where ledger and health endpoint are.
    pub(crate) async fn new(world: World, configuration: &str) -> Self {
        let sim = Sim::new(world);
        let server = sim.serve().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let bench = Self { sim, server, folder, port: free_port() };
        let text = format!("{configuration}\n[http]\nlisten = \"127.0.0.1:{}\"\n[ledger]\npath = \"ledger.db\"\n", bench.port);
        std::fs::write(bench.path("ami-warden.toml"), text).unwrap();
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program with credentials for the simulation, and nothing else in its environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.stranger(arguments);
        command.env("AWS_ACCESS_KEY_ID", format!("AKIA{OURS}")).env("AWS_SECRET_ACCESS_KEY", "x");
        command.env("AWS_ENDPOINT_URL", self.server.endpoint());
        command
    }

    /// The program with neither credentials nor endpoint.
    pub(crate) fn stranger(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ami-warden"));
        command.args(arguments).env_clear().env("HOME", self.folder.path()).env("AWS_REGION", HERE).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs it, which must succeed; what it printed.
    pub(crate) fn prints(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.prints(&[arguments, &["--format", "json"]].concat())).unwrap()
    }

    /// What changed in EC2 so far.
    pub(crate) fn changes(&self) -> Vec<String> {
        let of_ec2 = |entry: &&ami_warden_sim::Entry| entry.service == "ec2";
        self.sim.world(|world| world.journal.effects().filter(of_ec2).map(|entry| entry.action.clone()).collect())
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A running daemon and what it logs. Dropped, it is gone.
pub(crate) struct Daemon {
    child: Child,
    lines: Receiver<String>,
    port: u16,
}

impl Daemon {
    pub(crate) fn start(mut command: Command, port: u16) -> Self {
        let mut child = command.spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let (tell, lines) = channel();
        std::thread::Builder::new()
            .spawn(move || {
                for line in log.lines().map_while(Result::ok) {
                    if tell.send(line).is_err() {
                        return;
                    }
                }
            })
            .unwrap();
        Self { child, lines, port }
    }

    /// Waits until it logs a line with `words`.
    pub(crate) fn says(&self, words: &str) {
        let end = Instant::now() + PATIENCE;
        let mut heard = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            if line.contains(words) {
                return;
            }
            heard.push(line);
        }
        panic!("it never said `{words}`:\n{}", heard.join("\n"));
    }

    /// The status and body of one of its pages.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// Asks until the answer is as wanted.
    pub(crate) fn gets(&self, path: &str, wanted: impl Fn(u16, &str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let (status, body) = self.get(path);
            if wanted(status, &body) {
                return body;
            }
            assert!(Instant::now() < end, "{path}: {status} {body}");
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end.
    pub(crate) fn ends(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        // Its log ends with it.
        while self.lines.recv_timeout(end.saturating_duration_since(Instant::now())).is_ok() {}
        self.child.wait().unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Copies the shipped policies into a folder.
pub(crate) fn shipped_policies(to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/policies")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "cedar") {
            std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}
