//! Building what Cloud Control sees: `place.resource("AWS::CodeBuild::Fleet", json!({"Arn": …, "ImageId": …}))`.

use serde_json::{Value, json};

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

    /// A KMS key that these principals may use: accounts, ARNs or `*`; returns its ARN.
    pub fn kms_key(self, id: &str, principals: &[&str]) -> String {
        let arn = self.key_arn(id);
        let statement = json!({ "Effect": "Allow", "Principal": { "AWS": principals }, "Action": "kms:*", "Resource": "*" });
        let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
        self.resource("AWS::KMS::Key", json!({ "KeyId": id, "Arn": arn, "KeyPolicy": policy, "Enabled": true }));
        arn
    }

    /// The key that EBS uses unless told otherwise: it is AWS's, and has an alias of AWS's; returns its ARN.
    pub fn default_key(mut self, id: &str) -> String {
        let alias = json!({ "AliasName": "alias/aws/ebs", "TargetKeyId": id });
        let resource = Resource { properties: alias, listed_whole: true };
        self.place().resources.entry("AWS::KMS::Alias".to_owned()).or_default().insert("alias/aws/ebs".to_owned(), resource);
        self.kms_key(id, &[])
    }

    fn key_arn(&self, id: &str) -> String {
        format!("arn:{}:kms:{}:{}:key/{id}", self.world.partition(&self.account), self.region, self.account)
    }

    /// A type that Cloud Control does not have in this Region.
    pub fn without_type(mut self, kind: &str) {
        self.place().missing_types.insert(kind.to_owned());
    }
}
