//! Entities are built without asking the schema, for speed; here the schema is asked.

use cedar_policy::{Entities, Entity};
use proptest::prelude::*;

use crate::policy::schema::Schemas;
use crate::policy::uses::Uses;
use crate::policy::{entities, membership::Directory};

use super::facts::{image, organization, snapshot};
use super::properties::{any_image, any_snapshot};

fn conforms(entity: Entity) -> Result<(), String> {
    let schema = Schemas::built_in().unwrap().readings[0].schema();
    Entities::from_entities([entity], Some(schema)).map(drop).map_err(|error| format!("{error:?}"))
}

proptest! {
    #[test]
    fn every_image_conforms_to_the_schema(case in any_image()) {
        let names = &Schemas::built_in().unwrap().names;
        let organization = organization();
        let above = Directory::new(&organization, names).account(&case.place.account).above;
        let built = conforms(entities::image(&case.facts(), names, &Uses::all(), &above).unwrap());
        // The one attribute that the schema promises and AWS may leave out; such an image is undecided.
        prop_assert_eq!(built.is_ok(), case.image.public.is_some(), "{:?}", built);
    }

    #[test]
    fn every_snapshot_conforms_to_the_schema(case in any_snapshot()) {
        let names = &Schemas::built_in().unwrap().names;
        let built = conforms(entities::snapshot(&case.facts(), names, &Uses::all(), &[]).unwrap());
        prop_assert_eq!(built, Ok(()));
    }
}

#[test]
fn grantees_and_what_lies_above_them_conform_to_the_schema() {
    let schema = Schemas::built_in().unwrap().readings[0].schema();
    let organization = organization();
    let directory = Directory::new(&organization, &Schemas::built_in().unwrap().names);
    for grantee in [
        "222222222222",
        "333333333333",
        "999999999999",
        "arn:aws:organizations::1:organization/o-acme123456",
        "arn:aws:organizations::1:ou/o-acme123456/ou-ab12-22222222",
        "arn:odd",
    ] {
        let member = directory.grantee(&crate::model::Grantee::parse(grantee)).unwrap();
        let store = Entities::from_entities(member.entities(), Some(schema));
        assert!(store.is_ok(), "{grantee}: {store:?}");
    }
}

#[test]
fn extreme_numbers_and_times_can_be_built() {
    let names = &Schemas::built_in().unwrap().names;
    let extreme = image("web").with(|case| {
        case.image.volumes[0].size_gib = i64::MAX;
        let another = case.image.volumes[0].clone();
        case.image.volumes.push(another);
        case.idle = Some(jiff::SignedDuration::MAX);
        case.since_disabled = Some(jiff::SignedDuration::MIN);
        case.image.created_at = "9999-12-30T22:00:00Z".parse().unwrap();
        case.family = Some(crate::inventory::FamilyFacts {
            name: String::new(),
            rank: usize::MAX,
            size: usize::MAX,
            versions_behind: 0,
            is_newest: false,
        });
    });
    assert_eq!(conforms(entities::image(&extreme.facts(), names, &Uses::all(), &[]).unwrap()), Ok(()));
    let quoted = snapshot().with(|case| {
        case.snapshot.description = Some("\"; forbid \\ \u{0} \u{1F4BF}".into());
        case.snapshot.size_gib = i64::MIN;
    });
    assert_eq!(conforms(entities::snapshot(&quoted.facts(), names, &Uses::all(), &[]).unwrap()), Ok(()));
}
