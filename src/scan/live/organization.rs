//! Who belongs to us, asked of AWS Organizations once per full scan.

use crate::aws::read::{self, OrganizationAnswer};
use crate::aws::{Aws, AwsError, Organizations};

/// The own account's organization.
///
/// # Errors
/// When not even `DescribeOrganization` answered.
pub async fn organization(aws: &Aws) -> Result<OrganizationAnswer, AwsError> {
    read::organization(&Organizations::new(aws)).await
}
