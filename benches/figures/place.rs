//! One place at AWS's quota, 50,000 images and 100,000 snapshots, scanned in virtual time.
//!
//! The simulator answers from inside the process, each page after 200 ms, with AWS's token buckets. The runtime's clock is
//! paused: what is waited for passes at once, so the time shown is that of an account and not of this machine.

use std::time::Duration;

use ami_warden::aws::{Aws, Keys, Settings};
use ami_warden::config::Config;
use ami_warden::evidence::{Asking, Evidence};
use ami_warden::inventory::History;
use ami_warden::model::Principal;
use ami_warden::policy::{PolicyFile, PolicySet};
use ami_warden::scan::Progress;
use ami_warden_sim::{Connector, Outcome, RuleResource, Sim, World};

const ACCOUNT: &str = "111111111111";
const REGION: &str = "eu-central-1";
const IMAGES: usize = 50_000;
/// Per image: its root volume's and one of data.
const SNAPSHOTS_PER_IMAGE: usize = 2;
const LATENCY: Duration = Duration::from_millis(200);
/// Entries on a page.
const PAGE: usize = 1_000;
/// Our own bucket for reads, half of AWS's: so many at once ...
const BURST: usize = 50;
/// ... and then so many a second.
const PER_SECOND: f64 = 10.0;

/// With a policy that asks for launch permissions of every image, and with one that asks for none.
pub(crate) fn figures() -> Result<(), Box<dyn std::error::Error>> {
    let listings = r#"@id("public") permit (principal, action == Action::"makePrivate", resource is Image) when { resource.isPublic };
        @id("forgotten") permit (principal, action == Action::"deleteSnapshot", resource is Snapshot) when { resource.hasTag("forgotten") };"#;
    let shares = r#"@id("shares") permit (principal, action == Action::"revokeShare", resource is Image)
        unless { context.grantee in AccountGroup::"organization" };"#;
    scan("listings only", listings, 0)?;
    scan("and the launch permissions of every image", &format!("{listings}{shares}"), IMAGES)
}

fn scan(what: &str, policies: &str, questions: usize) -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?;
    let sim = Sim::new(world()?);
    let policies = PolicySet::load(&[PolicyFile { path: "figures.cedar".into(), text: policies.into() }])?;
    let (virtual_time, pages) = runtime.block_on(async {
        let client = Connector::new(sim.clone(), LATENCY).client();
        let keys = Keys { access_key_id: format!("AKIA{ACCOUNT}"), secret_access_key: "simulated".into(), session_token: None };
        let aws = Aws::connect(Settings { keys: Some(keys), home: Some(REGION.into()), http_client: Some(client), ..Settings::default() })
            .await?;
        let config = config()?;
        let asking = Asking {
            config: &config,
            policies: &policies,
            principal: Principal::Automatic,
            history: History::default(),
            approved: Default::default(),
            now: sim.world(|world| world.now()),
            about: None,
        };
        let begun = tokio::time::Instant::now();
        let evidence = Evidence::live(&aws, asking, &Progress::silent(), None).await?;
        let took = begun.elapsed();
        let gaps = evidence.estate.gaps();
        if let Some(gap) = gaps.first() {
            return Err(format!("{} gaps, the first: {gap}", gaps.len()).into());
        }
        let throttled = sim.world(|world| {
            world
                .journal
                .entries()
                .iter()
                .filter(|entry| matches!(&entry.outcome, Outcome::Error(code) if code == "RequestLimitExceeded"))
                .count()
        });
        Ok::<_, Box<dyn std::error::Error>>((took, (sim.world(|world| world.journal.entries().len()), throttled)))
    })?;
    let bound = bound(questions);
    println!(
        "| one place, {IMAGES} images, {} snapshots, 200 ms a page, {what}: virtual time | {:.1} s (bound {:.1} s, ratio {:.2}; {} requests, {} throttled) |",
        IMAGES * SNAPSHOTS_PER_IMAGE,
        virtual_time.as_secs_f64(),
        bound,
        virtual_time.as_secs_f64() / bound,
        pages.0,
        pages.1
    );
    Ok(())
}

/// No scan is faster: the Regions are asked first, the longest chain of pages is serial, and the questions that follow it
/// wait for tokens.
fn bound(questions: usize) -> f64 {
    let latency = LATENCY.as_secs_f64();
    let chain = (IMAGES * SNAPSHOTS_PER_IMAGE).div_ceil(PAGE) as f64;
    let tokens = |calls: f64| ((calls - BURST as f64) / PER_SECOND).max(0.0);
    let listing = (chain * latency).max(tokens(chain));
    let asking = if questions == 0 { 0.0 } else { tokens(questions as f64) + latency };
    latency + listing + asking
}

fn world() -> Result<World, Box<dyn std::error::Error>> {
    let mut world = World::new("2026-11-20T12:00:00Z".parse()?);
    world.limit_regions(&[REGION]);
    world.settings.throttling = true;
    for kind in [RuleResource::Image, RuleResource::Snapshot] {
        world.account(ACCOUNT).region(REGION).recycle_bin_rule(kind, 14).put();
    }
    for number in 0..IMAGES {
        let age = i64::try_from(number % 1_500)?;
        let data = world.account(ACCOUNT).region(REGION).snapshot().age_days(age).put();
        world.account(ACCOUNT).region(REGION).image(&format!("app-{number}")).age_days(age).snapshot_size(8).on_snapshot(&data).put();
    }
    Ok(world)
}

fn config() -> Result<Config, Box<dyn std::error::Error>> {
    let mut config = Config::default();
    config.scope.regions = Some(vec![REGION.into()]);
    config.organization.members = Some(Vec::new());
    Ok(config)
}
