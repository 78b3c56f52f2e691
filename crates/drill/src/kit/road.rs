//! How requests of many subjects share connections.

use crate::client::{Connection, Exchange, Limits, Request, Streams, Target};
use crate::harness::{CERTIFICATE, Failure, NginxPlan};
use crate::kit::stage::behind_proxies;
use crate::seed::Draw;

/// HTTP/2 connections that everybody shares: few, so that many streams are on each.
const CONNECTIONS: usize = 2;

/// An installation that ends TLS itself.
pub(crate) const OVER_TLS: &str = "[tenant]\nhelp = \"https://example.jp/help\"\n[listen]\npublic = [\"127.0.0.1:0\"]\nmetrics = \"127.0.0.1:0\"\n\
    tls_certificate = \"../certificate.pem\"\ntls_key = \"../key.pem\"\n";

/// An installation behind a proxy.
pub(crate) fn behind(plan: &NginxPlan) -> String {
    let behind = behind_proxies(&plan.url(), "127.0.0.1/32", "forwarded");
    format!("{behind}[canary]\nagain = \"200 ms\"\nauthorities = \"../certificate.pem\"\n")
}

/// A kind of road.
#[derive(Debug)]
pub(crate) enum Road {
    /// Connections of one client each, that many subjects use in turn.
    Straight(Target),
    /// The same through a proxy that keeps connections of its own.
    Through(Target),
    /// Streams on few connections.
    Streams(Target, Vec<Streams>),
}

/// What carries one request after the other.
#[derive(Debug)]
pub(crate) enum Carrier {
    Connection(Connection),
    Stream(Streams),
}

impl Road {
    pub(crate) const fn straight(target: Target) -> Self {
        Self::Straight(target)
    }

    pub(crate) const fn through(target: Target) -> Self {
        Self::Through(target)
    }

    /// Opens the connections everybody shares.
    pub(crate) async fn streams(target: Target) -> Result<Self, Failure> {
        let mut open = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            let streams = Streams::open(target, CERTIFICATE, Limits::default()).await;
            open.push(streams.map_err(|reason| Failure::Product(format!("open HTTP/2: {reason}")))?);
        }
        Ok(Self::Streams(target, open))
    }

    pub(crate) const fn words(&self) -> &'static str {
        match self {
            Self::Straight(_) => "on connections of their own",
            Self::Through(_) => "through nginx",
            Self::Streams(..) => "on streams of two HTTP/2 connections",
        }
    }

    /// Something to ask by; nothing where it does not open.
    pub(crate) async fn open(&self, draw: &mut Draw) -> Option<Carrier> {
        match self {
            Self::Straight(target) | Self::Through(target) => {
                Connection::open(*target, Limits::default()).await.ok().map(Carrier::Connection)
            }
            Self::Streams(target, shared) => {
                let shared = draw.of(shared).filter(|streams| streams.is_open()).cloned();
                // A connection that became too old is ended by the product.
                let streams = match shared {
                    Some(streams) => Some(streams),
                    None => Streams::open(*target, CERTIFICATE, Limits::default()).await.ok(),
                };
                streams.map(Carrier::Stream)
            }
        }
    }
}

impl Carrier {
    pub(crate) async fn exchange(&mut self, request: &Request) -> Exchange {
        match self {
            Self::Connection(connection) => connection.exchange(request).await,
            Self::Stream(streams) => streams.exchange(request).await,
        }
    }
}
