//! A connection: kept alive, or left in the middle of anything.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::answer::{self, Answer, Body};
use super::request::Request;
use super::target::Target;

/// What a client takes at most.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For one exchange, from the first octet sent to the last received.
    pub time: Duration,
    /// Octets of status line and headers.
    pub head_octets: usize,
    /// Octets of a body as it is sent.
    pub body_octets: usize,
}

impl Default for Limits {
    /// Longer than any deadline of the product, larger than any answer of it: what is cut off here is a finding.
    fn default() -> Self {
        Self { time: Duration::from_mins(1), head_octets: 64 << 10, body_octets: 32 << 20 }
    }
}

/// When nothing has come for so long, an answer that has begun is over.
const QUIET: Duration = Duration::from_millis(100);

/// Octets there is room for when some are read: most answers come in one go then.
const PIECE: usize = 16 << 10;

/// When a client leaves without waiting for the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// When so many octets of the request are sent.
    AfterSending(usize),
    /// When the request is sent and so much time has passed.
    AfterWaiting(Duration),
    /// When so many octets of the answer have come.
    AfterReceiving(usize),
}

/// Why there was no whole answer. What came of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The connection could not be opened or broke.
    #[error("the connection broke: {0}")]
    Connection(#[from] io::Error),
    /// It took too long.
    #[error("no whole answer within {0:?}")]
    TooSlow(Duration),
    /// It is larger than the client takes.
    #[error("the answer is larger than {0} octets")]
    TooLarge(usize),
    /// It is no HTTP/1.1.
    #[error("what came is no HTTP/1.1")]
    NotHttp,
}

/// What came of a request.
#[derive(Debug)]
pub struct Exchange {
    /// The answer, or as much of it as came.
    pub answer: Answer,
    /// Why it is not whole, where the client did not leave by itself.
    pub broken: Option<Broken>,
}

/// A connection to a target.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    host: String,
    limits: Limits,
    /// What came behind an answer and belongs to none.
    stray: Vec<u8>,
}

impl Connection {
    /// Opens a connection.
    ///
    /// # Errors
    /// [`Broken`] where there is none within the limit.
    pub async fn open(target: Target, limits: Limits) -> Result<Self, Broken> {
        Self::opened(target, limits, TcpStream::connect(target.address())).await
    }

    /// Opens a connection from an address of this machine: all of 127.0.0.0/8 is its own.
    ///
    /// # Errors
    /// [`Broken`] where there is none within the limit, or the address is not this machine's.
    pub async fn open_from(from: IpAddr, target: Target, limits: Limits) -> Result<Self, Broken> {
        let socket = if from.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.bind(SocketAddr::new(from, 0))?;
        Self::opened(target, limits, socket.connect(target.address())).await
    }

    async fn opened(
        target: Target,
        limits: Limits,
        opening: impl Future<Output = io::Result<TcpStream>>,
    ) -> Result<Self, Broken> {
        let stream = timeout(limits.time, opening).await.map_err(|_| Broken::TooSlow(limits.time))??;
        stream.set_nodelay(true)?;
        Ok(Self { stream, host: target.address().to_string(), limits, stray: Vec::new() })
    }

    /// Octets that came before anything was asked: nobody's answer.
    pub fn stray(&self) -> &[u8] {
        &self.stray
    }

    /// Sends octets and reads nothing.
    ///
    /// # Errors
    /// The system's reason where the connection is gone.
    pub async fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.write_all(octets).await
    }

    /// Sends a request and reads its answer.
    pub async fn exchange(&mut self, request: &Request) -> Exchange {
        let time = self.limits.time;
        let mut answer = Answer { status: 0, head: Vec::new(), body: Vec::new(), is_whole: false };
        let mut arrived = std::mem::take(&mut self.stray);
        let done = timeout(time, async {
            self.stream.write_all(&request.octets(&self.host)).await?;
            self.receive(request.method(), &mut arrived, &mut answer).await
        })
        .await;
        let broken = done.unwrap_or(Err(Broken::TooSlow(time))).err();
        if broken.is_some() && answer.head.is_empty() {
            answer.head = arrived;
        }
        Exchange { answer, broken }
    }

    /// Sends a request and leaves in the middle; gives back what had come by then, unread as HTTP.
    pub async fn leave(mut self, request: &Request, leave: Leave) -> Vec<u8> {
        let octets = request.octets(&self.host);
        let mut arrived = std::mem::take(&mut self.stray);
        let sent = match leave {
            Leave::AfterSending(length) => octets.get(..length).unwrap_or(&octets),
            Leave::AfterWaiting(_) | Leave::AfterReceiving(_) => &octets,
        };
        if self.stream.write_all(sent).await.is_err() {
            return arrived;
        }
        let (wait, length) = match leave {
            Leave::AfterSending(_) => (Duration::ZERO, 0),
            Leave::AfterWaiting(time) => (time, usize::MAX),
            Leave::AfterReceiving(length) => (self.limits.time, length),
        };
        let bound = length.min(self.limits.body_octets);
        // Time running out is how a client leaves, not a fault.
        let _left = timeout(wait, async {
            while arrived.len() < bound {
                match timeout(QUIET, self.stream.read_buf(&mut arrived)).await {
                    Ok(Ok(more)) if more > 0 => {}
                    // The answer ended before the moment came.
                    _ => break,
                }
            }
        })
        .await;
        arrived
    }

    async fn more(&mut self, arrived: &mut Vec<u8>) -> io::Result<usize> {
        arrived.reserve(PIECE);
        self.stream.read_buf(arrived).await
    }

    async fn receive(
        &mut self,
        method: &str,
        arrived: &mut Vec<u8>,
        answer: &mut Answer,
    ) -> Result<(), Broken> {
        let (status, length) = loop {
            if let Some((status, length)) = answer::head(arrived) {
                // 1xx is no answer yet (RFC 9110 §15.2).
                if (100..200).contains(&status) && status != 101 {
                    answer.head.extend(arrived.drain(..length));
                    continue;
                }
                break (status, length);
            }
            if arrived.len() > self.limits.head_octets {
                return Err(Broken::TooLarge(self.limits.head_octets));
            }
            if self.more(arrived).await? == 0 {
                return Err(if arrived.is_empty() {
                    io::Error::from(io::ErrorKind::UnexpectedEof).into()
                } else {
                    Broken::NotHttp
                });
            }
        };
        answer.status = status;
        answer.head.extend(arrived.drain(..length));
        match answer.framing(method) {
            Body::None => {}
            Body::Length(length) => self.sized(length, arrived, answer).await?,
            Body::Chunked => self.chunked(arrived, answer).await?,
            Body::UntilClose => loop {
                answer.body.append(arrived);
                self.bounded(answer.body.len())?;
                if self.more(arrived).await? == 0 {
                    break;
                }
            },
        }
        answer.is_whole = true;
        self.stray = std::mem::take(arrived);
        Ok(())
    }

    async fn sized(
        &mut self,
        length: usize,
        arrived: &mut Vec<u8>,
        answer: &mut Answer,
    ) -> Result<(), Broken> {
        self.bounded(length)?;
        loop {
            let missing = length - answer.body.len();
            answer.body.extend(arrived.drain(..missing.min(arrived.len())));
            if answer.body.len() == length {
                return Ok(());
            }
            if self.more(arrived).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
    }

    async fn chunked(&mut self, arrived: &mut Vec<u8>, answer: &mut Answer) -> Result<(), Broken> {
        loop {
            let read = answer::chunks(arrived).ok_or(Broken::NotHttp)?;
            answer.body = read.body;
            if let Some(length) = read.length {
                answer.head.extend_from_slice(&read.trailers);
                arrived.drain(..length);
                return Ok(());
            }
            self.bounded(arrived.len())?;
            if self.more(arrived).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
    }

    const fn bounded(&self, length: usize) -> Result<(), Broken> {
        if length > self.limits.body_octets { Err(Broken::TooLarge(self.limits.body_octets)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
