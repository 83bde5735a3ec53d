//! A service that gives back what it is given: what the port costs by itself.

use std::convert::Infallible;
use std::future::Ready;
use std::task::{Context, Poll};

use customer360::rpc::proto::GetCustomerRequest;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::service::Routes;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

type Message = GetCustomerRequest;

#[derive(Clone)]
struct Echo;

impl NamedService for Echo {
    const NAME: &'static str = "bench.Echo";
}

struct Back;

impl UnaryService<Message> for Back {
    type Response = Message;
    type Future = Ready<Result<Response<Message>, Status>>;

    fn call(&mut self, request: Request<Message>) -> Self::Future {
        std::future::ready(Ok(Response::new(request.into_inner())))
    }
}

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let codec = ProstCodec::<Message, Message>::default();
            Ok(Grpc::new(codec).unary(Back, request).await)
        })
    }
}

pub fn routes() -> Routes {
    Routes::new(Echo)
}

pub async fn call(channel: Channel, message: Message) -> Message {
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.expect("the port answers");
    let path = http::uri::PathAndQuery::from_static("/bench.Echo/Call");
    let codec = ProstCodec::<Message, Message>::default();
    client.unary(Request::new(message), path, codec).await.expect("an echo").into_inner()
}
