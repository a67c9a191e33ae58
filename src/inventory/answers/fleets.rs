//! Spot fleets, EC2 fleets and Spot requests.

use serde::{Deserialize, Serialize};

use super::ec2::shape;
use super::{BlockDevice, List, TemplateSpecification};

shape! {
    /// `aws ec2 describe-spot-fleet-requests`
    DescribeSpotFleetRequests { spot_fleet_request_configs: List<SpotFleetRequest> }

    SpotFleetRequest {
        spot_fleet_request_id: Option<String>,
        spot_fleet_request_state: Option<String>,
        spot_fleet_request_config: Option<SpotFleetConfig>,
    }

    /// Launches by specifications of its own or by templates.
    SpotFleetConfig { launch_specifications: List<LaunchSpecification>, launch_template_configs: List<FleetTemplate> }

    LaunchSpecification { image_id: Option<String>, block_device_mappings: List<BlockDevice> }

    FleetTemplate { launch_template_specification: Option<TemplateSpecification>, overrides: List<FleetOverride> }

    /// An EC2 fleet's override may bring its own image.
    FleetOverride { image_id: Option<String> }

    /// `aws ec2 describe-spot-instance-requests`
    DescribeSpotInstanceRequests { spot_instance_requests: List<SpotInstanceRequest> }

    SpotInstanceRequest {
        spot_instance_request_id: Option<String>,
        state: Option<String>,
        launch_specification: Option<LaunchSpecification>,
    }

    /// `aws ec2 describe-fleets`
    DescribeFleets { fleets: List<Fleet> }

    Fleet { fleet_id: Option<String>, fleet_state: Option<String>, launch_template_configs: List<FleetTemplate> }
}
