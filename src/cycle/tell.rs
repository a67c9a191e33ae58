//! Telling people: a cycle's messages go into the outbox, and from there to SNS.

use crate::aws::WriteOutcome;
use crate::aws::sns::{Publication, publish};
use crate::ledger::{CycleId, CycleKind, LedgerError, Message, Report};
use crate::model::Mode;
use crate::plan::Plan;
use crate::report::{DeliveryReport, Occasion, PolicyTexts, PublishError, deliver, messages};

use super::Warden;

/// Composes the messages of a cycle and puts them into the outbox; from then on they are not lost.
pub(super) async fn tell(warden: Warden<'_>, plan: &Plan, kind: CycleKind, cycle: CycleId) -> Result<(), LedgerError> {
    let Warden { config, policies, ledger, clock, .. } = warden;
    // Nothing is said in mode `observe`, and nothing counts as told: the first report comes with the next mode.
    if config.mode == Mode::Observe {
        return Ok(());
    }
    let now = clock.now();
    let told = ledger.reported_plans().await?;
    let enacted = ledger.unreported().await?;
    let last_digest = ledger.last_digest().await?;
    let texts = |id: &str| {
        let info = policies.info(id)?;
        Some(PolicyTexts {
            title: info.title.clone(),
            reason: info.reason.clone(),
            owner: info.owner.clone(),
            runbook: info.runbook.clone(),
        })
    };
    let composed = messages(&Occasion {
        mode: config.mode,
        kind,
        plan,
        told: &told,
        enacted: &enacted,
        last_digest: last_digest.as_ref(),
        sns: &config.sns,
        keep_tags: &config.tags.keep,
        policies: &texts,
        now,
    });
    let through = enacted.iter().map(|enacted| enacted.number).max().unwrap_or(0);
    ledger.enqueue(&Report { cycle, messages: composed, through }, now).await
}

/// Sends what is due from the outbox.
///
/// # Errors
/// Those of the ledger; that SNS refuses is in the report.
pub async fn deliver_due(warden: Warden<'_>) -> Result<DeliveryReport, LedgerError> {
    let report = deliver(warden.ledger, |message| send(warden, message), warden.clock.now()).await?;
    for (topic, reason) in &report.delayed {
        tracing::warn!(topic, "SNS did not take a message, it is tried again: {reason}");
    }
    for (id, reason) in &report.parked {
        tracing::error!(message.id = id, "SNS will not take this message, it was put aside: {reason}");
    }
    Ok(report)
}

async fn send(warden: Warden<'_>, message: Message) -> Result<String, PublishError> {
    let Message { id: _, topic, event: _, fingerprint: _, subject, body, attributes, plan_id: _ } = message;
    let publication = Publication { topic_arn: topic, subject, body, attributes };
    match publish(warden.aws, &publication).await {
        WriteOutcome::Done(receipt) => Ok(receipt.0),
        // A lost answer may be a sent message: better told twice than never.
        WriteOutcome::Failed(error) | WriteOutcome::Unknown(error) => Err(PublishError::new(error.code, error.message)),
    }
}
