//! Connections as the port takes them: plain, or after a handshake. Handshakes run beside the accepting,
//! so many at once and each for so long at most.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::transport::server::Connected;

use super::accept;
use super::peer::{CertificateNames, Peer};
use super::tls::{PROTOCOL, Tls};

/// Handshakes in progress; who comes then is turned away.
const HANDSHAKES: usize = 1_024;
/// Connections that wait to be served.
const WAITING: usize = 64;

/// One connection of a caller.
pub(super) enum Secure {
    Plain(accept::Connection),
    Secured(Box<TlsStream<accept::Connection>>),
}

/// The connections of a port.
pub(super) type Connections = Pin<Box<dyn Stream<Item = io::Result<Secure>> + Send>>;

/// As they come.
pub(super) fn plain(
    incoming: impl Stream<Item = io::Result<accept::Connection>> + Send + 'static,
) -> Connections {
    Box::pin(incoming.map(|connection| connection.map(Secure::Plain)))
}

/// After a handshake each.
pub(super) fn secured(
    incoming: impl Stream<Item = io::Result<accept::Connection>> + Send + 'static,
    tls: Arc<Tls>,
    patience: Duration,
) -> Connections {
    let (sender, connections) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let mut incoming = Box::pin(incoming);
        let places = Arc::new(Semaphore::new(HANDSHAKES));
        while let Some(connection) = incoming.next().await {
            let connection = match connection {
                Ok(connection) => connection,
                Err(error) => {
                    if sender.send(Err(error)).await.is_err() {
                        return;
                    }
                    continue;
                }
            };
            let Ok(place) = places.clone().try_acquire_owned() else {
                refused("too many");
                continue;
            };
            let (tls, sender) = (tls.config(), sender.clone());
            tokio::spawn(async move {
                let handshake = TlsAcceptor::from(tls).accept(connection);
                match tokio::time::timeout(patience, handshake).await {
                    Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(PROTOCOL) => {
                        // The place is for handshakes only.
                        drop(place);
                        let _ = sender.send(Ok(Secure::Secured(Box::new(stream)))).await;
                    }
                    Ok(Ok(_)) => refused("protocol"),
                    Ok(Err(_)) => refused("handshake"),
                    Err(_) => refused("slow"),
                }
            });
        }
    });
    Box::pin(ReceiverStream::new(connections))
}

fn refused(why: &'static str) {
    metrics::counter!("customer360_handshakes_refused_total", "why" => why).increment(1);
}

impl Connected for Secure {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        let (stream, certificates) = match self {
            Self::Plain(stream) => (stream, None),
            Self::Secured(secured) => {
                let (stream, session) = secured.get_ref();
                (stream, session.peer_certificates())
            }
        };
        let certificate = certificates.and_then(|chain| chain.first());
        Peer {
            address: stream.connect_info().remote_addr.map(|address| address.ip()),
            certificate: certificate.map(|der| Arc::new(CertificateNames::read(der))),
        }
    }
}

impl AsyncRead for Secure {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Secured(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Secure {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Secured(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Secured(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Secured(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, buffers),
            Self::Secured(stream) => Pin::new(stream).poll_write_vectored(cx, buffers),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Secured(stream) => stream.is_write_vectored(),
        }
    }
}
