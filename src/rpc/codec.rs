//! Protobuf on the wire. Bytes that are no message are the sender's mistake and are told as such,
//! with a reason; prost's own codec would call them INTERNAL.

use std::marker::PhantomData;

use prost::Message;
use prost::bytes::Buf as _;
use tonic::Status;
use tonic::codec::{BufferSettings, DecodeBuf, Decoder};
use tonic_prost::{ProstCodec, ProstDecoder, ProstEncoder};

use super::error::PortError;
use super::weight::{self, Shaped};

/// Encodes `T` and decodes `U`.
#[derive(Debug, Clone)]
pub struct Codec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for Codec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> tonic::codec::Codec for Codec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Shaped + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = Strict<U>;

    fn encoder(&mut self) -> Self::Encoder {
        tonic::codec::Codec::encoder(&mut ProstCodec::<T, U>::default())
    }

    fn decoder(&mut self) -> Self::Decoder {
        Strict(tonic::codec::Codec::decoder(&mut ProstCodec::<T, U>::default()))
    }
}

/// Decodes, and says whose mistake it was when that fails.
#[derive(Debug, Clone)]
pub struct Strict<U>(ProstDecoder<U>);

impl<U: Message + Default + Shaped> Decoder for Strict<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, bytes: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        // Counted before it is made. The buffer is one piece.
        if let Some(limit_bytes) = weight::excess(U::SHAPE, bytes.chunk()) {
            return Err(PortError::MessageTooHeavy { limit_bytes }.into());
        }
        self.0.decode(bytes).map_err(|_| PortError::MessageMalformed.into())
    }

    fn buffer_settings(&self) -> BufferSettings {
        self.0.buffer_settings()
    }
}
