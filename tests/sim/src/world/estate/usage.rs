//! Building image usage reports.

use super::PlaceHandle;
use crate::world::image::Tags;
use crate::world::usage::{UsageEntry, UsageKind, UsageReport};

impl<'w> PlaceHandle<'w> {
    /// An available report on instances and launch templates, that nobody uses the image unless told otherwise.
    pub fn usage_report(self, image: &str) -> UsageReportBuilder<'w> {
        let kinds = ["ec2:Instance", "ec2:LaunchTemplate"].map(|name| UsageKind { name: name.to_owned(), depth: None });
        let report = UsageReport {
            id: self.world.ids.resource("amiur"),
            image: image.to_owned(),
            kinds: kinds.to_vec(),
            accounts: Vec::new(),
            state: "available".to_owned(),
            reason: None,
            created: self.world.now(),
            due: None,
            entries: Vec::new(),
            tags: Tags::new(),
        };
        UsageReportBuilder { place: self, report }
    }
}

/// An image usage report in the making.
#[derive(Debug)]
pub struct UsageReportBuilder<'w> {
    place: PlaceHandle<'w>,
    report: UsageReport,
}

impl UsageReportBuilder<'_> {
    /// Sets anything there is no word for.
    pub fn with(mut self, change: impl FnOnce(&mut UsageReport)) -> Self {
        change(&mut self.report);
        self
    }

    /// So many resources of a kind, for example `ec2:Instance`, use the image in an account.
    pub fn entry(self, account: &str, kind: &str, count: u64) -> Self {
        self.with(|report| report.entries.push(UsageEntry { account: account.to_owned(), kind: kind.to_owned(), count }))
    }

    /// Still being made, as long as `settings.usage_report_delay` says.
    pub fn pending(self) -> Self {
        let due = self.place.world.now() + self.place.world.settings.usage_report_delay;
        self.with(|report| {
            "pending".clone_into(&mut report.state);
            report.due = Some(due);
        })
    }

    /// Could not be made.
    pub fn failed(self, reason: &str) -> Self {
        self.with(|report| {
            "error".clone_into(&mut report.state);
            report.reason = Some(reason.to_owned());
        })
    }

    /// Puts it there and returns its id.
    pub fn put(mut self) -> String {
        let id = self.report.id.clone();
        let report = self.report;
        self.place.place().usage_reports.insert(id.clone(), report);
        id
    }
}
