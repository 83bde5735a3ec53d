//! Feeds of a tenant that has recorded nothing yet, where tenants are made by writing: they say that
//! there is nothing, and go on once there is something. Watching makes no tenant.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_stream::wrappers::ReceiverStream;

use super::{Feed, Message, POLL, Wanted, cursor, cursors};
use crate::model::{Revision, TenantKey, TenantName};
use crate::rpc::error::PortError;
use crate::rpc::{Port, proto};
use crate::store::{DataKey, Tenant};

impl Port {
    /// # Errors
    /// What is wrong with the request, as for a tenant at revision 0.
    pub(super) async fn watch_before_the_first(
        &self,
        name: TenantName,
        asked: proto::WatchIdentitiesRequest,
        heartbeat: Duration,
        place: OwnedSemaphorePermit,
    ) -> Result<ReceiverStream<Message>, PortError> {
        let nobody = Tenant {
            key: TenantKey(0),
            revision: Revision(0),
            rules_version: 1,
            rules: Arc::default(),
            data_key: DataKey::of_nobody(),
        };
        let query = cursors(&name);
        let next = self.start(&nobody, query, asked.start.as_ref()).await?;
        Wanted::parse(&nobody, &asked)?;
        let (sender, messages) = mpsc::channel(1);
        let port = self.clone();
        tokio::spawn(async move {
            let waiting = port.await_tenant(&name, &sender, heartbeat, cursor(query, next));
            let tenant = tokio::select! {
                () = sender.closed() => return,
                tenant = waiting => tenant,
            };
            let begun = tenant.and_then(|tenant| Ok((Wanted::parse(&tenant, &asked)?, tenant)));
            match begun {
                Ok((wanted, tenant)) => {
                    let feed = Feed { port, tenant, query, next, wanted, heartbeat, sender, _place: place };
                    feed.run().await;
                }
                Err(error) => _ = sender.send(Err(error.into())).await,
            }
        });
        Ok(ReceiverStream::new(messages))
    }

    /// The tenant, once it is there. Until then the feed says where it stands.
    async fn await_tenant(
        &self,
        name: &TenantName,
        sender: &mpsc::Sender<Message>,
        heartbeat: Duration,
        cursor: String,
    ) -> Result<Tenant, PortError> {
        loop {
            let message = proto::WatchIdentitiesResponse { cursor: cursor.clone(), ..Default::default() };
            // Who went away is noticed by the caller of this.
            let _ = sender.send(Ok(message)).await;
            let made = async {
                loop {
                    if let Some(tenant) = self.known_tenant(name, 0).await? {
                        return Ok(tenant);
                    }
                    tokio::time::sleep(POLL).await;
                }
            };
            if let Ok(made) = tokio::time::timeout(heartbeat, made).await {
                return made;
            }
        }
    }
}
