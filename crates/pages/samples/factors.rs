//! The second factor: the second step, setting one up, changing it.

use honnin_care::facts::{Factor, FactorState};
use honnin_pages::page::{
    AppKey, CodeProblem, ConfirmPage, ConfirmProblem, FactorPage, FactorSetUpPage, Nav, RecoveryCodesPage,
    SecondStepPage,
};

use super::{HOSTILE, LONG, Sample, Studio, head, moment};

pub(super) fn samples(studio: &Studio) -> Vec<Sample> {
    let mut all = Vec::new();
    let mut push = |name, has_figures, html| all.push(Sample { name, has_figures, html });
    let (mine, later) = (head(1), moment("2026-11-20T12:13:00+09:00"));
    for (name, problem) in [
        ("second-step", None),
        ("second-step-wrong", Some(CodeProblem::Wrong)),
        ("second-step-wait", Some(CodeProblem::Wait(later))),
        ("second-step-busy", Some(CodeProblem::Busy)),
    ] {
        let shell = studio.outside("/sign-in/code");
        let typed = if problem.is_some() { HOSTILE } else { "" };
        let page = SecondStepPage { shell, login: typed, ticket: "dGlja2V0", next: typed, problem };
        push(name, false, page.render());
    }
    let key = AppKey::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", HOSTILE, LONG);
    for (name, at_sign_in, problem) in [
        ("factor-first", Some((HOSTILE, "")), None),
        ("factor-first-wrong", Some(("mio55598548", HOSTILE)), Some(CodeProblem::Wrong)),
    ] {
        let shell = studio.outside("/sign-in/second-factor");
        let page = FactorSetUpPage { shell, key: &key, ticket: "dGlja2V0", at_sign_in, problem };
        push(name, false, page.render());
    }
    for (name, problem) in [
        ("confirm", None),
        ("confirm-password", Some(ConfirmProblem::Password)),
        ("confirm-code", Some(ConfirmProblem::Code)),
        ("confirm-not-yet", Some(ConfirmProblem::NotYet(later))),
        ("confirm-wait", Some(ConfirmProblem::Wait(later))),
        ("confirm-busy", Some(ConfirmProblem::Busy)),
        ("confirm-passkey", Some(ConfirmProblem::Passkey)),
        ("confirm-late", Some(ConfirmProblem::Late)),
    ] {
        let shell = studio.shell(Nav::Settings, Some(&mine), "/account/confirm");
        let next = if problem.is_some() { HOSTILE } else { "" };
        push(name, false, ConfirmPage { shell, next, problem, passkeys: Some("my.example.jp") }.render());
    }
    let state = |recovery_left| FactorState { since: moment("2026-11-01T08:00:00+09:00"), recovery_left };
    let factor = |state, is_offered| Factor { state, is_offered };
    for (name, factor, problem) in [
        ("factor-none", Some(factor(None, true)), None),
        ("factor-off", Some(factor(None, false)), None),
        ("factor-set", Some(factor(Some(state(8)), true)), None),
        ("factor-last-code", Some(factor(Some(state(1)), true)), None),
        ("factor-wrong", None, Some(CodeProblem::Wrong)),
        ("factor-password", None, Some(CodeProblem::Password)),
        ("factor-wait", None, Some(CodeProblem::Wait(later))),
        ("factor-late", None, Some(CodeProblem::Late)),
        ("factor-there", None, Some(CodeProblem::There)),
    ] {
        let shell = studio.shell(Nav::Settings, Some(&mine), "/account/second-factor");
        push(name, false, FactorPage { shell, factor: factor.as_ref(), problem }.render());
    }
    let key = AppKey::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "mio55598548", "マイモバイル");
    let shell = studio.shell(Nav::Settings, Some(&mine), "/account/second-factor");
    let page = FactorSetUpPage { shell, key: &key, ticket: "dGlja2V0", at_sign_in: None, problem: None };
    push("factor-set-up", false, page.render());
    for (name, is_set_up) in [("recovery-codes", true), ("recovery-codes-renewed", false)] {
        let shell = studio.shell(Nav::Settings, Some(&mine), "/account/second-factor");
        let codes = ["ABCD-EFGH-JKMN-PQRS-TVWX", "0123-4567-89AB-CDEF-GHJK"];
        push(name, false, RecoveryCodesPage { shell, codes: &codes, is_set_up, next: "/settings" }.render());
    }
    all
}
