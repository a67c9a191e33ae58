//! Everything that is asked about a place, each source by itself.

use super::bounded::each;
use crate::aws::read;
use crate::aws::{Aws, AwsError, Clients};
use crate::inventory::answers::{
    Answer, Answers, DescribeImages, DescribeLaunchTemplateVersions, DescribeLaunchTemplates, DescribeSnapshots, GetRule,
    LaunchTemplateVersion, ListRules,
};
use crate::model::{Place, Source};
use crate::scan::listing::Listing;
use crate::scan::{Progress, ScanEvent};

/// Places read at the same time. Each holds its answers in memory until they are folded, and asks up to nine
/// sources at once: 72 requests in flight are what one HTTP client carries without queueing.
pub(super) const PLACES_AT_ONCE: usize = 8;

/// Templates whose versions are read at the same time in one place. Our bucket gives ten a second.
const TEMPLATES_AT_ONCE: usize = 4;

/// Reads all places and hands each one's answers to `fold` as they come, in no particular order.
pub async fn scan(aws: &Aws, places: &[Place], progress: &Progress, mut fold: impl FnMut(Answers)) {
    let read = |place: Place| {
        let (clients, progress) = (aws.clients(&place), progress.clone());
        async move { place_listings(clients, place, &progress).await }
    };
    each(places.iter().cloned(), PLACES_AT_ONCE, read, |place, answers| {
        fold(answers.unwrap_or_else(|| Answers::unread(place, "the task that read this place broke off: please report this")));
    })
    .await;
}

/// Reads one place: every source that every complete picture needs.
pub async fn listings(aws: &Aws, place: &Place, progress: &Progress) -> Answers {
    place_listings(aws.clients(place), place.clone(), progress).await
}

async fn place_listings(clients: Result<Clients, AwsError>, place: Place, progress: &Progress) -> Answers {
    progress.tell(ScanEvent::PlaceStarted { place: place.clone() });
    let answers = match clients {
        Ok(clients) => every_source(&clients, place.clone(), progress).await,
        Err(error) => Answers::unread(place.clone(), &error.to_string()),
    };
    progress.tell(ScanEvent::PlaceDone { place });
    answers
}

async fn every_source(clients: &Clients, place: Place, progress: &Progress) -> Answers {
    let ask = Asking { clients, progress };
    // Templates before their versions, rules before their details; everything else side by side.
    let templates = async {
        let templates = ask.source(Source::LaunchTemplates, |c| async move { read::launch_templates(&c).await }).await;
        let versions = ask.template_versions(&templates).await;
        (templates, versions)
    };
    let rules = async {
        let rules = ask.source(Source::RecycleBinRules, |c| async move { read::rules(&c).await }).await;
        let details = ask.rule_details(&rules).await;
        (rules, details)
    };
    let (images, snapshots, public_snapshots, instances, groups, configurations, bin, templates, rules) = tokio::join!(
        ask.source(Source::Images, |c| async move { read::images(&c).await }),
        ask.source(Source::Snapshots, |c| async move { read::snapshots(&c).await }),
        ask.source(Source::PublicSnapshots, |c| async move { read::public_snapshots(&c).await }),
        ask.source(Source::Instances, |c| async move { read::instances(&c).await }),
        ask.source(Source::AutoScalingGroups, |c| async move { read::auto_scaling_groups(&c).await }),
        ask.source(Source::LaunchConfigurations, |c| async move { read::launch_configurations(&c).await }),
        ask.source(Source::ImagesInRecycleBin, |c| async move { read::images_in_recycle_bin(&c).await }),
        templates,
        rules,
    );
    Answers {
        live: true,
        images,
        snapshots,
        public_snapshots,
        instances,
        launch_templates: templates.0,
        launch_template_versions: templates.1,
        auto_scaling_groups: groups,
        launch_configurations: configurations,
        images_in_recycle_bin: bin,
        rules: rules.0,
        rule_details: rules.1,
        ..Answers::unread(place, "not asked")
    }
}

/// Asks sources of one place and tells what became of each.
struct Asking<'a> {
    clients: &'a Clients,
    progress: &'a Progress,
}

impl Asking<'_> {
    async fn source<T: Listing, F>(&self, source: Source, ask: impl FnOnce(Clients) -> F) -> Answer<T>
    where
        F: Future<Output = Result<T, AwsError>>,
    {
        let clients = self.clients.counted();
        let answer = ask(clients.clone()).await.map_err(|error| error.to_string());
        let (place, requests) = (clients.place().clone(), clients.asked());
        self.progress.tell(match &answer {
            Ok(answer) => ScanEvent::SourceDone { place, source, items: answer.entries().unwrap_or(0), requests },
            Err(error) => ScanEvent::SourceFailed { place, source, error: error.clone(), requests },
        });
        answer
    }

    /// All versions of all templates, or an error: a version that was not read may name any image.
    async fn template_versions(&self, templates: &Answer<DescribeLaunchTemplates>) -> Answer<DescribeLaunchTemplateVersions> {
        let ask = |clients: Clients| async move {
            let ids = template_ids(templates)?;
            let mut all: Result<Vec<Option<LaunchTemplateVersion>>, AwsError> = Ok(Vec::new());
            let read = |id: String| {
                let clients = clients.clone();
                async move { read::launch_template_versions(&clients, &id).await }
            };
            each(ids, TEMPLATES_AT_ONCE, read, |id, answer| {
                let answer = answer.unwrap_or_else(|| Err(AwsError::malformed(format!("the task that read {id} broke off"))));
                match (&mut all, answer) {
                    (Ok(all), Ok(versions)) => all.extend(versions.launch_template_versions.into_iter().flatten()),
                    (Ok(_), Err(error)) => all = Err(AwsError { message: format!("{} (template {id})", error.message), ..error }),
                    (Err(_), _) => {}
                }
            })
            .await;
            Ok(DescribeLaunchTemplateVersions { launch_template_versions: Some(in_order(all?)) })
        };
        self.source(Source::LaunchTemplateVersions, ask).await
    }

    async fn rule_details(&self, rules: &Answer<ListRules>) -> Answer<Vec<GetRule>> {
        let ask = |clients: Clients| async move {
            match rules {
                Ok(rules) => read::rule_details(&clients, rules).await,
                Err(error) => Err(not_listed("rules", error)),
            }
        };
        self.source(Source::RecycleBinRule, ask).await
    }
}

/// The ids to ask about; a template that came without one cannot be asked about, and its versions stay unknown.
fn template_ids(templates: &Answer<DescribeLaunchTemplates>) -> Result<Vec<String>, AwsError> {
    let templates = templates.as_ref().map_err(|error| not_listed("templates", error))?;
    let nameless = || AwsError::malformed("a launch template was listed without its id");
    let templates = templates.launch_templates.iter().flatten();
    templates.map(|template| template.as_ref().and_then(|template| template.launch_template_id.clone()).ok_or_else(nameless)).collect()
}

/// Answers come as they come; a record of the same estate should be the same file.
fn in_order(mut versions: Vec<Option<LaunchTemplateVersion>>) -> Vec<Option<LaunchTemplateVersion>> {
    versions.sort_by(|a, b| {
        let key = |version: &Option<LaunchTemplateVersion>| {
            version.as_ref().map(|version| (version.launch_template_id.clone(), version.version_number))
        };
        key(a).cmp(&key(b))
    });
    versions
}

fn not_listed(what: &str, error: &str) -> AwsError {
    AwsError::unsent(crate::aws::ErrorKind::Other, "NotAsked", format!("the {what} could not be listed ({error})"))
}

/// What the frequent exposure scan reads: only the two public listings.
#[derive(Clone, Debug)]
pub struct Exposure {
    pub place: Place,
    pub public_images: Answer<DescribeImages>,
    pub public_snapshots: Answer<DescribeSnapshots>,
}

/// The public images and public snapshots of one place: two requests in nearly every account.
pub async fn exposure(aws: &Aws, place: &Place) -> Exposure {
    place_exposure(aws.clients(place), place.clone()).await
}

/// The same for many places, handed to `fold` as they come.
pub async fn exposures(aws: &Aws, places: &[Place], mut fold: impl FnMut(Exposure)) {
    let read = |place: Place| place_exposure(aws.clients(&place), place);
    each(places.iter().cloned(), PLACES_AT_ONCE, read, |place, exposure| {
        fold(exposure.unwrap_or_else(|| unexposed(place, "the task that read this place broke off: please report this")));
    })
    .await;
}

async fn place_exposure(clients: Result<Clients, AwsError>, place: Place) -> Exposure {
    let clients = match clients {
        Ok(clients) => clients,
        Err(error) => return unexposed(place, &error.to_string()),
    };
    let (images, snapshots) = tokio::join!(read::public_images(&clients), read::public_snapshots(&clients));
    let text = |error: AwsError| error.to_string();
    Exposure { place, public_images: images.map_err(text), public_snapshots: snapshots.map_err(text) }
}

fn unexposed(place: Place, why: &str) -> Exposure {
    Exposure { place, public_images: Err(why.to_owned()), public_snapshots: Err(why.to_owned()) }
}
