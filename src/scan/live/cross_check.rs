//! EC2's own answer to who names an image, asked last and only about images that could be taken away: a call tells of ten.

use std::collections::BTreeMap;

use super::asking::{Asking, Wanted, every};
use super::bounded::each;
use super::listings::PLACES_AT_ONCE;
use crate::aws::{Aws, AwsError, Clients, read};
use crate::inventory::answers::{Answer, DescribeImageReferences};
use crate::model::{AmiId, Place, Source};
use crate::scan::Progress;

/// What refers to these images, place by place, handed to `fold` as it comes. Nothing refers to no image: that costs no call.
pub async fn all_references(
    aws: &Aws,
    asked: &BTreeMap<Place, Vec<AmiId>>,
    wanted: &Wanted,
    progress: &Progress,
    mut fold: impl FnMut(Place, Answer<DescribeImageReferences>),
) {
    let read = |(place, images): (Place, Vec<AmiId>)| {
        let (clients, wanted, progress) = (aws.clients(&place), wanted.clone(), progress.clone());
        async move { references(clients, images, &wanted, &progress).await }
    };
    let (empty, asked): (Vec<_>, Vec<_>) = asked.iter().partition(|(_, images)| images.is_empty());
    for (place, _) in empty {
        fold(place.clone(), Ok(DescribeImageReferences { image_references: Some(Vec::new()) }));
    }
    let asked = asked.into_iter().map(|(place, images)| (place.clone(), images.clone()));
    each(asked, PLACES_AT_ONCE, read, |(place, _), answer| match answer {
        Some(Some(answer)) => fold(place, answer),
        Some(None) => {}
        None => fold(place, Err("the task that read them broke off: please report this".into())),
    })
    .await;
}

async fn references(
    clients: Result<Clients, AwsError>,
    images: Vec<AmiId>,
    wanted: &Wanted,
    progress: &Progress,
) -> Option<Answer<DescribeImageReferences>> {
    let clients = match clients {
        Ok(clients) => clients,
        Err(error) => return Some(Err(error.to_string())),
    };
    let ask = Asking::new(&clients, wanted, progress);
    let answer = ask.source(Source::ImageReferences, |clients| async move {
        let one = |images: Vec<AmiId>| {
            let clients = clients.clone();
            async move { read::image_references(&clients, &images).await }
        };
        let ids = |images: &Vec<AmiId>| images.iter().map(AmiId::as_str).collect::<Vec<_>>().join(", ");
        let answers = every(images.chunks(read::IMAGES_PER_CALL).map(<[AmiId]>::to_vec), one, ids).await?;
        let references = answers.into_iter().flat_map(|answer| answer.image_references.into_iter().flatten());
        Ok(DescribeImageReferences { image_references: Some(references.collect()) })
    });
    answer.await
}
