//! What is handed to operators: the example configuration, the IAM documents, the unit and the container file say what
//! the program does, and go on saying it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use ami_warden::config::{Config, load};
use serde_json::Value;

const EXAMPLE: &str = include_str!("../config/ami-warden.toml");
const UNIT: &str = include_str!("../deploy/systemd/ami-warden.service");
const CONTAINERFILE: &str = include_str!("../deploy/container/Containerfile");
const KUBERNETES: &str = include_str!("../deploy/container/kubernetes.yaml");
const SCAN: &str = include_str!("../deploy/iam/scan-role.json");
const REPORT: &str = include_str!("../deploy/iam/report-role.json");
const ENFORCE: &str = include_str!("../deploy/iam/enforce-role.json");
const HUB: &str = include_str!("../deploy/iam/hub-role.json");

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

// --- The example configuration ---

fn loaded(text: &str) -> Config {
    load(Some((Path::new("ami-warden.toml"), text)), []).unwrap()
}

/// The example with every key that is commented out put in force.
fn example_with_every_key() -> String {
    let lines = EXAMPLE.lines().map(|line| match line.strip_prefix('#') {
        Some(key) if (key.contains(" = ") || key.starts_with("[[")) && !key.starts_with(' ') => key,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Every key there is, as the program itself tells it: a name that cannot be there is answered with those that can.
fn keys_of(table: &str, found: &mut BTreeSet<String>) {
    let text = if table.is_empty() { "no-such-key = 1".to_owned() } else { format!("[{table}]\nno-such-key = 1") };
    let message = load(Some((Path::new("x.toml"), &text)), []).map_err(|error| error.to_string());
    let message = match message {
        Err(message) if message.contains("unknown field") => message,
        // Not a table, or one whose keys are names of the user's.
        _ => {
            found.insert(table.to_owned());
            return;
        }
    };
    let expected = message.split("expected").nth(1).unwrap();
    for name in expected.split('`').skip(1).step_by(2) {
        let key = if table.is_empty() { name.to_owned() } else { format!("{table}.{name}") };
        keys_of(&key, found);
    }
}

fn every_key() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    keys_of("", &mut found);
    found
}

fn at<'a>(table: &'a toml::Table, key: &str) -> Option<&'a toml::Value> {
    match key.split_once('.') {
        None => table.get(key),
        Some((first, rest)) => at(table.get(first)?.as_table()?, rest),
    }
}

#[test]
fn the_example_configuration_is_the_defaults() {
    assert_eq!(loaded(EXAMPLE), Config::default());
}

#[test]
fn the_example_configuration_loads_with_every_key_put_in_force() {
    let config = loaded(&example_with_every_key());
    assert_eq!(config.sns.topics.keys().collect::<Vec<_>>(), ["critical", "default"]);
    assert_eq!(config.groups.keys().collect::<Vec<_>>(), ["partners", "publishers"]);
    assert_eq!(config.organization.members.unwrap().len(), 2);
    assert_eq!(config.replication.kms_keys.len(), 1);
    assert_eq!(config.consumers.iter().map(|consumer| consumer.name.as_str()).collect::<Vec<_>>(), ["web-servers"]);
    assert_eq!(config.policies.directories, [Path::new("policies")]);
}

#[test]
fn the_example_configuration_explains_every_key() {
    let keys = every_key();
    assert!(keys.len() > 30 && keys.contains("grace.deleteSnapshot") && keys.contains("sns.topics"), "{keys:?}");
    let example: toml::Table = toml::from_str(&example_with_every_key()).unwrap();
    let missing: Vec<_> = keys.iter().filter(|key| at(&example, key).is_none()).collect();
    assert_eq!(missing, [""; 0], "config/ami-warden.toml lacks these keys");
    // Two of a kind may share one: two groups, two topics.
    let mut explained = 0;
    for line in EXAMPLE.lines() {
        let key = line.trim_start_matches('#').split_once(" = ").map(|(key, _)| key).filter(|key| !key.contains(' '));
        match (line, key) {
            (_, Some(key)) => {
                assert!(explained > 0, "`{key}` has no explanation above it");
                explained -= 1;
            }
            (comment, _) if comment.starts_with('#') => explained = 2,
            _ => explained = 0,
        }
    }
}

#[test]
fn every_key_of_the_example_can_be_set_by_the_environment() {
    let example: toml::Table = toml::from_str(&example_with_every_key()).unwrap();
    for key in every_key() {
        let value = at(&example, &key).unwrap();
        // Tables of the user's own names: one variable per name.
        let pairs = match value {
            toml::Value::Table(names) => names.iter().map(|(name, value)| (format!("{key}.{name}"), value.clone())).collect(),
            value => vec![(key.clone(), value.clone())],
        };
        for (key, value) in pairs {
            let name = format!("AMI_WARDEN_{}", key.to_ascii_uppercase().replace('-', "_").replace('.', "__"));
            load(None, [(name, value.to_string())]).unwrap();
        }
    }
}

#[test]
fn variables_named_in_the_files_for_operators_exist() {
    let texts = [EXAMPLE, UNIT, CONTAINERFILE, KUBERNETES, include_str!("../deploy/systemd/environment.example")];
    let mut seen = 0;
    for word in texts.iter().flat_map(|text| text.split_whitespace()) {
        let word = word.trim_matches(['#', '`', '(', ')']);
        let Some((name, value)) = word.split_once('=').filter(|(name, _)| name.starts_with("AMI_WARDEN_")) else { continue };
        // The example of a list goes on after a blank.
        if !value.contains('[') {
            load(None, [(name.to_owned(), value.to_owned())]).unwrap();
        }
        seen += 1;
    }
    assert!(seen >= 4);
}

// --- IAM ---

type Statements = BTreeMap<String, (String, BTreeSet<String>, Value)>;

/// Statements by Sid: effect, actions and the whole statement.
fn statements(document: &str) -> Statements {
    let document: Value = serde_json::from_str(document).unwrap();
    assert_eq!(document["Version"], "2012-10-17");
    let mut statements = BTreeMap::new();
    for statement in document["Statement"].as_array().unwrap() {
        let sid = statement["Sid"].as_str().unwrap().to_owned();
        assert!(sid.bytes().all(|byte| byte.is_ascii_alphanumeric()), "IAM takes only letters and digits in the Sid `{sid}`");
        let effect = statement["Effect"].as_str().unwrap().to_owned();
        assert!(effect == "Allow" || effect == "Deny");
        let actions: BTreeSet<String> = match &statement["Action"] {
            Value::String(action) => BTreeSet::from([action.clone()]),
            actions => actions.as_array().unwrap().iter().map(|action| action.as_str().unwrap().to_owned()).collect(),
        };
        let taken = statements.insert(sid.clone(), (effect, actions, statement.clone()));
        assert!(taken.is_none(), "the Sid `{sid}` is there twice");
    }
    statements
}

fn allowed(document: &str) -> BTreeSet<String> {
    let statements = statements(document);
    statements.into_values().filter(|(effect, ..)| effect == "Allow").flat_map(|(_, actions, _)| actions).collect()
}

fn reads(action: &str) -> bool {
    let call = action.split(':').nth(1).unwrap();
    ["Describe", "List", "Get", "BatchGet", "Lookup"].iter().any(|verb| call.starts_with(verb))
}

#[test]
fn no_iam_document_allows_an_action_by_wildcard() {
    for document in [SCAN, REPORT, ENFORCE, HUB] {
        for (_, actions, _) in statements(document).values() {
            assert!(actions.iter().all(|action| action.contains(':') && !action.contains(['*', '?'])), "{actions:?}");
        }
    }
}

#[test]
fn the_scan_role_can_only_read() {
    let actions = allowed(SCAN);
    assert!(actions.iter().all(|action| reads(action)), "{actions:?}");
    // Reads that reveal more than inventories do.
    assert!(actions.iter().all(|action| !action.starts_with("s3:") && !action.starts_with("secretsmanager:")));
}

#[test]
fn the_enforce_role_adds_the_writes_that_act_makes_and_nothing_else() {
    let writes = [
        "ec2:CopyImage",
        "ec2:CreateTags",
        "ec2:DeleteSnapshot",
        "ec2:DeregisterImage",
        "ec2:DisableImage",
        "ec2:EnableImageBlockPublicAccess",
        "ec2:EnableImageDeprecation",
        "ec2:EnableSnapshotBlockPublicAccess",
        "ec2:ModifyImageAttribute",
        "ec2:ModifySnapshotAttribute",
    ];
    assert_eq!(allowed(ENFORCE), writes.map(str::to_owned).into());
    assert_eq!(allowed(REPORT), ["sns:Publish".to_owned()].into());
}

#[test]
fn the_hub_role_asks_who_belongs_to_us_and_enters_by_the_roles_of_the_example_and_no_other() {
    let actions = allowed(HUB);
    assert!(
        actions.iter().all(|action| action == "sts:AssumeRole" || (action.starts_with("organizations:") && reads(action))),
        "{actions:?}"
    );
    let accounts = loaded(&example_with_every_key()).accounts;
    let roles = [accounts.role.as_str(), accounts.writing_role()].map(|role| format!("arn:aws:iam::*:role/{role}"));
    let statements = statements(HUB);
    let (_, _, enter) = &statements["EnterTheOtherAccounts"];
    assert_eq!(enter["Resource"], serde_json::json!(roles));
}

#[test]
fn tags_can_only_be_set_while_a_copy_is_made() {
    for (effect, actions, statement) in statements(ENFORCE).values() {
        if effect == "Allow" && actions.contains("ec2:CreateTags") {
            assert_eq!(actions.len(), 1);
            assert_eq!(statement["Condition"]["StringEquals"]["ec2:CreateAction"], "CopyImage");
        }
    }
}

#[test]
fn writes_are_allowed_on_images_and_snapshots_only() {
    for (sid, (effect, actions, statement)) in statements(ENFORCE) {
        let resources = statement["Resource"].as_array().cloned().unwrap_or_else(|| vec![statement["Resource"].clone()]);
        let named = resources.iter().all(|resource| {
            let resource = resource.as_str().unwrap();
            resource == "arn:aws:ec2:*::image/*" || resource == "arn:aws:ec2:*::snapshot/*"
        });
        // A setting of a whole Region has no ARN.
        let settings = actions.iter().all(|action| action.starts_with("ec2:Enable") && action.ends_with("BlockPublicAccess"));
        assert!(effect == "Deny" || named || settings, "{sid}");
    }
}

#[test]
fn the_default_keep_and_hold_tags_are_denied_in_iam_too() {
    let tags = Config::default().tags;
    let denied: BTreeSet<String> = statements(ENFORCE)
        .into_values()
        .filter(|(effect, ..)| effect == "Deny")
        .map(|(_, actions, statement)| {
            let destructive = ["ec2:DeregisterImage", "ec2:DeleteSnapshot", "ec2:DisableImage", "ec2:EnableImageDeprecation"];
            assert_eq!(actions, destructive.map(str::to_owned).into());
            let condition = statement["Condition"]["Null"].as_object().unwrap();
            assert!(condition.len() == 1 && condition.values().all(|value| value == "false"));
            condition.keys().next().unwrap().trim_start_matches("aws:ResourceTag/").to_owned()
        })
        .collect();
    assert_eq!(denied, tags.keep.into_iter().chain(tags.hold).collect());
}

#[test]
fn trust_policies_name_one_principal_and_a_condition_where_another_account_is_trusted() {
    for name in ["trust-ec2.json", "trust-account.json", "trust-kubernetes.json"] {
        let text = std::fs::read_to_string(file("deploy/iam").join(name)).unwrap();
        for (sid, (_, _, statement)) in statements(&text) {
            let principal = statement["Principal"].as_object().unwrap();
            assert!(principal.len() == 1 && !statement["Principal"].to_string().contains('*'), "{sid}");
            assert!(principal.contains_key("Service") || statement["Condition"]["StringEquals"].is_object(), "{sid}");
        }
    }
    assert!(std::fs::read_to_string(file("deploy/iam/trust-account.json")).unwrap().contains("sts:ExternalId"));
}

// --- systemd ---

fn directive(name: &str) -> Vec<&'static str> {
    UNIT.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('=')).collect()
}

#[test]
fn the_unit_is_hardened_to_an_exposure_of_one_point_five_or_better() {
    let unit = file("deploy/systemd/ami-warden.service");
    let judged = Command::new("systemd-analyze").args(["security", "--offline=true", "--threshold=15", "--no-pager"]).arg(unit).output();
    match judged {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{}", text.lines().last().unwrap_or_default());
        }
        // The settings below are checked in any case.
        Err(error) => println!("skipped: no systemd-analyze here ({error})"),
    }
    for (name, value) in [
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateDevices", "yes"),
        ("PrivateTmp", "yes"),
        ("MemoryDenyWriteExecute", "yes"),
        ("SystemCallArchitectures", "native"),
        ("RestrictNamespaces", "yes"),
        ("LockPersonality", "yes"),
        ("UMask", "0077"),
    ] {
        assert_eq!(directive(name), [value], "{name}");
    }
}

#[test]
fn the_unit_fits_the_program() {
    let config = Config::default();
    assert_eq!(directive("Type"), ["notify"]);
    assert_eq!(directive("NotifyAccess"), ["main"]);
    assert!(directive("ExecReload")[0].contains("-HUP"));
    assert_eq!(directive("KillSignal"), ["SIGTERM"]);
    // Usage errors do not go away by trying again.
    assert_eq!(directive("RestartPreventExitStatus"), ["2"]);
    assert_eq!(Path::new("/var/lib").join(directive("StateDirectory")[0]), config.ledger.path.parent().unwrap());
    let port = config.http.listen.port().to_string();
    assert!(directive("SocketBindAllow").iter().all(|bind| bind.ends_with(&port)));
    // The ledger asks /proc whether the holder of its lease is alive; one that is hidden would be taken for gone.
    assert!(directive("ProtectProc").is_empty() && directive("ProcSubset").is_empty());
}

// --- Container ---

/// Instructions of the container file with their arguments, continued lines joined.
fn instructions() -> Vec<(String, String)> {
    let joined = CONTAINERFILE.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n").replace("\\\n", " ");
    let lines = joined.lines().filter_map(|line| line.split_once(' '));
    lines.map(|(name, rest)| (name.to_owned(), rest.trim().to_owned())).collect()
}

#[test]
fn the_container_is_not_root_has_no_shell_and_brings_no_place_for_the_ledger() {
    let all = instructions();
    let start = all.iter().rposition(|(name, _)| name == "FROM").unwrap();
    let last_stage = &all[start + 1..];
    let of = |name: &str| last_stage.iter().filter(|(found, _)| found == name).map(|(_, rest)| rest.as_str()).collect::<Vec<_>>();
    assert_eq!(of("USER"), ["65532:65532"]);
    assert!(of("RUN").is_empty() && of("SHELL").is_empty());
    // A volume declared here would be given to whoever forgot one, and be gone with the container.
    assert!(of("VOLUME").is_empty());
    let ledger = Config::default().ledger.path;
    let folder = ledger.parent().unwrap().display().to_string();
    assert!(last_stage.iter().all(|(_, rest)| !rest.contains(&folder)));
    assert!(of("ENTRYPOINT")[0].starts_with('[') && of("CMD")[0].starts_with('['), "exec form: there is no shell, and signals arrive");
    for (_, base) in all.iter().filter(|(name, _)| name == "ARG").filter_map(|(_, rest)| rest.split_once('=')) {
        assert!(base.contains(':') && !base.ends_with(":latest"), "{base} is not pinned");
    }
    assert!(all.iter().any(|(name, rest)| name == "RUN" && rest.contains("--locked")));
}

#[test]
fn the_kubernetes_manifest_is_confined_and_its_configuration_loads() {
    for line in [
        "readOnlyRootFilesystem: true",
        "allowPrivilegeEscalation: false",
        "capabilities: {drop: [ALL]}",
        "runAsNonRoot: true",
        "runAsUser: 65532",
        "fsGroup: 65532",
        "strategy: {type: Recreate}",
        "replicas: 1",
        "mountPath: /var/lib/ami-warden",
        "path: /healthz",
        "path: /readyz",
    ] {
        assert!(KUBERNETES.contains(line), "{line}");
    }
    let embedded = KUBERNETES.lines().skip_while(|line| !line.ends_with("ami-warden.toml: |")).skip(1);
    let embedded = embedded.take_while(|line| line.is_empty() || line.starts_with("    ")).collect::<Vec<_>>().join("\n");
    assert!(loaded(&embedded).sns.topics.contains_key("default"));
}
