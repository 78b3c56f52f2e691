//! Settings that can be read, looked at together: words that are known, parts that fit each other.

use std::collections::BTreeSet;

use honnin_front::Front;
use honnin_network::ElementKind;
use honnin_pages::format::Currency;
use honnin_pages::page::HelpLink;
use honnin_pages::page::brand::{BadColour, Colour, style};
use honnin_pages::words::Language;
use honnin_terms::Zone;

use super::certificates::CertificateFiles;
use super::doors::monitor_token;
use super::logs::COMMANDS;
use super::look::look;
use super::way::way;
use super::{bounds, engine, front, prefixes};
use crate::failure::Failure;
use crate::houses::House;
use crate::installation::Installation;
use crate::settings::{Listen as ListenSettings, Problem, Settings};

/// The first that is listed a second time.
fn twice<T: Ord>(mut listed: impl Iterator<Item = T>) -> Option<T> {
    let mut seen = BTreeSet::new();
    listed.find_map(|one| seen.replace(one))
}

/// Everything in these settings that cannot work, by key.
pub(crate) fn problems(settings: &Settings) -> Vec<Problem> {
    let Settings { tenant, canary, network, journal, node, sign_in, store, .. } = settings;
    let mut problems = front(settings).err().unwrap_or_default();
    problems.extend(prefixes(settings).err().unwrap_or_default());
    let mut expect = |holds: bool, key: &str, says: String| {
        if !holds {
            problems.push(Problem { key: key.to_owned(), says });
        }
    };
    let ListenSettings { public, sockets, door, metrics, metrics_token, metrics_open, .. } = &settings.listen;
    let guarded = metrics.ip().is_loopback() || metrics_token.path().is_some() || *metrics_open;
    expect(
        guarded,
        "listen.metrics",
        format!("found {metrics}, beyond loopback; set listen.metrics_token, or listen.metrics_open = true"),
    );
    let collector = &settings.traces.collector;
    let here = settings.traces.collector().is_some_and(|address| address.ip().is_loopback());
    expect(
        collector.is_empty() || here,
        "traces.collector",
        format!("found {collector:?}, write an address of this machine and a port, such as 127.0.0.1:4318"),
    );
    let fixed = public.iter().filter(|address| address.port() != 0);
    for (key, twice) in [
        ("listen.public", twice(fixed).map(ToString::to_string)),
        ("listen.sockets", twice(sockets.iter()).cloned()),
    ] {
        let says = twice.as_ref().map(|one| format!("{one} is listed twice, remove one"));
        expect(twice.is_none(), key, says.unwrap_or_default());
    }
    expect(
        !(public.is_empty() && sockets.is_empty() && door.path().is_none()),
        "listen.public",
        "is empty, and so are listen.sockets and listen.door: write where to listen".to_owned(),
    );
    let shared = metrics.port() != 0 && public.contains(metrics);
    expect(!shared, "listen.metrics", format!("{metrics} is also in listen.public, choose another port"));
    let zone = Zone::named(&tenant.zone);
    expect(
        zone.is_ok(),
        "tenant.zone",
        format!("found {:?}, write a zone such as \"Asia/Tokyo\"", tenant.zone),
    );
    expect(
        !tenant.name.trim().is_empty(),
        "tenant.name",
        "is blank, write the name subscribers know".to_owned(),
    );
    for (holds, key, says) in of_pages(settings) {
        expect(holds, key, says);
    }
    let connect = canary.connect_to.is_empty() || canary.connect_to.parse::<std::net::SocketAddr>().is_ok();
    expect(
        connect,
        "canary.connect_to",
        format!("found {:?}, write an address with its port such as \"192.0.2.1:443\"", canary.connect_to),
    );
    let looks = tenant.public_url.is_empty() || canary.authorities.path().is_some();
    expect(
        looks,
        "canary.authorities",
        "is \"\", write the file of the authorities to be trusted".to_owned(),
    );
    let elements = ElementKind::ALL.map(|kind| format!("{:?}", kind.name())).join(" or ");
    let is_element = ElementKind::of_name(&network.element).is_ok();
    expect(is_element, "network.element", format!("found {:?}, write {elements}", network.element));
    let driven = bounds::network(network).check();
    expect(driven.is_ok(), "network", driven.err().map(|reason| reason.to_string()).unwrap_or_default());
    let named = !journal.name.is_empty() && !journal.name.contains(|c: char| c.is_whitespace() || c == '+');
    expect(
        named,
        "journal.name",
        format!("found {:?}, write a name without spaces and plus signs", journal.name),
    );
    let known = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let is_name =
        (1..=32).contains(&node.name.len()) && node.name.chars().all(known) && node.name != COMMANDS;
    expect(
        is_name,
        "node.name",
        format!(
            "found {:?}, write up to 32 small letters, digits and hyphens, and not {COMMANDS:?}",
            node.name
        ),
    );
    let passwords = sign_in.password_fewest <= sign_in.password_most;
    expect(passwords, "sign_in.password_fewest", "is more than sign_in.password_most".to_owned());
    let database = engine::problem(store);
    expect(database.is_none(), "store.url", database.clone().unwrap_or_default());
    let log = store.log_checkpoint <= store.log_most;
    expect(log, "store.log_checkpoint", "is more than store.log_most".to_owned());
    problems
}

/// Everything in the files these settings name that `serve` would refuse: certificate, keys, authorities.
pub(crate) fn file_problems(installation: &Installation) -> Vec<Failure> {
    let certificate = CertificateFiles::of(installation).map_or(Ok(()), |files| files.read().map(|_| ()));
    let key =
        installation.keeper(std::sync::Arc::new(super::witness::Written::new(installation.demo))).map(|_| ());
    let (token, way) = (monitor_token(installation).map(|_| ()), way(installation).map(|_| ()));
    let look = look(installation).map(drop);
    let door = House::of(installation).map(drop);
    [certificate, key, token, way, look, door].into_iter().filter_map(Result::err).collect()
}

/// What pages show of the tenant: whether it fits, by key, and what to write.
fn of_pages(settings: &Settings) -> Vec<(bool, &'static str, String)> {
    let tenant = &settings.tenant;
    let mut found = Vec::new();
    let mut wanted = |holds: bool, key: &'static str, says: String| found.push((holds, key, says));
    let tags: Vec<&str> = Language::all().iter().map(|language| language.tag()).collect();
    let known = tags.contains(&tenant.texts.as_str());
    wanted(known, "tenant.texts", format!("found {:?}, write one of {}", tenant.texts, tags.join(", ")));
    for (key, text, scheme) in [
        ("tenant.help", &tenant.help, "https://"),
        ("tenant.phone", &tenant.phone, "tel:"),
        ("tenant.mail", &tenant.mail, "mailto:"),
        ("tenant.top_up", &tenant.top_up, "https://"),
    ] {
        let fits = text.is_empty() || text.starts_with(scheme) && HelpLink::new(text).is_some();
        wanted(fits, key, format!("found {text:?}, write an address that begins with {scheme}"));
    }
    let contact = [&tenant.help, &tenant.phone, &tenant.mail].iter().any(|text| !text.is_empty());
    wanted(
        contact || front(settings).map_or(true, |front| front == Front::Loopback),
        "tenant.help",
        "is empty, and so are tenant.phone and tenant.mail: write where subscribers reach the operator"
            .to_owned(),
    );
    let codes: Vec<&str> = Currency::codes().collect();
    let known = codes.contains(&tenant.currency.as_str());
    wanted(
        known,
        "tenant.currency",
        format!("found {:?}, write one of {}", tenant.currency, codes.join(", ")),
    );
    for (key, text) in [("tenant.colour", &tenant.colour), ("tenant.colour_dark", &tenant.colour_dark)] {
        wanted(text.parse::<Colour>().is_ok(), key, format!("found {text:?}, write #rrggbb"));
    }
    if let (Ok(light), Ok(dark)) = (tenant.colour.parse(), tenant.colour_dark.parse()) {
        let refused = style(light, dark).err();
        let key = if matches!(refused, Some(BadColour::Faint("dark", _))) {
            "tenant.colour_dark"
        } else {
            "tenant.colour"
        };
        wanted(refused.is_none(), key, refused.map(|refused| refused.to_string()).unwrap_or_default());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        problems(&Settings::parse(text).unwrap()).into_iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn the_defaults_work_together() {
        assert_eq!(problems(&Settings::default()), []);
    }

    #[test]
    fn beyond_loopback_subscribers_can_reach_the_operator() {
        let public =
            "[listen]\ntrusted_proxies = [\"10.0.0.0/8\"]\n[tenant]\npublic_url = \"https://my.example.jp\"";
        assert_eq!(keys(public), ["tenant.help"]);
        for contact in
            ["help = \"https://a.example\"", "phone = \"tel:0120\"", "mail = \"mailto:a@b.example\""]
        {
            assert_eq!(keys(&format!("{public}\n{contact}")), [""; 0], "{contact}");
        }
    }

    #[test]
    fn what_cannot_work_is_named_by_key() {
        assert_eq!(
            keys("[tenant]\nzone = \"Tokyo\"\ntexts = \"fr\"\nname = \" \"\nhelp = \"http://a\""),
            ["tenant.zone", "tenant.name", "tenant.texts", "tenant.help"]
        );
        assert_eq!(
            keys(
                "[tenant]\ncolour = \"#ffcc00\"\ncolour_dark = \"blue\"\ncurrency = \"XXX\"\nphone = \"0120\""
            ),
            ["tenant.phone", "tenant.currency", "tenant.colour_dark"]
        );
        assert_eq!(keys("[tenant]\ncolour = \"#ffcc00\""), ["tenant.colour"]);
        assert_eq!(keys("[network]\nelement = \"radius\"\nlease = \"6 s\""), ["network.element", "network"]);
        assert_eq!(keys("[journal]\nname = \"our journal\""), ["journal.name"]);
        for name in ["", "Node", "commands", "a b", "../x"] {
            assert_eq!(keys(&format!("[node]\nname = \"{name}\"")), ["node.name"], "{name}");
        }
        assert_eq!(keys("[sign_in]\npassword_fewest = 64\npassword_most = 64"), [""; 0]);
        assert_eq!(keys("[store]\nlog_most = \"1 MiB\""), ["store.log_checkpoint"]);
        assert_eq!(keys("[listen]\npublic = [\"0.0.0.0:80\"]"), ["listen.public"]);
        assert_eq!(keys("[listen]\nmetrics = \"0.0.0.0:9090\""), ["listen.metrics"]);
        assert_eq!(keys("[listen]\nmetrics = \"0.0.0.0:9090\"\nmetrics_token = \"token\""), [""; 0]);
        assert_eq!(keys("[listen]\nmetrics = \"[::]:9090\"\nmetrics_open = true"), [""; 0]);
        assert_eq!(keys("[listen]\npublic = [\"[::1]:80\", \"[::1]:80\"]"), ["listen.public"]);
        assert_eq!(keys("[listen]\npublic = []"), ["listen.public"]);
        assert_eq!(keys("[listen]\npublic = []\ndoor = \"a.toml\""), [""; 0]);
        let behind = "[tenant]\npublic_url = \"https://my.example.jp\"\nphone = \"tel:0120\"";
        assert_eq!(keys(&format!("[listen]\nsockets = [\"a\", \"a\"]\n{behind}")), ["listen.sockets"]);
        assert_eq!(
            keys("[listen]\npublic = [\"127.0.0.1:80\"]\nmetrics = \"127.0.0.1:80\""),
            ["listen.metrics"]
        );
    }
}
