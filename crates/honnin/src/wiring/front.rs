//! What stands between us and the subscriber, from the settings: the one decision cookies and trust follow from.

use std::fmt::Display;

use honnin_front::{Front, Prefix, PublicUrl, Tells};

use crate::settings::{Problem, Settings};

/// The front of these settings.
///
/// # Errors
/// Everything that contradicts itself, by key.
pub(crate) fn front(settings: &Settings) -> Result<Front, Vec<Problem>> {
    let listen = &settings.listen;
    let mut problems = Vec::new();
    let tls = match (listen.tls_certificate.path(), listen.tls_key.path()) {
        (Some(_), Some(_)) => true,
        (None, None) => false,
        (Some(_), None) => {
            problem(&mut problems, "listen.tls_key", "is \"\", write the path of the certificate's key")
        }
        (None, Some(_)) => problem(
            &mut problems,
            "listen.tls_certificate",
            "is \"\", write the path of the key's certificate",
        ),
    };
    let proxies = read_prefixes("listen.trusted_proxies", &listen.trusted_proxies, &mut problems);
    let tells = match listen.proxies_tell.as_str() {
        "proxy-v2" => Some(Tells::ProxyV2),
        "forwarded" => Some(Tells::Forwarded),
        "x-forwarded-for" => Some(Tells::ListedFor),
        other => {
            let says = format!("found {other:?}, write \"proxy-v2\", \"forwarded\" or \"x-forwarded-for\"");
            problem(&mut problems, "listen.proxies_tell", &says);
            None
        }
    };
    for origin in &listen.allowed_origins {
        if let Err(reason) = origin.parse::<PublicUrl>() {
            problem(&mut problems, "listen.allowed_origins", &format!("found {origin:?}, {reason}"));
        }
    }
    let public = match settings.tenant.public_url.as_str() {
        "" => None,
        text => text
            .parse::<PublicUrl>()
            .map_err(|reason| problem(&mut problems, "tenant.public_url", &reason))
            .ok(),
    };
    let by_files = !listen.sockets.is_empty();
    let front = match (tls, proxies.is_empty() && !by_files, public, tells) {
        (true, false, _, _) => {
            let says =
                "is set beside a certificate; TLS ends either here or at the proxies, remove one of the two";
            let key = if by_files { "listen.sockets" } else { "listen.trusted_proxies" };
            problem(&mut problems, key, says);
            Front::Tls
        }
        (true, true, _, _) => Front::Tls,
        (false, true, _, _) => Front::Loopback,
        (false, false, Some(public), Some(tells)) => Front::TrustedProxy { public, proxies, tells },
        (false, false, _, _) => {
            if settings.tenant.public_url.is_empty() {
                problem(
                    &mut problems,
                    "tenant.public_url",
                    "is \"\", write where subscribers find the proxies: https://…",
                );
            }
            Front::Loopback
        }
    };
    if !matches!(listen.sockets_for.as_str(), "owner" | "group") {
        let says = format!("found {:?}, write \"owner\" or \"group\"", listen.sockets_for);
        problem(&mut problems, "listen.sockets_for", &says);
    }
    for address in &listen.public {
        if problems.is_empty()
            && let Err(refused) = front.may_listen(*address)
        {
            problem(&mut problems, "listen.public", &refused);
        }
    }
    if problems.is_empty() { Ok(front) } else { Err(problems) }
}

/// The prefixes that many subscribers share.
///
/// # Errors
/// Each that cannot be read.
pub(crate) fn prefixes(settings: &Settings) -> Result<Vec<Prefix>, Vec<Problem>> {
    let mut problems = Vec::new();
    let prefixes = read_prefixes("listen.shared_prefixes", &settings.listen.shared_prefixes, &mut problems);
    if problems.is_empty() { Ok(prefixes) } else { Err(problems) }
}

fn read_prefixes(key: &str, texts: &[String], problems: &mut Vec<Problem>) -> Vec<Prefix> {
    let mut prefixes = Vec::with_capacity(texts.len());
    for text in texts {
        match text.parse::<Prefix>() {
            Ok(prefix) => prefixes.push(prefix),
            Err(reason) => {
                problem(problems, key, &format!("found {text:?}; {reason}"));
            }
        }
    }
    prefixes
}

/// Notes a problem; gives `false`, for what cannot be had because of it.
fn problem(problems: &mut Vec<Problem>, key: &str, says: &(impl Display + ?Sized)) -> bool {
    problems.push(Problem { key: key.to_owned(), says: says.to_string() });
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        let settings = Settings::parse(text).unwrap();
        front(&settings).unwrap_err().into_iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn beyond_loopback_a_certificate_or_a_proxy_is_needed() {
        assert_eq!(front(&Settings::default()), Ok(Front::Loopback));
        assert_eq!(keys("[listen]\npublic = [\"0.0.0.0:80\"]"), ["listen.public"]);
        let tls = "[listen]\npublic = [\"0.0.0.0:443\"]\ntls_certificate = \"a\"\ntls_key = \"b\"";
        assert_eq!(front(&Settings::parse(tls).unwrap()), Ok(Front::Tls));
    }

    #[test]
    fn what_contradicts_itself_is_named_by_key() {
        assert_eq!(keys("[listen]\ntls_key = \"b\""), ["listen.tls_certificate"]);
        assert_eq!(keys("[listen]\ntrusted_proxies = [\"10.0.0.0/8\"]"), ["tenant.public_url"]);
        assert_eq!(
            keys(
                "[listen]\ntrusted_proxies = [\"10.0.0.1/8\"]\nproxies_tell = \"x\"\n[tenant]\npublic_url = \"my\""
            ),
            ["listen.trusted_proxies", "listen.proxies_tell", "tenant.public_url"]
        );
        assert_eq!(
            keys("[listen]\ntrusted_proxies = [\"10.0.0.0/8\"]\ntls_certificate = \"a\"\ntls_key = \"b\""),
            ["listen.trusted_proxies"]
        );
    }

    #[test]
    fn a_socket_is_for_a_proxy() {
        let sockets = "[listen]\npublic = []\nsockets = [\"/run/honnin/honnin.sock\"]\n";
        assert_eq!(keys(sockets), ["tenant.public_url"]);
        let tls = "tls_certificate = \"a\"\ntls_key = \"b\"\n";
        assert_eq!(keys(&format!("{sockets}{tls}")), ["listen.sockets"]);
        let site = "[tenant]\npublic_url = \"https://my.example.jp\"";
        assert_eq!(keys(&format!("{sockets}sockets_for = \"all\"\n{site}")), ["listen.sockets_for"]);
        let front = front(&Settings::parse(&format!("{sockets}sockets_for = \"group\"\n{site}")).unwrap());
        assert!(matches!(front, Ok(Front::TrustedProxy { proxies, .. }) if proxies.is_empty()));
    }

    #[test]
    fn a_listed_proxy_tells_as_the_settings_say() {
        let text = "[listen]\npublic = [\"0.0.0.0:80\"]\ntrusted_proxies = [\"10.0.0.0/8\"]\nproxies_tell = \"proxy-v2\"\n\
                    [tenant]\npublic_url = \"https://my.example.jp\"";
        let expected = Front::TrustedProxy {
            public: "https://my.example.jp".parse().unwrap(),
            proxies: vec!["10.0.0.0/8".parse().unwrap()],
            tells: Tells::ProxyV2,
        };
        assert_eq!(front(&Settings::parse(text).unwrap()), Ok(expected));
    }
}
