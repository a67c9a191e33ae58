//! What is known of a snapshot's origin.

use super::super::answers::{DescribeVolumes, EbsVolume};
use super::super::{History, Joined};
use super::{OURS, estate, image, now, place};
use crate::config::Config;

/// Whether the volume of a snapshot that names `volume` is there, where `vol-1` is.
fn source_volume_exists(volume: Option<&str>) -> Option<bool> {
    let mut answers = place(OURS, "eu-west-1", vec![image("ami-1")]);
    let snapshots = answers.snapshots.as_mut().unwrap().snapshots.as_mut().unwrap();
    snapshots.iter_mut().flatten().for_each(|snapshot| snapshot.volume_id = volume.map(Into::into));
    let there = EbsVolume { volume_id: Some("vol-1".into()), ..EbsVolume::default() };
    answers.volumes = Some(Ok(DescribeVolumes { volumes: Some(vec![Some(there)]) }));
    let (estate, history, config) = (estate([answers]), History::default(), Config::default());
    let joined = Joined::new(&estate, &history, &config, now());
    let inventory = estate.places.values().next().unwrap();
    joined.snapshot(inventory, &inventory.snapshots[0]).source_volume_exists
}

#[test]
fn a_snapshot_that_names_no_volume_says_nothing_of_whether_it_is_there() {
    assert_eq!(source_volume_exists(Some("vol-1")), Some(true));
    assert_eq!(source_volume_exists(Some("vol-2")), Some(false));
    assert_eq!(source_volume_exists(Some("vol-ffffffff")), Some(false), "a copy, which never had one");
    assert_eq!(source_volume_exists(None), None);
    assert_eq!(source_volume_exists(Some("")), None);
}
