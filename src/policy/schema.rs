//! The Cedar schema: its text, its three readings, and the names the entities are built with.

use std::sync::LazyLock;

use cedar_policy::{Entities, EntityId, EntityTypeName, EntityUid, Schema, Validator};

use crate::model::{Action, Principal};

use super::kinds::{self, Named};

const TEXT: &str = include_str!("../../policies/schema.cedarschema");

/// What `context.grantee` is in the schema's text, and what else it can be.
const GRANTEE: &str = "grantee: Account ";
const GRANTEES: [&str; 3] = [GRANTEE, "grantee: Organization ", "grantee: OrgUnit "];

/// The schema as people read it: what `policies schema` prints.
pub fn schema_text() -> &'static str {
    TEXT
}

/// What an action is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceKind {
    Image,
    Snapshot,
    Instance,
    Group,
    Place,
}

impl ResourceKind {
    pub const ALL: [Self; 5] = [Self::Image, Self::Snapshot, Self::Instance, Self::Group, Self::Place];

    /// A permit is about these only if it names them. `permit (principal, action == Action::"notify", resource)` was
    /// written about images and snapshots; read as being about every instance too, it would flood its readers.
    pub(super) const BY_NAME: [Self; 3] = [Self::Instance, Self::Group, Self::Place];

    /// The name of the Cedar entity type.
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "Image",
            Self::Snapshot => "Snapshot",
            Self::Instance => "Instance",
            Self::Group => "Group",
            Self::Place => "Place",
        }
    }
}

/// The schema in Cedar's form.
#[derive(Debug)]
pub(super) struct Schemas {
    /// One per type that `context.grantee` can have, `Account` first: Cedar has no type for "one of these".
    pub(super) readings: Vec<Validator>,
    /// The same without the types of [`ResourceKind::BY_NAME`], for policies that name none of them.
    unnamed: Vec<Validator>,
    pub(super) names: Names,
    /// The actions and their groups.
    pub(super) actions: Entities,
}

/// Entity type names and the constant entities, parsed once.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) image: EntityTypeName,
    pub(super) snapshot: EntityTypeName,
    pub(super) instance: EntityTypeName,
    pub(super) group: EntityTypeName,
    pub(super) place: EntityTypeName,
    pub(super) account: EntityTypeName,
    pub(super) account_group: EntityTypeName,
    pub(super) organization: EntityTypeName,
    pub(super) unit: EntityTypeName,
    pub(super) region: EntityTypeName,
    pub(super) family: EntityTypeName,
    automatic: EntityUid,
    after_approval: EntityUid,
    /// In the order of `Action::ALL`.
    actions: Vec<(Action, EntityUid)>,
}

impl Schemas {
    /// The built-in schema, or what is wrong with it (a test sees to it that nothing is).
    pub(super) fn built_in() -> Result<&'static Self, &'static str> {
        static BUILT_IN: LazyLock<Result<Schemas, String>> = LazyLock::new(|| Schemas::read().map_err(|error| error.to_string()));
        BUILT_IN.as_ref().map_err(String::as_str)
    }

    fn read() -> Result<Self, Box<dyn std::error::Error>> {
        let texts = GRANTEES.map(|grantee| TEXT.replace(GRANTEE, grantee));
        let readings = texts
            .iter()
            .map(|text| Ok(Validator::new(Schema::from_cedarschema_str(text).map_err(Box::new)?.0)))
            .collect::<Result<Vec<_>, Box<dyn std::error::Error>>>()?;
        let unnamed =
            texts.iter().map(|text| Ok(Validator::new(kinds::unnamed(text)?))).collect::<Result<_, Box<dyn std::error::Error>>>()?;
        let actions = readings.first().ok_or("there is no reading")?.schema().action_entities().map_err(Box::new)?;
        let warden: EntityTypeName = "Warden".parse()?;
        let action: EntityTypeName = "Action".parse()?;
        let names = Names {
            image: "Image".parse()?,
            snapshot: "Snapshot".parse()?,
            instance: "Instance".parse()?,
            group: "Group".parse()?,
            place: "Place".parse()?,
            account: "Account".parse()?,
            account_group: "AccountGroup".parse()?,
            organization: "Organization".parse()?,
            unit: "OrgUnit".parse()?,
            region: "Region".parse()?,
            family: "Family".parse()?,
            automatic: uid(&warden, Principal::Automatic.name()),
            after_approval: uid(&warden, Principal::AfterApproval.name()),
            actions: Action::ALL.iter().map(|&verb| (verb, uid(&action, verb.name()))).collect(),
        };
        Ok(Self { readings, unnamed, names, actions })
    }

    /// What a policy is validated against.
    pub(super) fn readings_for(&self, named: &Named) -> &[Validator] {
        if named.is_anything() { &self.readings } else { &self.unnamed }
    }
}

impl Names {
    pub(super) fn principal(&self, principal: Principal) -> &EntityUid {
        match principal {
            Principal::Automatic => &self.automatic,
            Principal::AfterApproval => &self.after_approval,
        }
    }

    pub(super) fn kind(&self, kind: ResourceKind) -> &EntityTypeName {
        match kind {
            ResourceKind::Image => &self.image,
            ResourceKind::Snapshot => &self.snapshot,
            ResourceKind::Instance => &self.instance,
            ResourceKind::Group => &self.group,
            ResourceKind::Place => &self.place,
        }
    }

    /// The actions with their entities.
    pub(super) fn actions(&self) -> &[(Action, EntityUid)] {
        &self.actions
    }
}

/// The entity of that type and id.
pub(super) fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}
