//! A customer's view through the port, beside a bare echo on the same server.

use std::sync::Arc;
use std::time::Duration;

use customer360::clock;
use customer360::rpc::proto;
use customer360::rpc::proto::customer_ref::By;
use customer360::simulate::Retailer;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tonic::transport::Channel;

use crate::databases::Databases;
use crate::echo;
use crate::service::{Service, connect, listen};
use crate::table::{Row, Table, median, number, quantile};

const IN_FLIGHT: usize = 64;
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(2);

/// Both with 64 calls in flight over one connection, in turns; then views at half the rate that
/// was reached, whoever is late, beside echoes at the same.
pub async fn beside_an_echo(
    table: &mut Table,
    databases: &Databases,
    service: &Service,
    retailer: &Retailer,
) {
    let asked = Arc::new(questions(retailer));
    let bare = connect(listen(echo::routes()).await).await;
    let (mut echoes, mut views) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        echoes.push(rate(&bare, &asked, Call::Echo).await);
        views.push(rate(&service.channel, &asked, Call::View).await);
    }
    let (echoes, views) = (median(echoes), median(views));
    let sides = format!("{} a second; echo {}; one process calls and serves", number(views), number(echoes));
    let what = format!("{}: GetCustomer, {IN_FLIGHT} in flight, beside an echo", databases.name());
    table.print(&Row::new(what, views / echoes, sides).at_least(0.1, 0.4));
    let mut late = open_loop(&service.channel, &asked, views / 2.0, Call::View).await;
    let mut control = open_loop(&bare, &asked, views / 2.0, Call::Echo).await;
    let (middle, p99) = (quantile(&mut late, 0.5), quantile(&mut late, 0.99));
    let what = format!("{}: GetCustomer at half load, p99 in ms", databases.name());
    let sides = format!(
        "{} a second on a schedule; median {middle:.2} ms; an echo's {:.2} and p99 {:.2}",
        number(views / 2.0),
        quantile(&mut control, 0.5),
        quantile(&mut control, 0.99)
    );
    table.print(&Row::new(what, p99, sides).at_most(10.0, 3.0));
}

#[derive(Clone, Copy)]
enum Call {
    Echo,
    View,
}

/// Names of customers at random, as touchpoints showed them.
fn questions(retailer: &Retailer) -> Vec<proto::GetCustomerRequest> {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut questions = Vec::new();
    while questions.len() < 20_000.min(retailer.len()) {
        let touchpoint = retailer.touchpoint(random.random_range(0..retailer.len()));
        if let Some(identifier) = touchpoint.identifiers.into_iter().next() {
            let customer = Some(proto::CustomerRef { by: Some(By::Identifier(identifier)) });
            questions.push(proto::GetCustomerRequest { customer, ..Default::default() });
        }
    }
    questions
}

async fn call(channel: &Channel, question: proto::GetCustomerRequest, which: Call) {
    match which {
        Call::Echo => _ = echo::call(channel.clone(), question).await,
        Call::View => {
            let mut client = proto::customer_service_client::CustomerServiceClient::new(channel.clone());
            let answer = client.get_customer(question).await;
            // A blocked or shared name leads to nobody, which is an answer too.
            assert!(answer.is_ok_and(|a| a.get_ref().customer.is_some()), "a customer");
        }
    }
}

/// Calls a second.
async fn rate(channel: &Channel, questions: &Arc<Vec<proto::GetCustomerRequest>>, which: Call) -> f64 {
    let begun = clock::stopwatch();
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..IN_FLIGHT {
        let (channel, questions) = (channel.clone(), questions.clone());
        callers.spawn(async move {
            let mut calls = 0;
            while begun.elapsed() < ROUND {
                let question = &questions[(caller * 317 + calls * IN_FLIGHT) % questions.len()];
                call(&channel, question.clone(), which).await;
                calls += 1;
            }
            calls
        });
    }
    let calls: usize = callers.join_all().await.into_iter().sum();
    calls as f64 / begun.elapsed().as_secs_f64()
}

/// Milliseconds from when a call was due to its answer.
async fn open_loop(
    channel: &Channel,
    questions: &Arc<Vec<proto::GetCustomerRequest>>,
    rate: f64,
    which: Call,
) -> Vec<f64> {
    let mut late = Vec::new();
    let begun = clock::stopwatch();
    let mut ticks = tokio::time::interval(Duration::from_millis(1));
    let mut calls = tokio::task::JoinSet::new();
    let mut sent = 0_usize;
    while begun.elapsed() < 2 * ROUND {
        ticks.tick().await;
        // Who was answered is let go at once: the callers' memory would grow, and pages that are new
        // to the process take longer than views.
        while let Some(answered) = calls.try_join_next() {
            late.push(answered.expect("an answer"));
        }
        while (sent as f64) < begun.elapsed().as_secs_f64() * rate {
            let due = Duration::from_secs_f64(sent as f64 / rate);
            let (channel, question) = (channel.clone(), questions[sent % questions.len()].clone());
            calls.spawn(async move {
                call(&channel, question, which).await;
                (begun.elapsed() - due).as_secs_f64() * 1e3
            });
            sent += 1;
        }
    }
    late.extend(calls.join_all().await);
    late
}
