//! Facts in Cedar's form.

use cedar_policy::{EntityAttrEvaluationError, EntityTypeName, RestrictedExpression};
use jiff::{SignedDuration, Timestamp};

use super::schema::uid;
use super::uses::{Named, Uses};

/// The attributes of one entity, as far as a policy reads them.
pub(super) struct Attributes<'a> {
    read: &'a Named,
    whole: &'a Named,
    list: Vec<(String, RestrictedExpression)>,
}

/// A fact that Cedar cannot express: a bug, and no decision.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unbuildable {
    #[error("{0}")]
    Record(#[from] cedar_policy::ExpressionConstructionError),
    #[error("{0}")]
    Attribute(#[from] Box<EntityAttrEvaluationError>),
    #[error("{0}")]
    Store(#[from] Box<cedar_policy::entities_errors::EntitiesError>),
    #[error("{0}")]
    Context(#[from] Box<cedar_policy::ContextCreationError>),
    #[error("{0}")]
    Request(#[from] Box<cedar_policy::RequestValidationError>),
}

impl<'a> Attributes<'a> {
    pub(super) fn new(uses: &'a Uses) -> Self {
        Self { read: &uses.attributes, whole: &uses.whole, list: Vec::with_capacity(24) }
    }

    /// Adds what is always known.
    pub(super) fn put(&mut self, name: &str, value: impl FnOnce() -> RestrictedExpression) {
        if self.read.has(name) {
            self.list.push((name.to_owned(), value()));
        }
    }

    /// Adds what is known; leaves out what is not.
    pub(super) fn put_known<T>(&mut self, name: &str, value: Option<T>, build: impl FnOnce(T) -> RestrictedExpression) {
        if let Some(value) = value {
            self.put(name, || build(value));
        }
    }

    /// Adds what is found, and looks for it only where it is read.
    pub(super) fn put_found(&mut self, name: &str, find: impl FnOnce() -> Option<RestrictedExpression>) {
        if self.read.has(name)
            && let Some(value) = find()
        {
            self.list.push((name.to_owned(), value));
        }
    }

    /// Adds a record of what is known, with the fields that are read.
    pub(super) fn put_record<I: IntoIterator<Item = (&'static str, RestrictedExpression)>>(
        &mut self,
        name: &str,
        fields: impl FnOnce() -> I,
    ) -> Result<(), Unbuildable> {
        if self.read.has(name) {
            let all = self.whole.has(name);
            let fields = fields().into_iter().filter(|(field, _)| all || self.read.has(field));
            let fields = fields.map(|(field, value)| (field.to_owned(), value));
            self.list.push((name.to_owned(), RestrictedExpression::new_record(fields)?));
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Vec<(String, RestrictedExpression)> {
        self.list
    }
}

pub(super) fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

pub(super) fn truth(value: bool) -> RestrictedExpression {
    RestrictedExpression::new_bool(value)
}

pub(super) fn long(value: i64) -> RestrictedExpression {
    RestrictedExpression::new_long(value)
}

/// A count; one beyond Cedar's range is the largest it knows.
pub(super) fn count(value: usize) -> RestrictedExpression {
    RestrictedExpression::new_long(i64::try_from(value).unwrap_or(i64::MAX))
}

pub(super) fn entity(kind: &EntityTypeName, id: &str) -> RestrictedExpression {
    RestrictedExpression::new_entity_uid(uid(kind, id))
}

pub(super) fn texts<'a>(values: impl IntoIterator<Item = &'a str>) -> RestrictedExpression {
    RestrictedExpression::new_set(values.into_iter().map(text))
}

pub(super) fn entities<'a>(kind: &EntityTypeName, ids: impl IntoIterator<Item = &'a str>) -> RestrictedExpression {
    RestrictedExpression::new_set(ids.into_iter().map(|id| entity(kind, id)))
}

/// In milliseconds, Cedar's grain.
pub(super) fn duration(value: SignedDuration) -> RestrictedExpression {
    let milliseconds = i64::try_from(value.as_millis()).unwrap_or(if value.is_negative() { i64::MIN } else { i64::MAX });
    RestrictedExpression::new_duration(format!("{milliseconds}ms"))
}

/// Cedar knows the years 0 to 9999 of the four-digit form; an instant outside is no date AWS would send.
pub(super) fn datetime(value: Timestamp) -> RestrictedExpression {
    RestrictedExpression::new_datetime(value.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())
}
