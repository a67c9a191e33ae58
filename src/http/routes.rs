//! The routes. Every answer comes from memory.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use serde_json::json;

use crate::model::json_text;

use super::Status;

/// Answers come from memory; one that takes this long never comes.
const TIMEOUT: Duration = Duration::from_secs(10);

/// All routes. `GET` and `HEAD` only; anything else on them is 405.
pub(super) fn router(status: Arc<Status>) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/api/v1/status", get(show_status))
        .route("/api/v1/plan", get(plan))
        .fallback(not_found)
        .layer(from_fn(guard))
        .with_state(status)
}

async fn guard(request: Request, next: Next) -> Response {
    let answered = tokio::time::timeout(TIMEOUT, next.run(request)).await;
    let mut response =
        answered.unwrap_or_else(|_| (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "error": "no answer in time" }))).into_response());
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn ready(State(status): State<Arc<Status>>) -> Response {
    let readiness = status.readiness();
    let code = if readiness.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, shown(&readiness)).into_response()
}

async fn metrics(State(status): State<Arc<Status>>) -> Response {
    match status.metrics() {
        Ok(text) => ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response(),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": "the metrics cannot be written" }))).into_response(),
    }
}

async fn show_status(State(status): State<Arc<Status>>) -> Response {
    let readiness = status.readiness();
    shown(&json!({ "readiness": readiness, "status": status.facts() }))
}

/// Errors in it are the words of AWS: whoever asks with `curl` has them on a terminal.
fn shown(value: &impl Serialize) -> Response {
    match json_text(value) {
        Ok(text) => ([(CONTENT_TYPE, "application/json")], text).into_response(),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": "this cannot be written" }))).into_response(),
    }
}

async fn plan(State(status): State<Arc<Status>>) -> Response {
    match status.document() {
        Some(document) => ([(CONTENT_TYPE, "application/json")], document).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({ "error": "no plan has been made yet; `/readyz` says why" }))).into_response(),
    }
}

async fn not_found() -> Response {
    let known = ["/healthz", "/readyz", "/metrics", "/api/v1/status", "/api/v1/plan"];
    (StatusCode::NOT_FOUND, Json(json!({ "error": "there is nothing here", "routes": known }))).into_response()
}
