//! Building Recycle Bin rules.

use jiff::Timestamp;

use super::PlaceHandle;
use crate::world::recycle_bin::{Rule, RuleTag};

/// A Recycle Bin rule in the making.
#[derive(Debug)]
pub struct RuleBuilder<'w> {
    pub(super) place: PlaceHandle<'w>,
    pub(super) rule: Rule,
}

impl RuleBuilder<'_> {
    /// Only resources with this tag; any value, or that one.
    pub fn only_tag(mut self, key: &str, value: Option<&str>) -> Self {
        self.rule.tags.push(RuleTag { key: key.to_owned(), value: value.map(str::to_owned) });
        self
    }

    /// Not resources with this tag.
    pub fn except_tag(mut self, key: &str, value: Option<&str>) -> Self {
        self.rule.exclude.push(RuleTag { key: key.to_owned(), value: value.map(str::to_owned) });
        self
    }

    /// Pending until then.
    pub fn available_from(mut self, at: Timestamp) -> Self {
        self.rule.available_from = at;
        self
    }

    /// Puts it there and returns its id.
    pub fn put(mut self) -> String {
        self.rule.id = self.place.world.ids.rule();
        let id = self.rule.id.clone();
        let rule = self.rule;
        self.place.place().rules.insert(id.clone(), rule);
        id
    }
}
