//! `DescribeInstances` and `DescribeVolumes`.

use aws_sdk_ec2::types::Filter;

use super::{EC2_PAGE, list, tags, time};
use crate::aws::clients::Clients;
use crate::aws::error::AwsError;
use crate::aws::pace::Api;
use crate::aws::pages::{Page, all_pages};
use crate::inventory::answers::{DescribeInstances, DescribeVolumes, EbsVolume, Instance, InstanceState, Reservation};
use crate::model::AmiId;

/// Instances in every state, those that services manage included.
pub async fn instances(clients: &Clients) -> Result<DescribeInstances, AwsError> {
    listing(clients, None).await
}

/// The ids of the instances that run one image and are not terminated: the last look before it goes.
pub async fn instances_of(clients: &Clients, image: &AmiId) -> Result<Vec<String>, AwsError> {
    let filter = Filter::builder().name("image-id").values(image.as_str()).build();
    let answer = listing(clients, Some(filter)).await?;
    let instances = answer.reservations.into_iter().flatten().flatten().flat_map(|reservation| reservation.instances).flatten().flatten();
    let alive = instances.filter(|instance| instance.state.as_ref().and_then(|state| state.name.as_deref()) != Some("terminated"));
    Ok(alive.map(|instance| instance.instance_id.unwrap_or_else(|| "without an id".into())).collect())
}

async fn listing(clients: &Clients, filter: Option<Filter>) -> Result<DescribeInstances, AwsError> {
    let filters = filter.map(|filter| vec![filter]);
    let reservations = all_pages("Reservations", async |token| {
        clients.turn(Api::read("DescribeInstances")).await;
        let page = clients
            .ec2
            .describe_instances()
            .include_managed_resources(true)
            .set_filters(filters.clone())
            .max_results(EC2_PAGE)
            .set_next_token(token)
            .send()
            .await
            .map_err(AwsError::of)?;
        Ok(Page { items: list(page.reservations, reservation), next: page.next_token })
    });
    Ok(DescribeInstances { reservations: Some(reservations.await?) })
}

fn reservation(reservation: aws_sdk_ec2::types::Reservation) -> Reservation {
    Reservation {
        instances: list(reservation.instances, |instance| Instance {
            instance_id: instance.instance_id,
            image_id: instance.image_id,
            state: instance.state.map(|state| InstanceState { name: state.name.map(|name| name.as_str().to_owned()) }),
            launch_time: time(instance.launch_time),
            tags: tags(instance.tags),
        }),
    }
}

/// All volumes, to know whether a snapshot's source still exists.
pub async fn volumes(clients: &Clients) -> Result<DescribeVolumes, AwsError> {
    let volumes = all_pages("Volumes", |token| async move {
        clients.turn(Api::read("DescribeVolumes")).await;
        let page = clients
            .ec2
            .describe_volumes()
            .include_managed_resources(true)
            .max_results(EC2_PAGE)
            .set_next_token(token)
            .send()
            .await
            .map_err(AwsError::of)?;
        let convert = |volume: aws_sdk_ec2::types::Volume| EbsVolume { volume_id: volume.volume_id, snapshot_id: volume.snapshot_id };
        Ok(Page { items: list(page.volumes, convert), next: page.next_token })
    });
    Ok(DescribeVolumes { volumes: Some(volumes.await?) })
}
