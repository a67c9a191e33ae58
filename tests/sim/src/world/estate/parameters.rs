//! Building SSM parameters.

use super::PlaceHandle;
use crate::world::parameter::{Parameter, ParameterKind};

impl PlaceHandle<'_> {
    /// A parameter of type String, as `resolve:ssm:` can name it; one that was there already gets another version.
    pub fn parameter(self, name: &str, value: &str) {
        self.parameter_with(name, value, |_| {});
    }

    /// The same, with data type `aws:ec2:image`.
    pub fn image_parameter(self, name: &str, image: &str) {
        self.parameter_with(name, image, |parameter| "aws:ec2:image".clone_into(&mut parameter.data_type));
    }

    /// The same, as a SecureString.
    pub fn secret_parameter(self, name: &str, value: &str) {
        self.parameter_with(name, value, |parameter| parameter.kind = ParameterKind::Secret);
    }

    /// AWS's own, for example `/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64`: to be found by
    /// name and path, but in no DescribeParameters.
    pub fn public_parameter(self, name: &str, value: &str) {
        self.parameter_with(name, value, |parameter| parameter.public = true);
    }

    /// A parameter, changed at will.
    pub fn parameter_with(mut self, name: &str, value: &str, change: impl FnOnce(&mut Parameter)) {
        let now = self.world.now();
        let parameters = &mut self.place().parameters;
        if let Some(parameter) = parameters.get_mut(name) {
            parameter.write(value, now);
        }
        change(parameters.entry(name.to_owned()).or_insert_with(|| Parameter::new(name, value, now)));
    }
}
