//! `customer360 keys`: the first key is made at the database, by whoever may read it anyway; further
//! ones are made through a running service, by who may make keys there.

use clap::{Args, Subcommand};

use super::client::{self, ClientError};
use super::{CliError, SettingsArgs, runtime, serve};
use crate::access::directory::{Stored, has_owner};
use crate::access::{Grant, KeyKind, Role, StoredKey, TenantScope, days_after, key};
use crate::clock;
use crate::config::Config;
use crate::rpc::proto;
use crate::rpc::proto::admin_service_client::AdminServiceClient;
use crate::store::{AccessChange, StoreError};

#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make the first key, which owns the deployment, at the database; with --target any key, there
    Create(Box<CreateArgs>),
}

#[derive(Debug, Args)]
pub struct CreateArgs {
    /// What people call the key
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The service that makes it, by the credential of --key-file; without it: the database
    #[arg(long, value_name = "URL")]
    target: Option<String>,
    #[command(flatten)]
    credential: client::CredentialArgs,
    /// What the key is for: secret, public or admin
    #[arg(long, value_name = "KIND", requires = "target")]
    kind: Option<String>,
    /// owner, admin, dpo, steward, rules, service, analyst, viewer, finance, ingest or ingest_public
    #[arg(long, value_name = "ROLE", requires = "target")]
    role: Option<String>,
    /// Whose data it is about; * for all
    #[arg(long, value_name = "NAME", requires = "target")]
    tenant: Option<String>,
    /// Sources that it may write; any without it
    #[arg(long, value_name = "SOURCE", requires = "target")]
    source: Vec<String>,
    /// Days until it ends; default 365, and 90 for an owner's
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(i32).range(0..=3_650))]
    days: i32,
    /// At the database, also when an owner exists: for one whose key was lost
    #[arg(long, conflicts_with = "target")]
    recover: bool,
    #[command(flatten)]
    settings: SettingsArgs,
}

const OWNER_DAYS: i64 = 90;

pub fn command(command: &KeysCommand) -> Result<(), CliError> {
    let KeysCommand::Create(args) = command;
    let secret = match &args.target {
        Some(target) => runtime()?.block_on(made_by(target, args))?,
        None => {
            let config = args.settings.load()?;
            runtime()?.block_on(first(&config, args))?
        }
    };
    // The only time that anybody sees it.
    println!("{secret}");
    eprintln!(
        "This is shown once. Send it as `authorization: Bearer ...`, or keep it in a file for --key-file."
    );
    Ok(())
}

/// The key of an owner, put into the database.
async fn first(config: &Config, args: &CreateArgs) -> Result<String, CliError> {
    let store = serve::open(config).await?;
    let now = clock::system()();
    let made = key::make(KeyKind::Admin).map_err(|error| CliError::Failed(error.to_string()))?;
    let days = if args.days == 0 { OWNER_DAYS } else { args.days.into() };
    let key = StoredKey {
        id: made.id,
        kind: KeyKind::Admin,
        name: args.name.clone(),
        hash: made.hash,
        previous: None,
        grants: vec![Grant::of_role(TenantScope::All, Role::Owner)],
        created_us: now.0,
        created_by: String::new(),
        not_before_us: None,
        expires_us: Some(days_after(now, days).0),
        revoked_us: None,
    };
    let recover = args.recover;
    let kept = store.change_access(move |stored: &Stored| -> Result<_, Declined> {
        match has_owner(&stored.keys, None, now) && !recover {
            true => Err(Declined::Owned),
            false => Ok((AccessChange::Key(key), ())),
        }
    });
    let kept = kept.await;
    store.close().await;
    match kept {
        Ok(()) => Ok(made.text),
        Err(Declined::Store(error)) => Err(error.into()),
        Err(Declined::Owned) => Err(CliError::Failed(
            "the deployment has an owner: make keys with --target and the owner's key, or add --recover if that is lost"
                .to_owned(),
        )),
    }
}

/// Why no key is put into the database.
enum Declined {
    Owned,
    Store(StoreError),
}

impl From<StoreError> for Declined {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A key that a running service makes.
async fn made_by(target: &str, args: &CreateArgs) -> Result<String, CliError> {
    let kind = args.kind.as_deref().unwrap_or("secret");
    let kind = match KeyKind::parse(kind) {
        Some(KeyKind::Secret) => proto::KeyKind::Secret,
        Some(KeyKind::Public) => proto::KeyKind::Public,
        Some(KeyKind::Admin) => proto::KeyKind::Admin,
        None => return Err(CliError::Failed(format!("`{kind}` is none of secret, public and admin"))),
    };
    let role = args.role.clone().ok_or_else(|| CliError::Failed("--role must be given".to_owned()))?;
    let tenant = args.tenant.clone().unwrap_or_else(|| "default".to_owned());
    let grant = proto::Grant { tenant, role, sources: args.source.clone(), ..Default::default() };
    let request = proto::CreateKeyRequest {
        name: args.name.clone(),
        kind: kind.into(),
        grants: vec![grant],
        days: args.days,
        reason: "made by customer360 keys create".to_owned(),
        ..Default::default()
    };
    let port = client::port(target, "default", &args.credential.load()?).await?;
    let made = AdminServiceClient::new(port).create_key(request).await.map_err(ClientError::from)?;
    Ok(made.into_inner().secret)
}
