//! Findings about what nobody looks into in a place: encrypted parameters, and declarations whose date has passed.

use crate::inventory::{Inventory, Joined};
use crate::model::{Action, ResourceId, Severity, few};

use super::document::Finding;

/// What is said of one place.
pub(super) fn findings(joined: &Joined<'_>, inventory: &Inventory) -> Vec<Finding> {
    let about = |because: &str, severity: Severity, detail: String| Finding {
        action: Action::Notify,
        place: inventory.place.clone(),
        resource: ResourceId::Place(inventory.place.clone()),
        name: String::new(),
        because: vec![because.into()],
        severity,
        detail,
    };
    let expired = expired(joined, inventory).into_iter().map(|detail| about("unused-source-expired", Severity::Medium, detail));
    let secrets = secrets(inventory).map(|detail| about("encrypted-parameters", Severity::Low, detail));
    expired.chain(secrets).collect()
}

/// A source that does not answer and was declared unused until a day that has passed.
fn expired(joined: &Joined<'_>, inventory: &Inventory) -> Vec<String> {
    let mut sources: Vec<_> = inventory.place_gaps().map(|gap| &gap.source).collect();
    sources.dedup();
    let declared =
        sources.into_iter().flat_map(|source| joined.config.sources.declared(source, &inventory.place).map(move |it| (source, it)));
    let over = declared.filter(|(_, it)| it.until <= joined.now).map(|(source, it)| {
        format!(
            "{source} does not answer, and was declared unused until {} ({}): let it be read, or renew the declaration in `[[sources.unused]]`",
            it.until.strftime("%Y-%m-%d"),
            it.reason.escape_default()
        )
    });
    over.collect()
}

/// Parameters whose values are secret: an image id in one would not be seen.
fn secrets(inventory: &Inventory) -> Option<String> {
    let names = few(inventory.secrets.iter().map(|name| format!("`{}`", name.escape_default())))?;
    Some(format!(
        "{names} are encrypted and were not read: an image id in one of them is no use here, so keep such ids in plain parameters or tag the image"
    ))
}
