//! The routes over a real loopback socket.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::{Census, HttpError, Sent, Status, bind, serve};
use crate::ledger::{CycleKind, CycleResult, Outbox, Outcome};
use crate::model::{Action, Gap, Mode, Place, Source};
use crate::plan::Plan;

/// A served status with a clock of its own.
struct Served {
    address: SocketAddr,
    status: Arc<Status>,
    second: Arc<AtomicI64>,
    stop: oneshot::Sender<()>,
    server: JoinSet<Result<(), HttpError>>,
}

impl Served {
    async fn start() -> Self {
        let second = Arc::new(AtomicI64::new(0));
        let clock = Arc::clone(&second);
        let now = move || Timestamp::from_second(1_800_000_000 + clock.load(Ordering::SeqCst)).unwrap();
        let status = Arc::new(Status::new("1.2.3", Mode::Notify, SignedDuration::from_hours(13), now));
        let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let shown = Arc::clone(&status);
        let mut server = JoinSet::new();
        server.spawn(serve(listener, shown, async move { _ = stopped.await }));
        Self { address, status, second, stop, server }
    }

    async fn ready() -> Self {
        let served = Self::start().await;
        served.status.policies_loaded(12);
        served.status.ledger_checked(Ok(()));
        served.status.cycle_started(CycleKind::Scan);
        served.status.cycle_finished(CycleKind::Scan, CycleResult::Gaps, None);
        served
    }

    fn pass(&self, seconds: i64) {
        self.second.fetch_add(seconds, Ordering::SeqCst);
    }

    async fn get(&self, path: &str) -> (u16, String, String) {
        self.ask("GET", path).await
    }

    /// Status code, header and body.
    async fn ask(&self, method: &str, path: &str) -> (u16, String, String) {
        let request = format!("{method} {path} HTTP/1.1\r\nHost: warden\r\nConnection: close\r\n\r\n");
        let address = self.address;
        let answer = tokio::task::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        })
        .await
        .unwrap();
        let (header, body) = answer.split_once("\r\n\r\n").unwrap();
        let code = header.split(' ').nth(1).unwrap().parse().unwrap();
        (code, header.to_ascii_lowercase(), body.to_owned())
    }

    async fn reasons(&self) -> (u16, String) {
        let (code, _, body) = self.get("/readyz").await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["ready"], code == 200);
        (code, body["reasons"].to_string())
    }
}

fn plan() -> Plan {
    let place = Place::new("111122223333", "eu-central-1");
    let steps = ["ami-1", "ami-2"].map(|id| {
        serde_json::from_value(serde_json::json!({
            "action": "deprecate", "account": "111122223333", "region": "eu-central-1", "resource": id, "context": {}, "because": ["old"], "severity": "medium",
        }))
        .unwrap()
    });
    Plan {
        version: 1,
        plan_id: "abc".into(),
        now: Timestamp::from_second(1_800_000_000).unwrap(),
        complete: false,
        principal: crate::model::Principal::Automatic,
        gaps: vec![Gap::in_place(&place, Source::Instances, "denied")],
        steps: steps.into(),
        pending: vec![],
        held: vec![],
        findings: vec![],
        untouched: vec![],
    }
}

#[tokio::test]
async fn alive_is_not_ready() {
    let served = Served::start().await;
    assert_eq!(served.get("/healthz").await.0, 200);
    let (code, reasons) = served.reasons().await;
    assert_eq!(code, 503);
    for reason in ["policies are not loaded yet", "ledger is not open yet", "no full cycle has ended yet"] {
        assert!(reasons.contains(reason), "{reasons}");
    }
}

#[tokio::test]
async fn ready_after_a_full_cycle_until_it_is_too_old() {
    let served = Served::ready().await;
    assert_eq!(served.reasons().await, (200, "[]".into()));
    served.pass(13 * 3_600 + 1);
    served.status.ledger_checked(Ok(()));
    let (code, reasons) = served.reasons().await;
    assert!(code == 503 && reasons.contains("too long ago"), "{reasons}");
    served.status.cycle_started(CycleKind::Scan);
    served.status.cycle_finished(CycleKind::Scan, CycleResult::Failed, Some("every endpoint refused".into()));
    assert!(served.reasons().await.1.contains("the last one failed: every endpoint refused"));
    served.status.cycle_finished(CycleKind::Exposure, CycleResult::Complete, None);
    assert_eq!(served.reasons().await.0, 503, "an exposure scan is no full cycle");
    served.status.cycle_finished(CycleKind::Scan, CycleResult::Complete, None);
    assert_eq!(served.reasons().await.0, 200);
}

#[tokio::test]
async fn not_ready_while_the_ledger_cannot_be_written() {
    let served = Served::ready().await;
    served.status.ledger_checked(Err("no space left".into()));
    assert_eq!(served.reasons().await, (503, r#"["the ledger cannot be written: no space left"]"#.into()));
    served.status.ledger_checked(Ok(()));
    served.pass(601);
    assert!(served.reasons().await.1.contains("the daemon hangs"));
}

#[tokio::test]
async fn a_refused_reload_leaves_it_ready_and_is_shown() {
    let served = Served::ready().await;
    served.status.policies_refused("policies/x.cedar:3: unexpected token");
    assert_eq!(served.reasons().await.0, 200);
    let (_, _, body) = served.get("/api/v1/status").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["status"]["policies"]["refused"], "policies/x.cedar:3: unexpected token");
    assert_eq!(body["status"]["version"], "1.2.3");
}

#[tokio::test]
async fn the_plan_is_the_document_itself() {
    let served = Served::ready().await;
    assert_eq!(served.get("/api/v1/plan").await.0, 404);
    served.status.planned(&plan(), &Census::new()).unwrap();
    let (code, header, body) = served.get("/api/v1/plan").await;
    assert!(code == 200 && header.contains("content-type: application/json"));
    assert_eq!(serde_json::from_str::<Plan>(&body).unwrap(), plan());
    let (_, _, status) = served.get("/api/v1/status").await;
    let status: Value = serde_json::from_str(&status).unwrap();
    assert_eq!((&status["status"]["plan"]["plan_id"], &status["status"]["plan"]["steps"]), (&"abc".into(), &2.into()));
}

#[tokio::test]
async fn prometheus_reads_what_the_plan_holds() {
    let served = Served::ready().await;
    let place = Place::new("111122223333", "eu-central-1");
    served.status.planned(&plan(), &[(place.clone(), (120, 340))].into()).unwrap();
    served.status.enacted(Action::Deprecate, &Outcome::Skipped { reason: String::new() });
    for (requests, bytes, millis) in [(7, 70_000, 500), (9, 90_000, 750), (2, 20_000, 250)] {
        let sent = Sent { requests, bytes, waited: Duration::from_millis(millis) };
        served.status.requests_sent([(&place, "DescribeImages", sent)]);
    }
    served.status.outbox(Outbox { waiting: 3, ..Outbox::default() });
    let (code, header, body) = served.get("/metrics").await;
    assert!(code == 200 && header.contains("application/openmetrics-text"));
    for line in [
        r#"ami_warden_build_info{version="1.2.3"} 1"#,
        r#"ami_warden_cycles_total{kind="scan",result="gaps"} 1"#,
        r#"ami_warden_last_cycle_timestamp_seconds{kind="scan"} 1800000000.0"#,
        r#"ami_warden_images{account="111122223333",region="eu-central-1"} 120"#,
        r#"ami_warden_plan_steps{action="deprecate",account="111122223333",region="eu-central-1"} 2"#,
        r#"ami_warden_plan_gaps{account="111122223333",region="eu-central-1"} 1"#,
        r#"ami_warden_steps_enacted_total{action="deprecate",outcome="skipped"} 1"#,
        r#"ami_warden_aws_requests_total{api="DescribeImages",account="111122223333",region="eu-central-1"} 11"#,
        r#"ami_warden_aws_answer_bytes_total{api="DescribeImages",account="111122223333",region="eu-central-1"} 110000"#,
        r#"ami_warden_aws_request_seconds_total{api="DescribeImages",account="111122223333",region="eu-central-1"} 1.0"#,
        "ami_warden_outbox_waiting 3",
        "ami_warden_ready 1",
        "# EOF",
    ] {
        assert!(body.lines().any(|found| found == line), "{line}\nnot in\n{body}");
    }
    let empty = Plan { steps: vec![], gaps: vec![], ..plan() };
    served.status.planned(&empty, &Census::new()).unwrap();
    let (_, _, body) = served.get("/metrics").await;
    assert!(!body.contains("ami_warden_plan_steps{") && !body.contains("ami_warden_images{"), "what is gone is gone");
}

#[tokio::test]
async fn the_number_of_series_is_bounded() {
    let served = Served::ready().await;
    let census: Census = (0..5_000).map(|number| (Place::new(format!("{number:012}"), "eu-central-1"), (1, 1))).collect();
    served.status.planned(&plan(), &census).unwrap();
    let (_, _, body) = served.get("/metrics").await;
    let images: Vec<&str> = body.lines().filter(|line| line.starts_with("ami_warden_images{")).collect();
    assert!(images.len() <= 501, "{}", images.len());
    let sum: i64 = images.iter().map(|line| line.rsplit(' ').next().unwrap().parse::<i64>().unwrap()).sum();
    assert_eq!(sum, 5_000, "nothing is left out of the sum");
}

#[tokio::test]
async fn no_route_changes_anything() {
    let served = Served::ready().await;
    for path in ["/healthz", "/readyz", "/metrics", "/api/v1/status", "/api/v1/plan"] {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            assert_eq!(served.ask(method, path).await.0, 405, "{method} {path}");
        }
    }
    let (code, header, body) = served.get("/api/v1/policies").await;
    assert!(code == 404 && serde_json::from_str::<Value>(&body).unwrap()["error"].is_string());
    assert!(header.contains("x-content-type-options: nosniff"));
}

#[tokio::test]
async fn a_port_in_use_is_said_to_be_in_use() {
    let served = Served::start().await;
    let error = bind(served.address).await.unwrap_err();
    assert!(matches!(error, HttpError::InUse { .. }));
    assert!(error.to_string().starts_with(&format!("`{}` is in use", served.address)), "{error}");
    let error = bind("192.0.2.1:0".parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, HttpError::NotHere { .. }), "{error}");
}

#[tokio::test]
async fn it_ends_when_asked_even_with_an_idle_connection() {
    let mut served = Served::start().await;
    let _idle = tokio::net::TcpStream::connect(served.address).await.unwrap();
    assert_eq!(served.get("/healthz").await.0, 200);
    served.stop.send(()).unwrap();
    served.server.join_next().await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_silent_connection_makes_room_for_others() {
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let guarded = super::connection::Guarded::with_limits(listener, 1, std::time::Duration::from_millis(50));
    let status = Arc::new(Status::new("1", Mode::Observe, SignedDuration::ZERO, || Timestamp::UNIX_EPOCH));
    let (stop, stopped) = oneshot::channel::<()>();
    let routes = super::routes::router(Arc::clone(&status));
    let mut server = JoinSet::new();
    server.spawn(async move {
        let served = axum::serve(guarded, routes).with_graceful_shutdown(async move { _ = stopped.await });
        served.await.map_err(|source| HttpError::Serve { source })
    });
    let served = Served { address, status, second: Arc::default(), stop, server };
    let silent = tokio::net::TcpStream::connect(address).await.unwrap();
    assert_eq!(served.get("/healthz").await.0, 200, "the only place is free again");
    drop(silent);
}
