//! Who lies `in` what: the groups, units and organization above accounts and grantees, and where that is not
//! known. Cedar answers `false` when it is not told, and "revoke unless in the organization" would then
//! revoke everybody: such a question has no answer here.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;

use cedar_policy::{Entity, EntityUid};
use serde_json::Value;

use crate::inventory::{OURS, Organization, Standing};
use crate::model::{AccountId, Grantee};

use super::entities::last;
use super::schema::{Names, uid};

/// The organizations, units and groups that one policy tests something to lie `in`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Memberships {
    pub(super) of_resource: Asked,
    pub(super) of_grantee: Asked,
}

/// What is asked about one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// `AccountGroup::"organization"`
    ours: bool,
    organizations: BTreeSet<String>,
    units: BTreeSet<String>,
    /// `resource.sharing.organizations`: any there may be.
    any_organization: bool,
    /// `resource.sharing.orgUnits`
    any_unit: bool,
}

impl Memberships {
    /// What the policy with this JSON form asks.
    pub(super) fn of(policy: &Value) -> Self {
        let mut found = Self::default();
        if let Some(scope) = policy.get("resource") {
            found.of_resource.take(scope);
        }
        found.walk(policy.get("conditions").unwrap_or(&Value::Null));
        found
    }

    pub(super) fn is_empty(&self) -> bool {
        self.of_resource.is_empty() && self.of_grantee.is_empty()
    }

    fn walk(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.walk(item)),
            Value::Object(fields) => {
                for (operator, operands) in fields {
                    let above = match operator.as_str() {
                        "in" => operands.get("right"),
                        "is" => operands.get("in"),
                        _ => None,
                    };
                    if let (Some(left), Some(above)) = (operands.get("left"), above) {
                        self.test(left, above);
                    }
                    self.walk(operands);
                }
            }
            _ => {}
        }
    }

    /// `left in above`
    fn test(&mut self, left: &Value, above: &Value) {
        let variable = |name: &str| left.get("Var").and_then(Value::as_str) == Some(name);
        if !variable("resource") {
            self.of_grantee.take(above);
        }
        if left.get(".").is_none() {
            self.of_resource.take(above);
        }
    }
}

impl Asked {
    /// Takes every literal below `value`.
    fn take(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.take(item)),
            Value::Object(fields) => {
                if let (Some(kind), Some(id)) = (fields.get("type").and_then(Value::as_str), fields.get("id").and_then(Value::as_str)) {
                    match kind {
                        "AccountGroup" if id == OURS => self.ours = true,
                        "Organization" => drop(self.organizations.insert(id.to_owned())),
                        "OrgUnit" => drop(self.units.insert(id.to_owned())),
                        _ => {}
                    }
                }
                match fields.get("attr").and_then(Value::as_str) {
                    Some("organizations") => self.any_organization = true,
                    Some("orgUnits") => self.any_unit = true,
                    _ => {}
                }
                fields.values().for_each(|field| self.take(field));
            }
            _ => {}
        }
    }

    fn is_empty(&self) -> bool {
        !self.ours && !self.any_organization && !self.any_unit && self.organizations.is_empty() && self.units.is_empty()
    }
}

/// An account or grantee with everything above it.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) uid: EntityUid,
    pub(super) above: Vec<EntityUid>,
    ours: bool,
    /// Whether it lies in our organization. What is ours need not: an account that is governed because it was listed.
    inside: bool,
    /// `o-...`, `ou-...`
    path: Vec<String>,
    /// Whether `path` names every unit above it.
    units_known: bool,
    /// Whether `path` names its organization, or it is known to be in none that a policy could name but ours.
    organization_known: bool,
}

impl Member {
    /// Itself and everything above it, as a store needs them.
    pub(super) fn entities(&self) -> impl Iterator<Item = Entity> {
        let itself = Entity::new_no_attrs(self.uid.clone(), self.above.iter().cloned().collect());
        iter::once(itself).chain(self.above.iter().cloned().map(Entity::with_uid))
    }
}

/// The organization, with an index over its units.
#[derive(Debug)]
pub(super) struct Directory<'a> {
    organization: &'a Organization,
    names: &'static Names,
    /// The path down to each unit above any member, without the unit itself.
    units: BTreeMap<&'a str, &'a [String]>,
}

impl<'a> Directory<'a> {
    pub(super) fn new(organization: &'a Organization, names: &'static Names) -> Self {
        let mut units = BTreeMap::new();
        for path in organization.members.values() {
            for (index, unit) in path.iter().enumerate() {
                units.entry(unit.as_str()).or_insert_with(|| path.get(..index).unwrap_or_default());
            }
        }
        Self { organization, names, units }
    }

    /// An account, a resource's or a grantee.
    pub(super) fn account(&self, account: &AccountId) -> Member {
        let Standing { groups, mut path } = self.organization.account(account);
        let inside = self.organization.members.contains_key(account);
        let units_known = !path.is_empty();
        if inside && path.is_empty() {
            path.extend(self.organization.id.clone());
        }
        let organization_known = !path.is_empty();
        let member = self.member(uid(&self.names.account, account.as_str()), groups, path, units_known, organization_known);
        Member { inside, ..member }
    }

    /// Anybody something can be shared with; `None` for the public.
    pub(super) fn grantee(&self, grantee: &Grantee) -> Option<Member> {
        let Standing { groups, mut path } = self.organization.grantee(grantee);
        Some(match grantee {
            Grantee::Everyone => return None,
            Grantee::Account(account) => self.account(account),
            Grantee::Organization(arn) => {
                let id = last(arn);
                path.retain(|above| above != id);
                self.member(uid(&self.names.organization, id), groups, path, true, true)
            }
            Grantee::Unit(arn) => {
                let id = last(arn);
                let chain = self.units.get(id);
                if let Some(chain) = chain {
                    path.extend(chain.iter().filter(|above| !path.contains(above)).cloned().collect::<Vec<_>>());
                }
                path.retain(|above| above != id);
                self.member(uid(&self.names.unit, id), groups, path, chain.is_some(), true)
            }
        })
    }

    fn member(&self, uid: EntityUid, groups: BTreeSet<String>, path: Vec<String>, units_known: bool, organization_known: bool) -> Member {
        let ours = groups.contains(OURS);
        let groups = groups.iter().map(|group| super::schema::uid(&self.names.account_group, group));
        let above = groups.chain(path.iter().map(|id| self.above(id))).collect();
        Member { uid, above, ours, inside: ours, path, units_known, organization_known }
    }

    fn above(&self, id: &str) -> EntityUid {
        let kind = if id.starts_with("o-") { &self.names.organization } else { &self.names.unit };
        uid(kind, id)
    }

    /// As `doubt`; but when the organization is not completely known, no share is revoked anyway.
    pub(super) fn doubt_about_grantee(&self, asked: &Asked, grantee: &Member) -> Option<String> {
        if self.organization.incomplete.is_some() { None } else { self.doubt(asked, grantee) }
    }

    /// Why what a policy asks about `member` cannot be answered; `None` when it can.
    pub(super) fn doubt(&self, asked: &Asked, member: &Member) -> Option<String> {
        let incomplete = self.organization.incomplete.as_deref();
        let subject = &member.uid;
        if let (true, false, Some(why)) = (asked.ours, member.ours, incomplete) {
            return Some(format!("whether `{subject}` is one of ours is not known: {why}"));
        }
        let id = subject.id().unescaped();
        let lies_in = |above: &str| id == above || member.path.iter().any(|known| known == above);
        let outside = |ours: bool| !member.inside && ours && incomplete.is_none();
        let organization = asked.organizations.iter().find(|above| {
            let ours = self.organization.id.as_ref() == Some(above);
            !(lies_in(above) || member.organization_known || outside(ours))
        });
        let unit =
            asked.units.iter().find(|above| !(lies_in(above) || member.units_known || outside(self.units.contains_key(above.as_str()))));
        let any = (asked.any_organization && !member.organization_known).then_some("an organization it is shared with");
        let any = any.or((asked.any_unit && !member.units_known).then_some("a unit it is shared with"));
        let above = organization.or(unit).map(|id| format!("`{id}`")).or(any.map(str::to_owned))?;
        let why = incomplete.unwrap_or("AWS tells the organization and units of our own accounts only");
        Some(format!("whether `{subject}` lies in {above} is not known: {why}"))
    }
}
