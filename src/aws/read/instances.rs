//! `DescribeInstances` and `DescribeVolumes`.

use aws_sdk_ec2::types::Filter;

use super::{EC2_PAGE, list, tags, time};
use crate::aws::clients::Clients;
use crate::aws::error::AwsError;
use crate::aws::pace::Api;
use crate::aws::pages::{Page, all_pages};
use crate::inventory::answers::{DescribeInstances, DescribeVolumes, EbsVolume, Instance, InstanceState, Reservation};
use crate::inventory::read_launched;
use crate::model::AmiId;

/// Instances in every state, those that services manage included.
pub async fn instances(clients: &Clients) -> Result<DescribeInstances, AwsError> {
    listing(clients, None).await
}

/// The ids of the instances that run one image and are not terminated: the last look before it goes.
pub async fn instances_of(clients: &Clients, image: &AmiId) -> Result<Vec<String>, AwsError> {
    let filter = Filter::builder().name("image-id").values(image.as_str()).build();
    running(&listing(clients, Some(filter)).await?, image)
}

/// Read like any other listing of instances: one that leaves something open is an error, not an unused image.
fn running(answer: &DescribeInstances, image: &AmiId) -> Result<Vec<String>, AwsError> {
    let launched = read_launched(answer).map_err(AwsError::malformed)?;
    Ok(launched.into_iter().filter(|(_, launched)| launched == image.as_str()).map(|(instance, _)| instance).collect())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(id: Option<&str>, state: &str) -> Option<Instance> {
        Some(Instance {
            instance_id: id.map(Into::into),
            image_id: Some("ami-1".into()),
            state: Some(InstanceState { name: Some(state.into()) }),
            ..Instance::default()
        })
    }

    fn answer(instances: Option<Vec<Option<Instance>>>) -> DescribeInstances {
        DescribeInstances { reservations: Some(vec![Some(Reservation { instances })]) }
    }

    #[test]
    fn an_answer_that_leaves_instances_open_is_no_unused_image() {
        let image = AmiId::from("ami-1");
        let found = running(&answer(Some(vec![instance(Some("i-1"), "stopped"), instance(Some("i-2"), "terminated")])), &image);
        assert_eq!(found.unwrap(), ["i-1"]);
        for open in [None, Some(vec![None]), Some(vec![instance(None, "running")])] {
            assert!(running(&answer(open), &image).is_err());
        }
    }
}
