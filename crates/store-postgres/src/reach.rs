//! Where the server is, and whom a transaction is about.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use honnin_access::Subject;
use honnin_seal::Digest;
use honnin_terms::{AccountId, Id, TenantId};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use crate::StartError;

/// A database, and the role it is reached by: `postgresql://role@/database?host=/run/postgresql`, or
/// `host=/run/postgresql user=… dbname=…`.
///
/// A server is reached by its socket, or on this machine's own addresses: what is between is not encrypted, so that another
/// machine is reached through something on this one that does it (a pooler, a proxy, a tunnel).
#[derive(Clone)]
pub struct Target {
    pub(crate) config: Config,
}

impl FromStr for Target {
    type Err = StartError;

    /// What was given is not repeated where it is refused, because it may have a password in it.
    fn from_str(url: &str) -> Result<Self, StartError> {
        let mut config: Config =
            url.parse().map_err(|_| StartError::Address("it is no address of PostgreSQL"))?;
        let here = |host: &Host| match host {
            Host::Unix(_) => true,
            Host::Tcp(name) => {
                name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
            }
        };
        if config.get_hosts().is_empty() {
            return Err(StartError::Address("it names no host: a directory with a socket, or an address"));
        }
        if !config.get_hosts().iter().all(here) {
            return Err(StartError::Address(
                "it names another machine, and the way there would not be encrypted; name a socket or a loopback address",
            ));
        }
        if !config.get_hostaddrs().is_empty() {
            return Err(StartError::Address(
                "it names a hostaddr, which is reached instead of its host; name that as its host",
            ));
        }
        if config.get_user().is_none_or(str::is_empty) {
            return Err(StartError::Address("it names no role"));
        }
        if config.get_dbname().is_none() {
            return Err(StartError::Address("it names no database"));
        }
        if config.get_ssl_mode() == SslMode::Require {
            return Err(StartError::Address(
                "it asks for TLS, which this build does not speak with a server",
            ));
        }
        if config.get_password().is_some() {
            return Err(StartError::Address(
                "it has a password in it; write that into a file and name it in store.password_file",
            ));
        }
        config.ssl_mode(SslMode::Disable);
        config.application_name("honnin");
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(2));
        }
        config.tcp_user_timeout(Duration::from_secs(10));
        // A way that is cut without a word is noticed as soon by a connection that waits for an answer.
        config.keepalives_idle(Duration::from_secs(5));
        if config.get_keepalives_interval().is_none() {
            config.keepalives_interval(Duration::from_secs(2));
        }
        if config.get_keepalives_retries().is_none() {
            config.keepalives_retries(3);
        }
        Ok(Self { config })
    }
}

impl Target {
    /// Each place where a server may be: a directory with a socket, or nothing for an address of this machine, and the port.
    fn places(&self) -> Vec<(Option<&Path>, u16)> {
        let ports = self.config.get_ports();
        let hosts = self.config.get_hosts().iter().enumerate();
        hosts
            .map(|(place, host)| {
                let port = ports.get(place).or_else(|| ports.first()).copied().unwrap_or(5432);
                match host {
                    Host::Unix(directory) => (Some(directory.as_path()), port),
                    Host::Tcp(_) => (None, port),
                }
            })
            .collect()
    }

    fn meets(&self, other: &Self) -> bool {
        let others = other.places();
        self.places().iter().any(|place| others.contains(place))
    }
}

/// Whether both name one database. A socket and an address may lead to one server all the same.
#[must_use]
pub fn is_one_database(one: &Target, other: &Target) -> bool {
    one.meets(other) && one.config.get_dbname() == other.config.get_dbname()
}

/// Whether both name one role of one server.
#[must_use]
pub fn is_one_role(one: &Target, other: &Target) -> bool {
    one.meets(other) && one.config.get_user() == other.config.get_user()
}

/// The same with a password, which never stands in the settings.
#[must_use]
pub fn with_password(mut target: Target, password: &str) -> Target {
    target.config.password(password);
    target
}

/// The role of an address.
pub fn role_of(target: &Target) -> &str {
    target.config.get_user().unwrap_or_default()
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.config.get_dbname().unwrap_or_default(), role_of(self))?;
        for host in self.config.get_hosts() {
            match host {
                Host::Unix(path) => write!(f, " at {}", Path::display(path))?,
                Host::Tcp(name) => write!(f, " at {name}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

/// Whom a transaction is about. Row-level security hides every other row from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// One account.
    Account(TenantId, AccountId),
    /// One session, known by its hash alone, and the ring of its account.
    Session(TenantId, Digest),
    /// What everybody may see of a tenant: notices.
    Everybody(TenantId),
    /// The tenant: feeds, the network's side, nodes, the operator.
    House(TenantId),
    /// Nobody's rows.
    Nobody,
}

impl Reach {
    /// The account of a subject out of a permit.
    pub(crate) const fn of(subject: &Subject) -> Self {
        Self::Account(subject.tenant, subject.account)
    }

    /// The tenant of a subject out of a permit.
    pub(crate) const fn house(subject: &Subject) -> Self {
        Self::House(subject.tenant)
    }
}

/// How a transaction is to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// One statement that reads.
    Read,
    /// Several, as of one moment.
    ReadAtOnce,
    /// Writes.
    Write,
    /// Takes a row that others may be writing, and waits for them.
    Take,
}

impl Reach {
    /// What a statement that is a transaction by itself says for itself ([`crate::alone`]): the tenant, and the account or the
    /// session.
    pub(crate) fn said(&self) -> Option<[String; 2]> {
        let (tenant, octets) = self.whom()?;
        let mut who = String::with_capacity(2 * octets.len());
        hex(&mut who, octets);
        Some([tenant.number().to_string(), who])
    }

    /// The tenant, and the octets of the account or the session.
    pub(crate) fn whom(&self) -> Option<(TenantId, &[u8])> {
        match self {
            Self::Account(tenant, account) => Some((*tenant, account.octets().as_slice())),
            Self::Session(tenant, row_hash) => Some((*tenant, row_hash.as_slice())),
            Self::Everybody(_) | Self::House(_) | Self::Nobody => None,
        }
    }

    /// What begins a transaction: everything it rests on, for itself alone. A session setting, a role or a search path that
    /// somebody left on the connection is overruled here, so that it does not matter who used it before.
    pub(crate) fn begin(&self, mode: Mode, limit_ms: u32) -> String {
        let mode = match mode {
            Mode::Read => "read committed read only",
            Mode::ReadAtOnce => "repeatable read read only",
            Mode::Write => "serializable read write",
            Mode::Take => "read committed read write",
        };
        let (tenant, account, session, reach) = match self {
            Self::Account(tenant, account) => (Some(tenant), Some(account.octets().as_slice()), None, ""),
            Self::Session(tenant, row_hash) => (Some(tenant), None, Some(row_hash.as_slice()), ""),
            Self::Everybody(tenant) => (Some(tenant), None, None, ""),
            Self::House(tenant) => (Some(tenant), None, None, "house"),
            Self::Nobody => (None, None, None, ""),
        };
        let mut begin = format!(
            "begin isolation level {mode}; set local role none; set local search_path = pg_catalog, pg_temp; \
             select set_config('row_security', 'on', true), set_config('synchronous_commit', 'on', true), \
             set_config('statement_timeout', '{limit_ms}', true), set_config('lock_timeout', '{limit_ms}', true), \
             set_config('idle_in_transaction_session_timeout', '{limit_ms}', true), \
             set_config('honnin.reach', '{reach}', true), set_config('honnin.tenant', '"
        );
        // Digits, words of ours and hexadecimal octets only: nothing of a request can end a string here.
        if let Some(tenant) = tenant {
            begin.push_str(&tenant.number().to_string());
        }
        begin.push_str("', true), set_config('honnin.account', '");
        hex(&mut begin, account.unwrap_or_default());
        begin.push_str("', true), set_config('honnin.session', '");
        hex(&mut begin, session.unwrap_or_default());
        begin.push_str("', true)");
        begin
    }
}

fn hex(text: &mut String, octets: &[u8]) {
    for octet in octets {
        text.extend([octet >> 4, octet & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0')));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_of_another_machine_is_not_reached_in_the_clear() {
        for (url, why) in [
            ("postgresql://h@db.example/h", "another machine"),
            ("postgresql://h@127.0.0.1,10.0.0.1/h", "another machine"),
            ("postgresql://h@127.0.0.1/h?sslmode=require", "TLS"),
            ("postgresql://h@localhost/h?hostaddr=10.0.0.1", "hostaddr"),
            ("postgresql:///h?host=/run/postgresql", "no role"),
            ("postgresql://h@127.0.0.1", "no database"),
            ("postgresql://h@/h", "no host"),
            ("postgresql://h:geheim@127.0.0.1/h", "has a password"),
            ("sqlite:somewhere", "no address"),
        ] {
            let told = url.parse::<Target>().unwrap_err().to_string();
            assert!(told.contains(why) && !told.contains("geheim"), "{url}: {told}");
        }
        for url in [
            "postgresql://h@[::1]/h",
            "postgresql://h@localhost:6432/h",
            "host=/run/postgresql user=h dbname=h",
        ] {
            url.parse::<Target>().unwrap();
        }
    }

    #[test]
    fn two_addresses_of_one_database_or_one_role_are_told() {
        let target = |url: &str| url.parse::<Target>().unwrap();
        let one = target("postgresql://a@/x?host=/run/postgresql");
        for (other, database, role) in [
            ("postgresql://b@/x?host=/run/postgresql", true, false),
            ("postgresql://a@/y?host=/run/postgresql", false, true),
            ("postgresql://a@/x?host=/run/postgresql&port=5433", false, false),
            ("host=/tmp user=a dbname=x", false, false),
        ] {
            let other = target(other);
            assert_eq!(
                (is_one_database(&one, &other), is_one_role(&one, &other)),
                (database, role),
                "{other}"
            );
        }
        let by_name = target("postgresql://a@localhost/x");
        assert!(is_one_database(&by_name, &target("postgresql://b@[::1]:5432/x")));
    }

    #[test]
    fn a_password_is_not_told() {
        let target = with_password("postgresql://h@127.0.0.1/h".parse().unwrap(), "geheim");
        let told = format!("{target} {target:?}");
        assert!(!told.contains("geheim") && told.contains("127.0.0.1"), "{told}");
    }
}
