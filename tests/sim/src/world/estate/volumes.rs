//! Building volumes.

use super::PlaceHandle;
use crate::world::compute::Operator;
use crate::world::image::Tags;
use crate::world::snapshot::Volume;

impl<'w> PlaceHandle<'w> {
    /// An available volume of 8 GiB; returns its id.
    pub fn volume(self, snapshot: Option<&str>) -> String {
        self.volume_of(snapshot).put()
    }

    /// The same, with more to say about it. It keeps telling its snapshot's id even when that one is gone.
    pub fn volume_of(self, snapshot: Option<&str>) -> VolumeBuilder<'w> {
        let volume = Volume {
            id: self.world.ids.resource("vol"),
            snapshot: snapshot.map(str::to_owned),
            size: snapshot.and_then(|id| self.world.snapshot(id)).map_or(8, |snapshot| snapshot.volume_size),
            volume_type: "gp3".to_owned(),
            state: "available".to_owned(),
            zone: self.zone(),
            created: self.world.now(),
            encrypted: false,
            kms_key: None,
            instance: None,
            operator: None,
            tags: Tags::new(),
        };
        VolumeBuilder { place: self, volume }
    }
}

/// A volume in the making.
#[derive(Debug)]
pub struct VolumeBuilder<'w> {
    place: PlaceHandle<'w>,
    volume: Volume,
}

impl VolumeBuilder<'_> {
    /// Sets anything there is no word for.
    pub fn with(mut self, change: impl FnOnce(&mut Volume)) -> Self {
        change(&mut self.volume);
        self
    }

    /// Attached to an instance, and so in use.
    pub fn attached_to(self, instance: &str) -> Self {
        self.with(|volume| {
            volume.instance = Some(instance.to_owned());
            "in-use".clone_into(&mut volume.state);
        })
    }

    /// Managed by an AWS service, and hidden by default.
    pub fn managed_by(self, principal: &str) -> Self {
        let operator = Operator { principal: principal.to_owned(), hidden: true };
        self.with(|volume| volume.operator = Some(operator))
    }

    /// A tag.
    pub fn tag(self, key: &str, value: &str) -> Self {
        self.with(|volume| {
            volume.tags.insert(key.to_owned(), value.to_owned());
        })
    }

    /// Puts it there and returns its id.
    pub fn put(mut self) -> String {
        let id = self.volume.id.clone();
        let volume = self.volume;
        self.place.place().volumes.insert(id.clone(), volume);
        id
    }
}
