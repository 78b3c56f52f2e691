//! Passkeys: none, some, as many as may be, and what was not done.

use honnin_care::facts::{NewPasskey, PasskeyState, Passkeys};
use honnin_pages::page::{Nav, PasskeyProblem, PasskeysPage};
use honnin_terms::{Id as _, PasskeyId};

use super::{HOSTILE, LONG, Sample, Studio, head, moment};

pub(super) fn samples(studio: &Studio) -> Vec<Sample> {
    let mut all = Vec::new();
    let mine = head(1);
    let one = |number: u8, name: &str, used: bool| PasskeyState {
        passkey: PasskeyId::from_octets([number; 16]),
        name: name.to_owned(),
        since: moment("2026-11-01T08:00:00+09:00"),
        used: used.then(|| moment("2026-11-19T21:30:00+09:00")),
        may_be_copied: number.is_multiple_of(2),
    };
    let new = || {
        let (challenge, handle) = ("Y2hhbGxlbmdl".to_owned(), "AAECAwQFBgcICQoLDA0ODw".to_owned());
        Some(NewPasskey { challenge, handle, login: HOSTILE.to_owned(), there: vec!["AQID".to_owned()] })
    };
    let of = |list, new, is_offered, is_proven| Some(Passkeys { list, new, is_offered, is_proven, most: 10 });
    let many = || (0..10).map(|number| one(number, HOSTILE, number > 4)).collect();
    let named = || vec![one(1, "Safari (iPhone)", true), one(2, LONG, false)];
    for (name, passkeys, problem) in [
        ("passkeys-none", of(Vec::new(), new(), true, true), None),
        ("passkeys-off", of(Vec::new(), None, false, true), None),
        ("passkeys", of(named(), new(), true, true), None),
        ("passkeys-unproven", of(named(), None, true, false), None),
        ("passkeys-full", of(many(), None, true, true), None),
        ("passkeys-refused", None, Some(PasskeyProblem::Refused)),
        ("passkeys-name", None, Some(PasskeyProblem::Name)),
        ("passkeys-late", None, Some(PasskeyProblem::Late)),
        ("passkeys-too-many", None, Some(PasskeyProblem::Full)),
        ("passkeys-busy", None, Some(PasskeyProblem::Busy)),
    ] {
        let shell = studio.shell(Nav::Settings, Some(&mine), "/account/passkeys");
        let passkeys = passkeys.as_ref();
        let page = PasskeysPage { shell, passkeys, host: "my.example.jp", device: HOSTILE, problem };
        all.push(Sample { name, has_figures: false, html: page.render() });
    }
    all
}
