//! The doors: sockets that listen, before anybody is answered.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use honnin_front::{DoorFile, Entrance, Front, Hosts, SocketFile, listen_beside};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

use super::certificates::{CertificateFiles, Renewal};
use super::monitor::{self, Monitor};
use super::{Handed, front, prefixes};
use crate::failure::Failure;
use crate::houses::House;
use crate::installation::Installation;
use crate::{key_file, say};

/// The opened doors.
#[derive(Debug)]
pub(crate) struct Doors {
    pub(super) entrance: Entrance,
    front: Front,
    pub(super) monitor: Monitor,
    /// What a monitor has to know, where one has to.
    pub(super) token: Option<Zeroizing<String>>,
    renewal: Option<Renewal>,
}

impl Doors {
    /// Opens every address of the settings. One that this machine does not have (yet) does not stop the others: it is
    /// tried again while they are served. A socket that was handed over is taken for its address.
    ///
    /// # Errors
    /// [`Failure`]: which address or file, and why.
    pub(crate) async fn open(installation: &Installation, mut handed: Handed) -> Result<Self, Failure> {
        let settings = &installation.settings;
        let front = front(settings).map_err(|problems| installation.wrong(problems))?;
        let shared_prefixes = prefixes(settings).map_err(|problems| installation.wrong(problems))?;
        if installation.demo
            && let Some(address) = settings.listen.public.iter().find(|address| !address.ip().is_loopback())
        {
            return Err(Failure::cannot(format_args!(
                "listen on {address}: this is a demo installation with a published password; use a loopback address"
            )));
        }
        let renewal = CertificateFiles::of(installation).map(Renewal::new).transpose()?;
        let tls = renewal.as_ref().map(Renewal::config).transpose()?;
        let mut listeners = Vec::with_capacity(settings.listen.public.len());
        let mut later = Vec::new();
        let (public, backlog) = (&settings.listen.public, settings.server.backlog);
        for address in public {
            match handed.at(*address).unwrap_or_else(|| listen_beside(*address, public, backlog)) {
                Ok(listener) => listeners.push(listener),
                Err(reason) if reason.kind() == io::ErrorKind::AddrNotAvailable => {
                    say::note(format_args!(
                        "{address} (listen.public) is not an address of this machine: {reason}"
                    ));
                    later.push(*address);
                }
                Err(reason) => return Err(refused(*address, "listen.public", reason)),
            }
        }
        let for_group = settings.listen.sockets_for == "group";
        let mut files = Vec::with_capacity(settings.listen.sockets.len());
        for file in &settings.listen.sockets {
            let file = installation.base().join(file);
            let listening = SocketFile::listen(&file, for_group, settings.server.backlog);
            files.push(listening.map_err(|reason| {
                let what = format!(
                    "listen on {} (listen.sockets; another process may use it, or its directory is not there)",
                    file.display()
                );
                Failure::from(reason).during(&what)
            })?);
        }
        let house = House::of(installation)?;
        let door = house.as_ref().map(|house| {
            let listening = DoorFile::listen(&house.socket, for_group);
            listening.map_err(|reason| {
                let what = format!(
                    "take connections from the door at {} (listen.door; another process may use it, or its directory is \
                     not there)",
                    house.socket.display()
                );
                Failure::from(reason).during(&what)
            })
        });
        let door = door.transpose()?;
        if listeners.is_empty() && files.is_empty() && door.is_none() {
            return Err(Failure::cannot("listen on any address of listen.public; correct the addresses"));
        }
        let address = settings.listen.metrics;
        let listening = match handed.at(address) {
            Some(listening) => listening,
            None => monitor::listen(address).await,
        };
        handed.are_used()?;
        let monitor = match listening {
            Ok(listener) => Monitor::There(listener),
            Err(reason) if reason.kind() == io::ErrorKind::AddrNotAvailable => {
                say::note(format_args!(
                    "{address} (listen.metrics) is not an address of this machine: {reason}"
                ));
                Monitor::Later(address)
            }
            Err(reason) => return Err(refused(address, "listen.metrics", reason)),
        };
        let token = monitor_token(installation)?;
        let hosts = house.map(|house| house.hosts);
        let entrance = Entrance { listeners, files, later, door, hosts, tls, shared_prefixes };
        Ok(Self { entrance, front, monitor, token, renewal })
    }

    /// What stands between us and the subscriber.
    pub(crate) const fn front(&self) -> &Front {
        &self.front
    }

    /// Who takes renewed certificates, where TLS ends here.
    pub(crate) const fn take_renewal(&mut self) -> Option<Renewal> {
        self.renewal.take()
    }

    /// Where subscribers are answered.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn public(&self) -> io::Result<Vec<SocketAddr>> {
        self.entrance.listeners.iter().map(TcpListener::local_addr).collect()
    }

    /// The files at which proxies are answered.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        self.entrance.files.iter().map(|file| file.path().to_owned()).collect()
    }

    /// The names this house is found at behind the door, where it stands behind one.
    pub(crate) const fn hosts(&self) -> Option<&Hosts> {
        self.entrance.hosts.as_ref()
    }

    /// Where monitors are answered.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn monitor(&self) -> io::Result<SocketAddr> {
        match &self.monitor {
            Monitor::There(listener) => listener.local_addr(),
            Monitor::Later(address) => Ok(*address),
        }
    }
}

/// The token that monitors send, where the settings name one.
///
/// # Errors
/// [`Failure`] where it cannot be read or is readable by others.
pub(super) fn monitor_token(installation: &Installation) -> Result<Option<Zeroizing<String>>, Failure> {
    let file = installation.settings.listen.metrics_token.path().map(|file| installation.base().join(file));
    let read = |file: PathBuf| key_file::read(&file).map_err(|reason| Failure::settings(&reason));
    file.map(read).transpose().map_err(|failure| failure.during("use listen.metrics_token"))
}

fn refused(address: SocketAddr, key: &str, reason: io::Error) -> Failure {
    let what =
        format!("listen on {address} ({key}; another process may use the address, choose another port)");
    Failure::from(reason).during(&what)
}
