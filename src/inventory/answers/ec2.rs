//! EC2's answers. Only the fields the warden uses; the CLI prints more, and more is ignored.

use serde::{Deserialize, Serialize};

use super::{List, Tag};

macro_rules! shape {
    ($case:literal $($(#[$doc:meta])* $name:ident { $($(#[$field_attr:meta])* $field:ident: $ty:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, Serialize, Deserialize)]
        #[serde(rename_all = $case, remote = "Self")]
        pub struct $name {
            $($(#[$field_attr])* #[serde(default, skip_serializing_if = "Option::is_none")] pub $field: $ty,)*
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                // What is derived would take an array for the fields in order, and an empty one for an object that says nothing.
                struct Object;
                impl<'de> serde::de::Visitor<'de> for Object {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("an object, ", stringify!($name)))
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, fields: A) -> Result<$name, A::Error> {
                        $name::deserialize(serde::de::value::MapAccessDeserializer::new(fields))
                    }
                }
                deserializer.deserialize_map(Object)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, serializer)
            }
        }
    )*};
    ($($shapes:tt)*) => { shape! { "PascalCase" $($shapes)* } };
}
pub(super) use shape;

shape! {
    /// `aws ec2 describe-images --owners self --include-disabled --include-deprecated`
    DescribeImages { images: List<Image> }

    Image {
        image_id: Option<String>,
        name: Option<String>,
        description: Option<String>,
        owner_id: Option<String>,
        image_owner_alias: Option<String>,
        state: Option<String>,
        creation_date: Option<String>,
        deprecation_time: Option<String>,
        last_launched_time: Option<String>,
        public: Option<bool>,
        deregistration_protection: Option<String>,
        source_image_id: Option<String>,
        source_image_region: Option<String>,
        architecture: Option<String>,
        platform_details: Option<String>,
        root_device_type: Option<String>,
        virtualization_type: Option<String>,
        boot_mode: Option<String>,
        imds_support: Option<String>,
        tpm_support: Option<String>,
        ena_support: Option<bool>,
        product_codes: List<ProductCode>,
        block_device_mappings: List<BlockDevice>,
        tags: List<Tag>,
    }

    ProductCode { product_code_id: Option<String>, product_code_type: Option<String> }

    BlockDevice { device_name: Option<String>, virtual_name: Option<String>, ebs: Option<EbsBlockDevice> }

    EbsBlockDevice {
        snapshot_id: Option<String>,
        volume_size: Option<i64>,
        encrypted: Option<bool>,
        kms_key_id: Option<String>,
        volume_type: Option<String>,
        delete_on_termination: Option<bool>,
    }

    /// `aws ec2 describe-snapshots --owner-ids self`, and the same with `--restorable-by-user-ids all`
    DescribeSnapshots { snapshots: List<Snapshot> }

    Snapshot {
        snapshot_id: Option<String>,
        owner_id: Option<String>,
        description: Option<String>,
        state: Option<String>,
        start_time: Option<String>,
        volume_id: Option<String>,
        volume_size: Option<i64>,
        encrypted: Option<bool>,
        kms_key_id: Option<String>,
        storage_tier: Option<String>,
        tags: List<Tag>,
    }

    /// `aws ec2 describe-instances`
    DescribeInstances { reservations: List<Reservation> }

    Reservation { instances: List<Instance> }

    Instance {
        instance_id: Option<String>,
        image_id: Option<String>,
        state: Option<InstanceState>,
        launch_time: Option<String>,
        tags: List<Tag>,
    }

    InstanceState { name: Option<String> }

    /// `aws ec2 describe-launch-templates`
    DescribeLaunchTemplates { launch_templates: List<LaunchTemplate> }

    LaunchTemplate {
        launch_template_id: Option<String>,
        launch_template_name: Option<String>,
        create_time: Option<String>,
        default_version_number: Option<i64>,
        latest_version_number: Option<i64>,
    }

    /// `aws ec2 describe-launch-template-versions` of every template, merged
    DescribeLaunchTemplateVersions { launch_template_versions: List<LaunchTemplateVersion> }

    LaunchTemplateVersion {
        launch_template_id: Option<String>,
        launch_template_name: Option<String>,
        version_number: Option<i64>,
        create_time: Option<String>,
        default_version: Option<bool>,
        launch_template_data: Option<LaunchTemplateData>,
    }

    /// Its `ImageId` may be an alias, `resolve:ssm:…`.
    LaunchTemplateData { image_id: Option<String>, block_device_mappings: List<BlockDevice> }

    /// `aws ec2 describe-volumes`
    DescribeVolumes { volumes: List<EbsVolume> }

    EbsVolume { volume_id: Option<String>, snapshot_id: Option<String> }

    /// `aws ec2 describe-image-attribute --attribute launchPermission`
    ImageAttribute { image_id: Option<String>, launch_permissions: List<Permission> }

    /// `aws ec2 describe-snapshot-attribute --attribute createVolumePermission`
    SnapshotAttribute { snapshot_id: Option<String>, create_volume_permissions: List<Permission> }

    /// One of the four shapes of a permission.
    Permission {
        group: Option<String>,
        user_id: Option<String>,
        organization_arn: Option<String>,
        organizational_unit_arn: Option<String>,
    }
}
