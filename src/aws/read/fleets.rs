//! `DescribeSpotFleetRequests`, `DescribeFleets` and `DescribeSpotInstanceRequests`.
//!
//! All of them, whatever their state: what is over says so itself, and is judged where answers are read. EC2 does not list
//! fleets of type `instant`; they launched once and launch nothing more.

use aws_sdk_ec2::types as sdk;

use super::images::block_device;
use super::{EC2_PAGE, list};
use crate::aws::clients::Clients;
use crate::aws::error::AwsError;
use crate::aws::pace::Api;
use crate::aws::pages::{Page, all_pages};
use crate::inventory::answers::{
    DescribeFleets, DescribeSpotFleetRequests, DescribeSpotInstanceRequests, Fleet, FleetOverride, FleetTemplate, LaunchSpecification,
    SpotFleetConfig, SpotFleetRequest, SpotInstanceRequest, TemplateSpecification,
};

/// All Spot fleet requests.
pub async fn spot_fleets(clients: &Clients) -> Result<DescribeSpotFleetRequests, AwsError> {
    let fleets = all_pages("SpotFleetRequestConfigs", |token| async move {
        clients.turn(Api::read("DescribeSpotFleetRequests")).await;
        let page =
            clients.ec2.describe_spot_fleet_requests().max_results(EC2_PAGE).set_next_token(token).send().await.map_err(AwsError::of)?;
        Ok(Page { items: list(page.spot_fleet_request_configs, spot_fleet), next: page.next_token })
    });
    Ok(DescribeSpotFleetRequests { spot_fleet_request_configs: Some(fleets.await?) })
}

fn spot_fleet(fleet: sdk::SpotFleetRequestConfig) -> SpotFleetRequest {
    SpotFleetRequest {
        spot_fleet_request_id: fleet.spot_fleet_request_id,
        spot_fleet_request_state: fleet.spot_fleet_request_state.map(|state| state.as_str().to_owned()),
        spot_fleet_request_config: fleet.spot_fleet_request_config.map(|config| SpotFleetConfig {
            launch_specifications: list(config.launch_specifications, |specification| LaunchSpecification {
                image_id: specification.image_id,
                block_device_mappings: list(specification.block_device_mappings, block_device),
            }),
            launch_template_configs: list(config.launch_template_configs, |template| FleetTemplate {
                launch_template_specification: template.launch_template_specification.map(specification),
                // A Spot fleet's overrides cannot name an image, but they are there.
                overrides: list(template.overrides, |_| FleetOverride { image_id: None }),
            }),
        }),
    }
}

fn specification(specification: sdk::FleetLaunchTemplateSpecification) -> TemplateSpecification {
    TemplateSpecification {
        launch_template_id: specification.launch_template_id,
        launch_template_name: specification.launch_template_name,
        version: specification.version,
    }
}

/// All EC2 fleets.
pub async fn fleets(clients: &Clients) -> Result<DescribeFleets, AwsError> {
    let fleets = all_pages("Fleets", |token| async move {
        clients.turn(Api::read("DescribeFleets")).await;
        let page = clients.ec2.describe_fleets().max_results(EC2_PAGE).set_next_token(token).send().await.map_err(AwsError::of)?;
        Ok(Page { items: list(page.fleets, fleet), next: page.next_token })
    });
    Ok(DescribeFleets { fleets: Some(fleets.await?) })
}

fn fleet(fleet: sdk::FleetData) -> Fleet {
    Fleet {
        fleet_id: fleet.fleet_id,
        fleet_state: fleet.fleet_state.map(|state| state.as_str().to_owned()),
        launch_template_configs: list(fleet.launch_template_configs, |template| FleetTemplate {
            launch_template_specification: template.launch_template_specification.map(specification),
            overrides: list(template.overrides, |entry| FleetOverride { image_id: entry.image_id }),
        }),
    }
}

/// All Spot requests, those of fleets and groups included.
pub async fn spot_requests(clients: &Clients) -> Result<DescribeSpotInstanceRequests, AwsError> {
    let requests = all_pages("SpotInstanceRequests", |token| async move {
        clients.turn(Api::read("DescribeSpotInstanceRequests")).await;
        let page =
            clients.ec2.describe_spot_instance_requests().max_results(EC2_PAGE).set_next_token(token).send().await.map_err(AwsError::of)?;
        Ok(Page { items: list(page.spot_instance_requests, spot_request), next: page.next_token })
    });
    Ok(DescribeSpotInstanceRequests { spot_instance_requests: Some(requests.await?) })
}

fn spot_request(request: sdk::SpotInstanceRequest) -> SpotInstanceRequest {
    SpotInstanceRequest {
        spot_instance_request_id: request.spot_instance_request_id,
        state: request.state.map(|state| state.as_str().to_owned()),
        launch_specification: request.launch_specification.map(|specification| LaunchSpecification {
            image_id: specification.image_id,
            block_device_mappings: list(specification.block_device_mappings, block_device),
        }),
    }
}
