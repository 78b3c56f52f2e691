//! The proxies in front, by brand, and the two ways their configuration changes.

use crate::client::Target;
use crate::harness::{Failure, Keeping, Nginx, NginxPlan, Varnish, VarnishPlan, free_address};

/// A brand of proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Brand {
    Nginx,
    Varnish,
}

impl Brand {
    pub(crate) const ALL: [Self; 2] = [Self::Nginx, Self::Varnish];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Varnish => "Varnish",
        }
    }

    /// Says at once what is missing.
    pub(crate) fn all_there() -> Result<(), Failure> {
        let missing: Vec<String> = [Nginx::binary().err(), Varnish::binaries().err()]
            .into_iter()
            .flatten()
            .map(|failure| failure.to_string())
            .collect();
        if missing.is_empty() { Ok(()) } else { Err(Failure::Missing(missing.join("; "))) }
    }
}

/// How a configuration changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// The proxy is ended and started with it.
    Restart,
    /// It is changed while it runs, connections go on.
    Running,
}

impl Change {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Restart => "from its start",
            Self::Running => "changed while it runs",
        }
    }
}

/// A proxy in front of the product.
pub(crate) enum Front {
    Nginx(Nginx),
    /// nginx before it ends TLS and keeps nothing.
    Varnish(Varnish, Nginx),
}

impl Front {
    pub(crate) async fn start(brand: Brand, plan: &NginxPlan) -> Result<Self, Failure> {
        Ok(match brand {
            Brand::Nginx => Self::Nginx(Nginx::start(plan.clone(), Keeping::Allowed).await?),
            Brand::Varnish => {
                let listens = free_address()?;
                let inner = VarnishPlan { listens, upstream: plan.upstream, tells: false };
                let varnish = Varnish::start(inner, Keeping::Allowed).await?;
                let door = NginxPlan { upstream: listens, ..plan.clone() };
                Self::Varnish(varnish, Nginx::start(door, Keeping::Nothing).await?)
            }
        })
    }

    pub(crate) const fn brand(&self) -> Brand {
        match self {
            Self::Nginx(_) => Brand::Nginx,
            Self::Varnish(..) => Brand::Varnish,
        }
    }

    pub(crate) fn target(&self) -> Result<Target, Failure> {
        match self {
            Self::Nginx(nginx) | Self::Varnish(_, nginx) => nginx.target(),
        }
    }

    pub(crate) async fn set(&mut self, keeping: Keeping, change: Change) -> Result<(), Failure> {
        match (self, change) {
            (Self::Nginx(nginx), Change::Restart) => nginx.restart(keeping).await,
            (Self::Nginx(nginx), Change::Running) => nginx.reload(keeping),
            (Self::Varnish(varnish, _), Change::Restart) => varnish.restart(keeping).await,
            (Self::Varnish(varnish, _), Change::Running) => varnish.reload(keeping),
        }
    }
}
