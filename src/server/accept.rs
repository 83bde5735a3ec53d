//! Connections: how many there may be, from one address and in all, and that each says something soon.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;
use tokio_stream::Stream;
use tonic::transport::server::{Connected, TcpConnectInfo, TcpIncoming};

use super::PortLimits;

/// What HTTP/2 begins with. Signs of life are asked for only after it.
const PREFACE_BYTES: usize = 24;
/// Before the next attempt when none can be accepted, for want of files mostly.
const PAUSE: Duration = Duration::from_millis(200);

/// The connections of callers. What the server's builder says of sockets holds only for those that it
/// binds itself: without `nodelay` the last part of an answer waits until the caller's system
/// acknowledges the first, 40 ms for a caller that has nothing else to send.
pub(super) struct Accepting {
    incoming: TcpIncoming,
    peers: Peers,
    handshake: Duration,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Accepting {
    pub(super) fn new(listener: TcpListener, limits: &PortLimits) -> Self {
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        Self {
            incoming: incoming.with_keepalive(Some(limits.keepalive)),
            peers: Peers::new(limits.max_connections, limits.max_connections_per_peer),
            handshake: limits.handshake,
            pause: None,
        }
    }
}

impl Stream for Accepting {
    type Item = io::Result<Connection>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(pause) = &mut this.pause {
                ready!(pause.as_mut().poll(cx));
                this.pause = None;
            }
            let socket = match ready!(Pin::new(&mut this.incoming).poll_next(cx)) {
                Some(Ok(socket)) => socket,
                Some(Err(error)) => {
                    tracing::warn!(%error, "no connection can be accepted for now");
                    metrics::counter!("customer360_accept_failures_total").increment(1);
                    this.pause = Some(Box::pin(tokio::time::sleep(PAUSE)));
                    continue;
                }
                None => return Poll::Ready(None),
            };
            // One that is gone already has no address.
            let Ok(peer) = socket.peer_addr() else { continue };
            match this.peers.admit(peer.ip()) {
                Ok(held) => {
                    let waiting = Some(Box::pin(tokio::time::sleep(this.handshake)));
                    return Poll::Ready(Some(Ok(Connection { socket, waiting, read: 0, _held: held })));
                }
                Err(limit) => {
                    metrics::counter!("customer360_connections_refused_total", "limit" => limit).increment(1);
                }
            }
        }
    }
}

/// How many connections each address has.
#[derive(Clone)]
struct Peers {
    by_address: Arc<Mutex<HashMap<IpAddr, usize>>>,
    limit: usize,
    limit_of_one: usize,
}

/// One connection of an address.
struct Held {
    peers: Peers,
    address: IpAddr,
}

impl Peers {
    fn new(limit: usize, limit_of_one: usize) -> Self {
        Self { by_address: Arc::default(), limit, limit_of_one }
    }

    /// Refuses with the name of the setting.
    fn admit(&self, address: IpAddr) -> Result<Held, &'static str> {
        let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        // As many as there are addresses, at most `limit`: adding them up is cheap beside a connection.
        let all: usize = by_address.values().sum();
        if all >= self.limit {
            return Err("max_connections");
        }
        let of_one = by_address.entry(address).or_default();
        if *of_one >= self.limit_of_one {
            return Err("max_connections_per_peer");
        }
        *of_one += 1;
        metrics::gauge!("customer360_connections").set((all + 1) as f64);
        Ok(Held { peers: self.clone(), address })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut by_address = self.peers.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_one) = by_address.get_mut(&self.address) {
            *of_one -= 1;
            if *of_one == 0 {
                by_address.remove(&self.address);
            }
        }
        metrics::gauge!("customer360_connections").set(by_address.values().sum::<usize>() as f64);
    }
}

/// A connection that must say what it is in time.
pub(super) struct Connection {
    socket: TcpStream,
    /// Ends it, until it has said so much.
    waiting: Option<Pin<Box<Sleep>>>,
    read: usize,
    _held: Held,
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.socket.connect_info()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.socket).poll_read(cx, buffer);
        let Some(waiting) = &mut self.waiting else { return polled };
        if polled.is_pending() && waiting.as_mut().poll(cx).is_ready() {
            metrics::counter!("customer360_handshakes_timed_out_total").increment(1);
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        self.read += buffer.filled().len() - before;
        if self.read >= PREFACE_BYTES {
            self.waiting = None;
        }
        polled
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio_stream::StreamExt as _;

    use super::*;
    use crate::config::{self, Flags};

    async fn accepting(change: impl FnOnce(&mut PortLimits)) -> (Accepting, std::net::SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut limits = PortLimits::of(&config::load(None, &Flags::new()).unwrap());
        change(&mut limits);
        (Accepting::new(listener, &limits), address)
    }

    #[tokio::test]
    async fn an_answer_is_sent_at_once() {
        let (mut connections, address) = accepting(|_| {}).await;
        let _caller = TcpStream::connect(address).await.unwrap();
        assert!(connections.next().await.unwrap().unwrap().socket.nodelay().unwrap());
    }

    #[tokio::test]
    async fn who_says_nothing_is_cut_and_who_said_hello_is_not() {
        let (mut connections, address) =
            accepting(|limits| limits.handshake = Duration::from_millis(20)).await;
        let _silent = TcpStream::connect(address).await.unwrap();
        let mut bytes = [0; 100];
        let error = connections.next().await.unwrap().unwrap().read(&mut bytes).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let mut caller = TcpStream::connect(address).await.unwrap();
        caller.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        let mut connection = connections.next().await.unwrap().unwrap();
        connection.read_exact(&mut bytes[..PREFACE_BYTES]).await.unwrap();
        let silent = tokio::time::timeout(Duration::from_millis(60), connection.read(&mut bytes)).await;
        assert!(silent.is_err(), "still open");
    }

    #[tokio::test]
    async fn one_connection_too_many_is_closed_and_the_next_after_it_accepted() {
        let (mut connections, address) = accepting(|limits| limits.max_connections_per_peer = 1).await;
        let _first = TcpStream::connect(address).await.unwrap();
        let held = connections.next().await.unwrap().unwrap();
        let mut second = TcpStream::connect(address).await.unwrap();
        let refusing = tokio::time::timeout(Duration::from_millis(50), connections.next()).await;
        assert!(refusing.is_err(), "nothing was accepted");
        assert_eq!(second.read(&mut [0; 1]).await.unwrap(), 0, "closed");
        drop(held);
        let _third = TcpStream::connect(address).await.unwrap();
        assert!(connections.next().await.unwrap().is_ok());
    }
}
