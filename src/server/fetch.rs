//! Reads small documents of the issuer: over TLS or loopback, without following redirects, so long and
//! so large at most.

use std::time::Duration;

use http::header::CACHE_CONTROL;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;

use crate::config::may_be_fetched;

const PATIENCE: Duration = Duration::from_secs(5);
const DOCUMENT_BYTES: usize = 256 << 10;
const KEPT_AT_LEAST: u64 = 60;
const KEPT_AT_MOST: u64 = 86_400;

/// See the module.
pub(super) struct Fetcher(Client<HttpsConnector<HttpConnector>, Empty<Bytes>>);

#[derive(Deserialize)]
struct Discovered {
    issuer: String,
    jwks_uri: String,
}

impl Fetcher {
    pub(super) fn new() -> Self {
        // The only provider that is built in.
        let connector =
            HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().build();
        Self(Client::builder(TokioExecutor::new()).pool_max_idle_per_host(1).build(connector))
    }

    /// A document, and for how long it says that it is good.
    pub(super) async fn get(&self, url: &str) -> Result<(Vec<u8>, Option<Duration>), String> {
        if !may_be_fetched(url) {
            return Err("the address is neither https nor loopback".to_owned());
        }
        let request = Request::get(url).body(Empty::new()).map_err(|error| error.to_string())?;
        let read = async {
            let answer = self.0.request(request).await.map_err(|error| error.to_string())?;
            if answer.status() != StatusCode::OK {
                return Err(format!("it answers {}", answer.status()));
            }
            let kept = kept(&answer);
            let body = Limited::new(answer.into_body(), DOCUMENT_BYTES).collect().await;
            let body = body.map_err(|_| "the document is too large, or broke off".to_owned())?;
            Ok((body.to_bytes().to_vec(), kept))
        };
        tokio::time::timeout(PATIENCE, read).await.map_err(|_| "it does not answer in time".to_owned())?
    }

    /// Where the issuer says that its keys are.
    pub(super) async fn key_set_of(&self, issuer: &str) -> Result<String, String> {
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let (document, _) = self.get(&url).await?;
        let discovered: Discovered = serde_json::from_slice(&document)
            .map_err(|_| "the discovery document does not read".to_owned())?;
        match discovered.issuer == issuer {
            true => Ok(discovered.jwks_uri),
            false => Err("the discovery document is of another issuer".to_owned()),
        }
    }
}

fn kept(answer: &Response<Incoming>) -> Option<Duration> {
    let said = answer.headers().get(CACHE_CONTROL)?.to_str().ok()?;
    let age = said.split(',').find_map(|part| part.trim().strip_prefix("max-age=")?.parse::<u64>().ok())?;
    Some(Duration::from_secs(age.clamp(KEPT_AT_LEAST, KEPT_AT_MOST)))
}
