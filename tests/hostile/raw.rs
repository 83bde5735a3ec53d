//! Calls that no decent client makes, over HTTP/2 itself.

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request};
use tokio::net::TcpStream;
use tonic::Status;

/// A connection.
pub struct Peer {
    send: SendRequest<Bytes>,
    authority: String,
}

impl Peer {
    pub async fn connect(address: &str) -> Self {
        let socket = TcpStream::connect(address).await.unwrap();
        let (send, connection) = h2::client::handshake(socket).await.unwrap();
        tokio::spawn(connection);
        Self { send, authority: address.to_owned() }
    }

    /// Begins a call; its message is for the caller to send.
    pub async fn begin(&self, path: &str, headers: &[(&str, &str)]) -> (ResponseFuture, SendStream<Bytes>) {
        let mut request = Request::post(format!("http://{}{path}", self.authority))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut ready = self.send.clone().ready().await.unwrap();
        ready.send_request(request.body(()).unwrap(), false).unwrap()
    }

    /// The status of a call of those bytes.
    pub async fn call(&self, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Status {
        let (answer, mut sending) = self.begin(path, headers).await;
        // Refused by its first bytes, the rest may not be wanted.
        let _ = sending.send_data(body.into(), true);
        status(answer).await
    }
}

/// How a call ended.
pub async fn status(answer: ResponseFuture) -> Status {
    let (head, mut body) = answer.await.unwrap().into_parts();
    if let Some(status) = Status::from_header_map(&head.headers) {
        return status;
    }
    let trailers = trailers(&mut body).await;
    Status::from_header_map(&trailers).unwrap_or_else(|| Status::ok(""))
}

async fn trailers(body: &mut RecvStream) -> HeaderMap {
    while let Some(data) = body.data().await {
        let data = data.unwrap();
        let _ = body.flow_control().release_capacity(data.len());
    }
    body.trailers().await.unwrap().unwrap_or_default()
}

/// A message with what stands before it.
pub fn frame(flag: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[flag][..], &length, message].concat()
}
