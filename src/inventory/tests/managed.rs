//! Who else is in charge, and which console to go to.

use super::super::{ManagedBy, managed_image, managed_snapshot, read_image, read_snapshot};
use super::{image, snapshot, tags};
use crate::config::Tool;
use crate::inventory::answers::{Image, ProductCode, Snapshot};
use crate::model::Region;

fn tools() -> Vec<Tool> {
    let packer = Tool {
        tag: "CreatedBy".into(),
        value: Some("packer".into()),
        name: "packer".into(),
        console: Some("https://ci.example.com".into()),
    };
    vec![packer, Tool { tag: "ci-job".into(), value: None, name: "ci".into(), console: None }]
}

/// Who is in charge of an image, in words; nobody is `None`.
fn told(image: Image, region: &str) -> Option<String> {
    let image = read_image(image, true).unwrap();
    managed_image(&image, &tools()).map(|managed| managed.told(&Region::from(region)))
}

fn tagged(pairs: &[(&str, &str)]) -> Image {
    Image { tags: tags(pairs), ..image("ami-1") }
}

#[test]
fn each_service_is_told_by_its_marks_with_its_own_console() {
    let dlm = || tagged(&[("aws:dlm:lifecycle-policy-id", "policy-0abc"), ("dlm:managed", "true")]);
    let cases = [
        (
            dlm(),
            "eu-west-1",
            "Data Lifecycle Manager is in charge: policy policy-0abc, https://console.aws.amazon.com/ec2/home?region=eu-west-1#Lifecycle",
        ),
        (
            dlm(),
            "cn-north-1",
            "Data Lifecycle Manager is in charge: policy policy-0abc, https://console.amazonaws.cn/ec2/home?region=cn-north-1#Lifecycle",
        ),
        (
            tagged(&[("aws:backup:source-resource", "i-1:1")]),
            "us-gov-west-1",
            "AWS Backup is in charge: the recovery point of i-1:1, https://console.amazonaws-us-gov.com/backup/home?region=us-gov-west-1",
        ),
        (
            tagged(&[("CreatedBy", "EC2 Image Builder"), ("Ec2ImageBuilderArn", "arn:aws:imagebuilder:eu-west-1:1:image/web/1.0.0/1")]),
            "eu-west-1",
            "EC2 Image Builder is in charge: arn:aws:imagebuilder:eu-west-1:1:image/web/1.0.0/1, https://console.aws.amazon.com/imagebuilder/home?region=eu-west-1",
        ),
        (
            Image {
                product_codes: Some(vec![Some(ProductCode {
                    product_code_id: Some("aw0ev".into()),
                    product_code_type: Some("marketplace".into()),
                })]),
                ..image("ami-1")
            },
            "eu-west-1",
            "AWS Marketplace is in charge: product code aw0ev, https://console.aws.amazon.com/marketplace/home",
        ),
        (tagged(&[("CreatedBy", "packer")]), "eu-west-1", "packer is in charge: https://ci.example.com"),
        (tagged(&[("ci-job", "4711\u{1b}[31m")]), "eu-west-1", "ci is in charge: ci-job=4711\\u{1b}[31m"),
    ];
    for (image, region, expected) in cases {
        assert_eq!(told(image, region).as_deref(), Some(expected));
    }
    for nobody in [image("ami-1"), tagged(&[("CreatedBy", "terraform")])] {
        assert_eq!(told(nobody, "eu-west-1"), None);
    }
}

#[test]
fn snapshots_carry_the_same_marks() {
    let by = |snapshot: Snapshot| managed_snapshot(&read_snapshot(snapshot).unwrap(), &tools()).map(|managed| managed.by);
    let described = |text: &str| Snapshot { description: Some(text.into()), ..snapshot("snap-1") };
    assert_eq!(by(described("Created for policy: policy-0abc schedule: daily")), Some(ManagedBy::DataLifecycleManager));
    assert_eq!(by(described("This snapshot is created by the AWS Backup service.")), Some(ManagedBy::AwsBackup));
    assert_eq!(by(Snapshot { tags: tags(&[("Ec2ImageBuilderArn", "")]), ..snapshot("snap-1") }), Some(ManagedBy::ImageBuilder));
    assert_eq!(by(Snapshot { owner_id: Some("679593333241".into()), ..snapshot("snap-1") }), Some(ManagedBy::Marketplace));
    assert_eq!(by(Snapshot { tags: tags(&[("CreatedBy", "packer")]), ..snapshot("snap-1") }), Some(ManagedBy::Tool("packer".into())));
    assert_eq!(by(snapshot("snap-1")), None);
}

#[test]
fn a_tool_never_takes_aws_backups_place() {
    let both = tagged(&[("CreatedBy", "packer"), ("aws:backup:source-resource", "i-1")]);
    assert!(told(both, "eu-west-1").unwrap().starts_with("AWS Backup"));
}

#[test]
fn a_product_code_of_an_unknown_type_is_marketplaces() {
    let with = |kind: Option<&str>| {
        let code = ProductCode { product_code_id: Some("aw0ev".into()), product_code_type: kind.map(Into::into) };
        told(Image { product_codes: Some(vec![Some(code)]), ..image("ami-1") }, "eu-west-1")
    };
    for kind in [None, Some(""), Some("marketplace"), Some("marketplace-v2")] {
        assert!(with(kind).unwrap().starts_with("AWS Marketplace is in charge: product code aw0ev"), "{kind:?}");
    }
    assert_eq!(with(Some("devpay")), None);
}
