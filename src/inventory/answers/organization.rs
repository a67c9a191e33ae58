//! `organization.json` of a recorded estate, and what AWS Organizations says: who belongs to us.

use serde::{Deserialize, Serialize};

use super::List;
use super::ec2::shape;

shape! {
    /// Of an account that stands alone AWS says so with an error; that error is knowledge, and written down as such.
    DescribeOrganization { organization: Option<OrganizationHead>, accounts: List<Member>, error: Option<OrganizationError> }

    OrganizationHead { id: Option<String>, arn: Option<String>, master_account_id: Option<String> }

    /// `code` is `AWSOrganizationsNotInUseException`.
    OrganizationError { code: Option<String>, message: Option<String> }

    /// `path` is `o-…/r-…/ou-…/`; `status` is `ACTIVE`, or why the account cannot be used.
    Member { id: Option<String>, name: Option<String>, status: Option<String>, path: Option<String> }
}
