//! CloudTrail's event history of one Region: `LookupEvents`.

use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_smithy_types::DateTime;
use jiff::Timestamp;

use super::{list, time};
use crate::aws::clients::Clients;
use crate::aws::error::AwsError;
use crate::aws::pace::Api;
use crate::aws::pages::{Page, all_pages};
use crate::inventory::answers::{Event, LookupEvents};

/// CloudTrail sends at most 50 events on a page.
const PAGE: i32 = 50;

/// Every event of the calls named `names` since `since`. One chain of pages per name: a lookup has one attribute.
pub async fn events(clients: &Clients, names: &[&str], since: Timestamp) -> Result<LookupEvents, AwsError> {
    let mut all = Vec::new();
    for name in names {
        all.extend(events_named(clients, name, since).await?);
    }
    Ok(LookupEvents { events: Some(all) })
}

async fn events_named(clients: &Clients, name: &str, since: Timestamp) -> Result<Vec<Option<Event>>, AwsError> {
    let attribute = LookupAttribute::builder().attribute_key(LookupAttributeKey::EventName).attribute_value(name).build();
    let attribute = attribute.map_err(|error| AwsError::malformed(error.to_string()))?;
    all_pages("Events", |token| {
        let attribute = attribute.clone();
        async move {
            clients.turn(Api::lookup("LookupEvents")).await;
            let page = clients
                .cloudtrail
                .lookup_events()
                .lookup_attributes(attribute)
                .start_time(DateTime::from_secs(since.as_second()))
                .max_results(PAGE)
                .set_next_token(token)
                .send()
                .await
                .map_err(AwsError::of)?;
            let convert = |event: aws_sdk_cloudtrail::types::Event| Event {
                event_id: event.event_id,
                event_name: event.event_name,
                event_time: time(event.event_time).map(serde_json::Value::String),
                cloud_trail_event: event.cloud_trail_event,
            };
            Ok(Page { items: list(page.events, convert), next: page.next_token })
        }
    })
    .await
}
