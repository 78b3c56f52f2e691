//! The two packages: the product, and the key agent, which loads a library of a token's maker and which most installations
//! do not want ([decision 0044](../../../docs/decisions/0044-a-key-that-cannot-be-copied.md)).

/// What one package has that the other has not.
#[derive(Debug)]
pub(crate) struct Kind {
    /// What it, its program and its crate are called.
    pub(crate) name: &'static str,
    /// Its unit, of `examples/systemd`; the operator enables it.
    pub(crate) unit: &'static str,
    /// The same for each house of several.
    pub(crate) of_houses: Option<&'static str>,
    /// What of `docs` and of `examples` goes along.
    pub(crate) guides: &'static [&'static str],
    pub(crate) examples: &'static [&'static str],
    /// Beside the system's own libraries.
    pub(crate) depends: &'static str,
    pub(crate) suggests: &'static str,
    /// The first line, then what follows, as Debian writes it.
    pub(crate) description: &'static str,
    /// Scripts of the package by their name.
    pub(crate) scripts: [(&'static str, &'static str); 3],
}

pub(crate) const HONNIN: Kind = Kind {
    name: "honnin",
    unit: "honnin.service",
    of_houses: None,
    guides: &[],
    examples: &["caddy", "haproxy", "ledger-a", "monitoring", "nginx", "sample-ledger", "systemd"],
    depends: "adduser",
    suggests: "nginx-light | haproxy | caddy",
    description: "self-care for mobile subscribers\n \
        Takes in an operator's ledger and shows each subscriber her own figures, with a\n \
        verifiable record of every disclosure. After installation, as root:\n .\n \
        runuser -u honnin -- honnin init /var/lib/honnin --key-file /etc/honnin/key\n",
    scripts: [("postinst", POSTINST), ("prerm", PRERM), ("postrm", POSTRM)],
};

/// Any version of the product goes with it: what they say to each other has a version of its own.
pub(crate) const AGENT: Kind = Kind {
    name: "honnin-key-agent",
    unit: "honnin-key-agent.service",
    of_houses: Some("honnin-key-agent@.service"),
    guides: &["key-agent.md"],
    examples: &["key-agent"],
    depends: "adduser, honnin",
    suggests: "softhsm2",
    description: "key agent of Honnin for PKCS#11 tokens\n \
        Has a token unwrap the key that an installation of Honnin opens with, so that\n \
        the key lies in no file. Loads the library of the token's maker. The way from\n \
        here: /usr/share/doc/honnin-key-agent/key-agent.md\n",
    scripts: [("postinst", AGENT_POSTINST), ("prerm", AGENT_PRERM), ("postrm", AGENT_POSTRM)],
};

/// The user the service runs as is made once; its data and key are the operator's to begin.
const POSTINST: &str = "#!/bin/sh\nset -e\nif [ \"$1\" = configure ]; then\n\
    \x20   if ! getent passwd honnin >/dev/null; then\n\
    \x20       adduser --quiet --system --group --home /var/lib/honnin --no-create-home honnin\n    fi\n\
    \x20   install -d -m 0700 -o honnin -g honnin /var/lib/honnin /etc/honnin\n\
    \x20   if [ -d /run/systemd/system ]; then\n        systemctl daemon-reload\n\
    \x20       # Only where it runs: requests in progress end first (server.drain).\n\
    \x20       [ -z \"$2\" ] || systemctl try-restart honnin.service\n    fi\nfi\n";
const PRERM: &str = "#!/bin/sh\nset -e\nif [ \"$1\" = remove ] && [ -d /run/systemd/system ]; then\n\
    \x20   systemctl --no-reload disable --now honnin.service || true\nfi\n";
/// What subscribers' data and its key are worth no script decides.
const POSTRM: &str = "#!/bin/sh\nset -e\nif [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi\n\
    if [ \"$1\" = purge ] && [ -d /var/lib/honnin ]; then\n\
    \x20   echo 'honnin: /var/lib/honnin and its key file are left; remove them once no backup and no law needs them' >&2\nfi\n";

/// The agent's user is in no group of the product's; the product's is in the agent's, and may so reach its socket.
const AGENT_POSTINST: &str = "#!/bin/sh\nset -e\nif [ \"$1\" = configure ]; then\n\
    \x20   if ! getent passwd honnin-key >/dev/null; then\n\
    \x20       adduser --quiet --system --group --home /nonexistent --no-create-home honnin-key\n    fi\n\
    \x20   id -nG honnin | tr ' ' '\\n' | grep -qx honnin-key || adduser --quiet honnin honnin-key\n\
    \x20   install -d -m 0700 -o honnin-key -g honnin-key /etc/honnin-key\n\
    \x20   if [ -d /run/systemd/system ]; then\n        systemctl daemon-reload\n\
    \x20       # Only where it runs: a house that serves does not ask it.\n\
    \x20       [ -z \"$2\" ] || systemctl try-restart honnin-key-agent.service 'honnin-key-agent@*.service'\n    fi\nfi\n";
const AGENT_PRERM: &str = "#!/bin/sh\nset -e\nif [ \"$1\" = remove ] && [ -d /run/systemd/system ]; then\n\
    \x20   systemctl --no-reload disable --now honnin-key-agent.service || true\n\
    \x20   systemctl stop 'honnin-key-agent@*.service' || true\nfi\n";
/// A PIN may be written down nowhere else, and without it the token opens nothing.
const AGENT_POSTRM: &str = "#!/bin/sh\nset -e\nif [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi\n\
    if [ \"$1\" = purge ] && [ -d /etc/honnin-key ] && ! rmdir /etc/honnin-key 2>/dev/null; then\n\
    \x20   echo 'honnin-key-agent: /etc/honnin-key with the PIN is left; remove it once nothing needs the token' >&2\nfi\n\
    if [ \"$1\" = purge ] && ls -d /etc/honnin-key-* >/dev/null 2>&1; then\n\
    \x20   echo 'honnin-key-agent: /etc/honnin-key-* with PINs of brands are left' >&2\nfi\n";

#[cfg(test)]
mod tests {
    use std::process::Command;

    use honnin_testkit::TestDir;

    use super::*;
    use crate::tool::said;

    #[test]
    fn scripts_of_the_packages_are_well_and_take_no_data_away() {
        let dir = TestDir::new();
        for kind in [HONNIN, AGENT] {
            for (name, script) in kind.scripts {
                let file = dir.write(name, script);
                said(Command::new("sh").arg("-n").arg(&file)).unwrap();
                assert!(!script.contains("rm -"), "{}: {name}", kind.name);
            }
        }
    }
}
