//! Everything that is asked about a place, each source by itself.

use super::asking::{Asking, Wanted, every};
use super::bounded::each;
use super::{named, services, templates};
use crate::aws::read;
use crate::aws::{Aws, AwsError, Clients};
use crate::inventory::answers::{
    Answer, Answers, DescribeImageUsageReports, DescribeImages, DescribeSnapshots, GetParameters, GetRule, ListRules,
};
use crate::model::{AmiId, Place, Source};
use crate::scan::{Progress, ScanEvent};

/// Places read at the same time. Each holds its answers in memory until they are folded.
pub(super) const PLACES_AT_ONCE: usize = 8;

/// Reads all places and hands each one's answers to `fold` as they come, in no particular order.
pub async fn scan(aws: &Aws, places: &[Place], wanted: &Wanted, progress: &Progress, mut fold: impl FnMut(Answers)) {
    let read = |place: Place| {
        let (clients, wanted, progress) = (aws.clients(&place), wanted.clone(), progress.clone());
        async move { place_listings(clients, place, &wanted, &progress).await }
    };
    each(places.iter().cloned(), PLACES_AT_ONCE, read, |place, answers| {
        fold(answers.unwrap_or_else(|| Answers::unread(place, "the task that read this place broke off: please report this")));
    })
    .await;
}

/// Reads one place.
pub async fn listings(aws: &Aws, place: &Place, wanted: &Wanted, progress: &Progress) -> Answers {
    place_listings(aws.clients(place), place.clone(), wanted, progress).await
}

async fn place_listings(clients: Result<Clients, AwsError>, place: Place, wanted: &Wanted, progress: &Progress) -> Answers {
    progress.tell(ScanEvent::PlaceStarted { place: place.clone() });
    let answers = match clients {
        Ok(clients) => every_source(&Asking::new(&clients, wanted, progress), place.clone()).await,
        Err(error) => Answers::unread(place.clone(), &error.to_string()),
    };
    progress.tell(ScanEvent::PlaceDone { place });
    answers
}

/// First everything that can be asked as it is, then what can only be asked about what was found.
async fn every_source(ask: &Asking<'_>, place: Place) -> Answers {
    let mut answers = listed(ask, place).await;
    let names = named::parameters(&answers);
    answers.parameters = parameters(ask, names.into_iter().collect()).await;
    let ids: Vec<AmiId> = named::others_images(&answers).into_iter().collect();
    answers.images_in_use = ask.source(Source::ImagesInUse, |c| async move { read::images_in_use(&c, &ids).await }).await;
    answers
}

async fn listed(ask: &Asking<'_>, place: Place) -> Answers {
    macro_rules! listing {
        ($source:ident, $read:ident) => {
            ask.source(Source::$source, |c| async move { read::$read(&c).await })
        };
    }
    macro_rules! setting {
        ($source:ident, $read:ident) => {
            ask.setting(Source::$source, |c| async move { read::$read(&c).await })
        };
    }
    let since = ask.wanted.now.checked_sub(ask.wanted.sources.screams).unwrap_or(jiff::Timestamp::MIN);
    let owned = async { tokio::join!(listing!(Images, images), services::snapshots(ask), listing!(PublicSnapshots, public_snapshots)) };
    let launching = async {
        tokio::join!(
            listing!(Instances, instances),
            templates::templates(ask),
            listing!(AutoScalingGroups, auto_scaling_groups),
            listing!(LaunchConfigurations, launch_configurations),
            listing!(SpotFleets, spot_fleets),
            listing!(SpotRequests, spot_requests),
            listing!(Fleets, fleets),
            ask.source(Source::ScalingActivities, |c| async move { read::failed_activities(&c, since).await }),
        )
    };
    let naming = async {
        tokio::join!(
            listing!(ParameterNames, parameter_names),
            services::image_recipes(ask),
            services::container_recipes(ask),
            services::resources(ask),
            usage_reports(ask),
        )
    };
    let protecting = async {
        tokio::join!(
            listing!(ImagesInRecycleBin, images_in_recycle_bin),
            listing!(SnapshotsInRecycleBin, snapshots_in_recycle_bin),
            rules(ask),
            listing!(LockedSnapshots, locked_snapshots),
            listing!(FastRestores, fast_restores),
            listing!(Volumes, volumes),
        )
    };
    let settings = async {
        tokio::join!(
            setting!(ImageBlockPublicAccess, image_block_public_access),
            setting!(SnapshotBlockPublicAccess, snapshot_block_public_access),
            setting!(AllowedImages, allowed_images),
        )
    };
    let (owned, launching, naming, protecting, settings) = tokio::join!(owned, launching, naming, protecting, settings);
    let (images, (snapshots, key_policies), public_snapshots) = owned;
    let (instances, (templates, versions), groups, configurations, spot_fleets, spot_requests, fleets, activities) = launching;
    let (parameter_names, image_recipes, container_recipes, resources, usage_reports) = naming;
    let (bin, snapshots_in_recycle_bin, (rules, rule_details), locked_snapshots, fast_restores, volumes) = protecting;
    let (image_block_public_access, snapshot_block_public_access, allowed_images) = settings;
    Answers {
        live: true,
        unasked: ask.wanted.needs.unwanted(),
        images: or_unasked(images),
        snapshots: or_unasked(snapshots),
        public_snapshots: or_unasked(public_snapshots),
        instances: or_unasked(instances),
        launch_templates: or_unasked(templates),
        launch_template_versions: or_unasked(versions),
        auto_scaling_groups: or_unasked(groups),
        launch_configurations: or_unasked(configurations),
        images_in_recycle_bin: or_unasked(bin),
        rules: or_unasked(rules),
        rule_details: or_unasked(rule_details),
        spot_fleets,
        spot_requests,
        fleets,
        parameter_names,
        image_recipes: image_recipes.0,
        image_recipe_details: image_recipes.1,
        container_recipes: container_recipes.0,
        container_recipe_details: container_recipes.1,
        resources: resources.0,
        resource_details: resources.1,
        scaling_activities: activities,
        usage_reports: usage_reports.0,
        usage_report_entries: usage_reports.1,
        volumes,
        fast_restores,
        locked_snapshots,
        snapshots_in_recycle_bin,
        image_block_public_access,
        snapshot_block_public_access,
        allowed_images,
        key_policies,
        ..Answers::unread(place, "not asked")
    }
}

/// A listing that most policies need, and these do not.
fn or_unasked<T>(answer: Option<Answer<T>>) -> Answer<T> {
    answer.unwrap_or_else(|| Err("not asked: no policy in force could make use of it".into()))
}

/// The values of these parameters.
async fn parameters(ask: &Asking<'_>, names: Vec<String>) -> Option<Answer<GetParameters>> {
    let values = ask.source(Source::Parameters, |clients| async move {
        let one = |names: Vec<String>| {
            let clients = clients.clone();
            async move { read::parameters(&clients, &names).await }
        };
        let batches = names.chunks(read::NAMES_PER_CALL).map(<[String]>::to_vec);
        let answers = every(batches, one, |names| names.join(", ")).await?;
        let (mut parameters, mut invalid) = (Vec::new(), Vec::new());
        for answer in answers {
            parameters.extend(answer.parameters.into_iter().flatten());
            invalid.extend(answer.invalid_parameters.into_iter().flatten());
        }
        Ok(GetParameters { parameters: Some(parameters), invalid_parameters: Some(invalid) })
    });
    values.await
}

type Reports = (Option<Answer<DescribeImageUsageReports>>, Option<Answer<crate::inventory::answers::DescribeImageUsageReportEntries>>);

/// Reports that others asked EC2 to make, and what is in them.
async fn usage_reports(ask: &Asking<'_>) -> Reports {
    let reports = ask.source(Source::UsageReports, |c| async move { read::usage_reports(&c).await }).await;
    let entries = ask.after(&reports, Source::UsageReportEntries, |clients, listed: &DescribeImageUsageReports| {
        let none = listed.image_usage_reports.iter().flatten().next().is_none();
        async move {
            match none {
                // No report has no entries.
                true => Ok(crate::inventory::answers::DescribeImageUsageReportEntries { image_usage_report_entries: Some(Vec::new()) }),
                false => read::usage_report_entries(&clients).await,
            }
        }
    });
    let entries = entries.await;
    (reports, entries)
}

/// Rules of the Recycle Bin before their details.
async fn rules(ask: &Asking<'_>) -> (Option<Answer<ListRules>>, Option<Answer<Vec<GetRule>>>) {
    let rules = ask.source(Source::RecycleBinRules, |c| async move { read::rules(&c).await }).await;
    let details = ask.after(&rules, Source::RecycleBinRule, |clients, listed: &ListRules| {
        let listed = listed.clone();
        async move { read::rule_details(&clients, &listed).await }
    });
    let details = details.await;
    (rules, details)
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
