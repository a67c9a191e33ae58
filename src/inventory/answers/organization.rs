//! `organization.json` of a recorded estate: who belongs to us.

use serde::{Deserialize, Serialize};

use super::List;
use super::ec2::shape;

shape! {
    DescribeOrganization { organization: Option<OrganizationHead>, accounts: List<Member> }

    OrganizationHead { id: Option<String>, arn: Option<String>, master_account_id: Option<String> }

    /// `path` is `o-…/r-…/ou-…/`.
    Member { id: Option<String>, name: Option<String>, status: Option<String>, path: Option<String> }
}
