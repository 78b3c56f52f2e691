//! How a server is reached where an address names several: all of them are asked at once, and the first that takes writes
//! is used.
//!
//! The driver asks one after the other, and waits without end for one that took the connection and says nothing: a frozen
//! primary named first would keep everybody from the one that has taken over.

use std::time::Duration;

use deadpool_postgres::Connect;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_postgres::config::Host;
use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::{Client, Config, Connection, Error, NoTls, Socket};

/// A connection, and what carries it.
type Open = (Client, Connection<Socket, NoTlsStream>);

/// How long one of several may take to say that it takes writes, where the address says nothing of it.
pub(crate) const ANSWER: Duration = Duration::from_secs(2);
/// Before one that refused is asked again while others are silent: it may be about to take over.
const AGAIN: Duration = Duration::from_millis(200);

/// Opens connections for a pool.
pub(crate) struct Hosts;

impl Connect for Hosts {
    fn connect(
        &self,
        config: &Config,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + '_>> {
        let config = config.clone();
        Box::pin(async move {
            let (client, connection) = open(&config).await?;
            // What ends it is told to whoever asks.
            let carried = tokio::spawn(async move { drop(connection.await) });
            Ok((client, carried))
        })
    }
}

/// Opens a connection to the first that takes writes. Where all of them are silent it goes on asking: whoever waits has a
/// limit.
///
/// # Errors
/// What one that answered refuses with.
pub(crate) async fn open(config: &Config) -> Result<Open, Error> {
    let each = each(config);
    let [_, _, ..] = each.as_slice() else { return config.connect(NoTls).await };
    let limit = config.get_connect_timeout().copied().unwrap_or(ANSWER);
    loop {
        let (mut asked, mut refused) = (JoinSet::new(), None);
        for host in each.clone() {
            asked.spawn(ask(host, limit, Duration::ZERO));
        }
        while let Some(answered) = asked.join_next().await {
            match answered {
                Ok((_, Some(Ok(open)))) => return Ok(open),
                Ok((host, Some(Err(why)))) => {
                    refused = Some(why);
                    if !asked.is_empty() {
                        asked.spawn(ask(host, limit, AGAIN));
                    }
                }
                // Silent.
                Ok((_, None)) | Err(_) => {}
            }
        }
        if let Some(why) = refused {
            return Err(why);
        }
    }
}

/// Asks one after a while; nothing where it says nothing.
async fn ask(host: Config, limit: Duration, after: Duration) -> (Config, Option<Result<Open, Error>>) {
    sleep(after).await;
    let answer = timeout(limit, host.connect(NoTls)).await.ok();
    (host, answer)
}

/// The same for each host by itself.
fn each(config: &Config) -> Vec<Config> {
    let ports = config.get_ports();
    let one = |(place, host): (usize, &Host)| {
        let mut one = alike(config);
        match host {
            Host::Unix(directory) => one.host_path(directory),
            Host::Tcp(name) => one.host(name),
        };
        if let Some(port) = ports.get(place).or_else(|| ports.first()) {
            one.port(*port);
        }
        one
    };
    config.get_hosts().iter().enumerate().map(one).collect()
}

/// The same without a host.
fn alike(config: &Config) -> Config {
    let mut alike = Config::new();
    alike.ssl_mode(config.get_ssl_mode());
    alike.target_session_attrs(config.get_target_session_attrs());
    alike.channel_binding(config.get_channel_binding());
    alike.keepalives(config.get_keepalives());
    alike.keepalives_idle(config.get_keepalives_idle());
    if let Some(user) = config.get_user() {
        alike.user(user);
    }
    if let Some(password) = config.get_password() {
        alike.password(password);
    }
    if let Some(database) = config.get_dbname() {
        alike.dbname(database);
    }
    if let Some(options) = config.get_options() {
        alike.options(options);
    }
    if let Some(name) = config.get_application_name() {
        alike.application_name(name);
    }
    if let Some(limit) = config.get_connect_timeout() {
        alike.connect_timeout(*limit);
    }
    if let Some(limit) = config.get_tcp_user_timeout() {
        alike.tcp_user_timeout(*limit);
    }
    if let Some(between) = config.get_keepalives_interval() {
        alike.keepalives_interval(between);
    }
    if let Some(times) = config.get_keepalives_retries() {
        alike.keepalives_retries(times);
    }
    alike
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_is_asked_with_its_own_port_and_everything_else_of_the_address() {
        let text = "postgresql://h@127.0.0.1:1,localhost:2/d?connect_timeout=3&options=-c%20a.b%3Dc&application_name=x\
                    &keepalives_idle=7&keepalives_interval=5&keepalives_retries=4&tcp_user_timeout=9\
                    &target_session_attrs=read-write&sslmode=disable&channel_binding=disable";
        let mut config: Config = text.parse().unwrap();
        config.password("p");
        let alone = |host: &str| {
            let mut alone: Config = text.replace("127.0.0.1:1,localhost:2", host).parse().unwrap();
            alone.password("p");
            alone
        };
        assert_eq!(each(&config), [alone("127.0.0.1:1"), alone("localhost:2")]);
        let sockets: Config = "host=/a,/b port=5 user=h dbname=d".parse().unwrap();
        assert!(each(&sockets).iter().all(|one| one.get_ports() == [5] && one.get_hosts().len() == 1));
    }
}
