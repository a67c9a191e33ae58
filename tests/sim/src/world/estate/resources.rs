//! Building what Cloud Control sees: `place.resource("AWS::CodeBuild::Fleet", json!({"Arn": …, "ImageId": …}))`.

use serde_json::Value;

use super::PlaceHandle;
use crate::world::resource::{Resource, identifier};

impl PlaceHandle<'_> {
    /// A resource with these properties; returns its identifier, which its properties have to hold. Of a type that
    /// nobody knows, `Id`, `Arn` or `Name` is taken for it.
    pub fn resource(self, kind: &str, properties: Value) -> String {
        self.resource_with(kind, properties, |_| {})
    }

    /// A resource, changed at will.
    pub fn resource_with(mut self, kind: &str, properties: Value, change: impl FnOnce(&mut Resource)) -> String {
        let id = identifier(kind, &properties);
        let mut resource = Resource { properties, listed_whole: false };
        change(&mut resource);
        self.place().resources.entry(kind.to_owned()).or_default().insert(id.clone(), resource);
        id
    }

    /// A type that Cloud Control does not have in this Region.
    pub fn without_type(mut self, kind: &str) {
        self.place().missing_types.insert(kind.to_owned());
    }
}
