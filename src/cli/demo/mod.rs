//! `customer360 demo`: a simulated retailer through the real port of a service in a temporary
//! folder; what is known of one person, and of the business, before and after the histories
//! that belong together are told so.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;

use super::client::{self, ClientError, Clients};
use super::import::{Sent, record};
use super::{CliError, runtime, serve};
use crate::clock;
use crate::config::{self, Config, Flags};
use crate::rpc::proto::{self, Touchpoint};
use crate::simulate::{Retailer, Settings};

mod figures;
mod hero;
mod paper;

use figures::Figures;
use hero::Hero;
use paper::Paper;

#[derive(Debug, Args)]
pub struct DemoArgs {
    /// True persons of the simulated retailer
    #[arg(long, value_name = "N", default_value_t = 3_000, value_parser = clap::value_parser!(u32).range(100..=200_000))]
    people: u32,
    /// The same seed tells the same story, on every machine
    #[arg(long, value_name = "S", default_value_t = 360)]
    seed: u64,
    /// End after the story instead of serving until Ctrl-C (the default without a terminal)
    #[arg(long)]
    end: bool,
}

const PATIENCE: Duration = Duration::from_secs(60);
const BATCH: usize = 2_000;

pub fn command(args: &DemoArgs) -> Result<(), CliError> {
    let folder = tempfile::tempdir().map_err(CliError::io("making a temporary folder"))?;
    let flags = Flags::from([
        ("listen".to_owned(), "127.0.0.1:0".to_owned()),
        ("metrics_listen".to_owned(), String::new()),
        ("log_level".to_owned(), "warn".to_owned()),
        ("drain_seconds".to_owned(), "2".to_owned()),
        ("database_url".to_owned(), format!("sqlite:{}", folder.path().join("demo.db").display())),
    ]);
    let config = config::load(None, &flags)?;
    let runtime = runtime()?;
    let done = runtime.block_on(tell(args, config));
    runtime.shutdown_timeout(Duration::from_secs(1));
    done
}

async fn tell(args: &DemoArgs, config: Config) -> Result<(), CliError> {
    let listener =
        TcpListener::bind(config.listen).await.map_err(CliError::io("listening on a free port"))?;
    let address = listener.local_addr().map_err(CliError::io("asking for the port's address"))?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let service = tokio::spawn(async move {
        serve::serve_on(listener, &config, async {
            let _ = stopped.await;
        })
        .await
    });
    let story = story(args, address);
    let told = story.await;
    if told.is_ok() && !args.end && std::io::stdout().is_terminal() {
        println!("The service goes on at {address}. Ctrl-C ends it and removes its folder.");
        serve::stopped().await;
    }
    let _ = stop.send(());
    match service.await {
        Ok(served) => told.and(served),
        Err(e) => Err(CliError::Failed(format!("the service ended: {e}"))),
    }
}

async fn story(args: &DemoArgs, address: SocketAddr) -> Result<(), CliError> {
    let paper = Paper::of_stdout();
    let clients = client::connect(&address.to_string(), "default").await?;
    let retailer = Retailer::plan(Settings::new(args.people, args.seed));
    paper.title("A retailer, two years, eight channels");
    println!(
        "{} people left {} touchpoints. They go through the gRPC port at {address}.\n",
        paper::count(args.people.into()),
        paper::count(retailer.len() as i64),
    );
    figures::set_rates(&clients).await?;

    let (links, facts): (Vec<usize>, Vec<usize>) =
        (0..retailer.len()).partition(|&index| retailer.is_link(index));
    let revision = play(&paper, &clients, &retailer, &facts, "everything but what names two at once").await?;
    let before = Figures::ask(&clients, revision).await?;
    let hero = hero::choose(&retailer).ok_or_else(|| {
        CliError::Failed("nobody of this retailer uses every channel; take more people".to_owned())
    })?;
    hero_before(&paper, &clients, &hero, revision).await?;

    paper.title("The histories meet");
    let what = "logins, registrations, enrolments, confirmations";
    let revision = play(&paper, &clients, &retailer, &links, what).await?;
    hero_after(&paper, &clients, &hero, revision).await?;
    let after = Figures::ask(&clients, revision).await?;

    paper.title("What it did to the numbers");
    let truth = truth(address, &retailer).await?;
    before.compare(&after, &truth, &paper, args.people);
    commands(&paper, address, &hero);
    Ok(())
}

/// The figures of a tenant of which every touchpoint names its true person and nothing else.
async fn truth(address: SocketAddr, retailer: &Retailer) -> Result<Figures, CliError> {
    let clients = client::connect(&address.to_string(), "truth").await?;
    figures::set_rates(&clients).await?;
    let mut revision = 0;
    let all: Vec<usize> = (0..retailer.len()).collect();
    for batch in all.chunks(BATCH) {
        let known = |&index: &usize| {
            let value = format!("person {}", retailer.person(index));
            let person = proto::Identifier { kind: "CRM_ID".to_owned(), value, ..Default::default() };
            Touchpoint { identifiers: vec![person], ..retailer.touchpoint(index) }
        };
        let sent = record(&clients, batch.iter().map(known).collect(), PATIENCE).await?;
        revision = revision.max(sent.revision);
    }
    Ok(Figures::ask(&clients, revision).await?)
}

/// Records these touchpoints and answers the revision that has them all.
async fn play(
    paper: &Paper,
    clients: &Clients,
    retailer: &Retailer,
    indexes: &[usize],
    what: &str,
) -> Result<i64, CliError> {
    let started = clock::stopwatch();
    let mut total = Sent::default();
    for batch in indexes.chunks(BATCH) {
        let touchpoints: Vec<Touchpoint> = batch.iter().map(|&index| retailer.touchpoint(index)).collect();
        let sent = record(clients, touchpoints, PATIENCE).await?;
        total.recorded += sent.recorded;
        total.revision = total.revision.max(sent.revision);
        if let Some(refusal) = sent.refusals.first() {
            let why = format!("a simulated touchpoint was refused: {}", refusal.to_json());
            return Err(CliError::Failed(why));
        }
    }
    let seconds = started.elapsed().as_secs_f64().max(0.001);
    let recorded = i64::try_from(total.recorded).unwrap_or(i64::MAX);
    println!(
        "  {} touchpoints recorded: {what} {}\n",
        paper.bold(&paper::count(recorded)),
        paper.dim(&format!("({seconds:.1} s, {:.0} a second)", total.recorded as f64 / seconds)),
    );
    Ok(total.revision)
}

async fn hero_before(paper: &Paper, clients: &Clients, hero: &Hero, revision: i64) -> Result<(), CliError> {
    paper.title("One person, seen as strangers");
    for identifier in hero.names() {
        let Some(customer) = hero::customer(clients, identifier, revision).await? else { continue };
        println!("  {}", paper.bold(&format!("{} {}", identifier.kind, identifier.value)));
        hero::print_summary(paper, &customer);
    }
    println!();
    Ok(())
}

async fn hero_after(paper: &Paper, clients: &Clients, hero: &Hero, revision: i64) -> Result<(), CliError> {
    let Some(customer) = hero::customer(clients, &hero.email, revision).await? else {
        return Err(CliError::Failed("the customer is gone".to_owned()));
    };
    println!("  The strangers are {}.", paper.bold(&format!("one customer: {}", customer.customer_id)));
    hero::print_summary(paper, &customer);
    hero::print_known(paper, &customer);
    paper.title("Why they are one");
    let request = proto::ExplainIdentityRequest {
        subject: Some(proto::explain_identity_request::Subject::Identifier(hero.cookie.clone())),
        to: Some(hero.card.clone()),
        at_least_as_fresh: revision,
        ..Default::default()
    };
    let mut identities = clients.identities.clone();
    let explained = identities.explain_identity(request).await.map_err(ClientError::from)?.into_inner();
    hero::print_chain(paper, &explained);
    Ok(())
}

fn commands(paper: &Paper, address: SocketAddr, hero: &Hero) {
    paper.title("Go on exploring");
    let email = format!(r#"{{"kind":"EMAIL","value":"{}"}}"#, hero.email.value);
    let scope = r#"{"scope":{"range":{"start":"2024-01-01T00:00:00Z","end":"2026-01-01T00:00:00Z"}}}"#;
    println!("  grpcurl -plaintext {address} list");
    println!(
        "  grpcurl -plaintext -d '{{\"customer\":{{\"identifier\":{email}}}}}' \\\n    {address} customer360.v1.CustomerService/GetCustomer"
    );
    println!(
        "  grpcurl -plaintext -d '{scope}' \\\n    {address} customer360.v1.KpiService/ComputeRepurchase"
    );
    println!("\n  Your own data: customer360 serve, and in another terminal");
    println!("  customer360 simulate --people 100000 --out retailer.jsonl.gz");
    println!("  customer360 import retailer.jsonl.gz --target http://127.0.0.1:7360\n");
}
