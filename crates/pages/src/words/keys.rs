//! Every key there is, by page, with the places its text has to fill. A language that lacks one does not compile.

/// Declares groups of keys: `key;` a text, `key(place, …);` a text with places to fill, `key[count, …];` one whose
/// wording follows from the count.
macro_rules! keys {
    ($($(#[$doc:meta])* $group:ident $name:ident { $($key:ident $(($($place:ident),+))? $([$($count:ident),+])?;)+ })+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name { $(#[doc = concat!("`", stringify!($key), "`")] pub $key: kind!($(($($place),+))? $([$($count),+])?),)+ }
        )+

        /// All texts of one language, by page, and how it writes days, counts and money.
        #[derive(Debug, Clone, Copy)]
        pub struct Words {
            /// Tag of `lang` attributes and of the cookie (BCP 47).
            pub tag: &'static str,
            /// The language's name for itself.
            pub name: &'static str,
            /// How it writes days, counts and money.
            pub manner: $crate::words::Manner,
            $($(#[$doc])* pub $group: $name,)+
        }

        impl Words {
            /// Every text that is there, with the name of its key.
            #[cfg(test)]
            pub(crate) fn each(&self, see: &mut impl FnMut(&str, &str)) {
                $($(self.$group.$key.each(&mut |text| see(concat!(stringify!($group), ".", stringify!($key)), text));)+)+
            }
        }

        $(
            #[doc(hidden)]
            #[expect(non_upper_case_globals, reason = "named as the keys, for the macro that reads a language")]
            pub mod $group {
                pub use super::$name as Group;
                $(pub const $key: &[&str] = names!($(($($place),+))? $([$($count),+])?);)+
            }
        )+
    };
}

macro_rules! kind {
    () => { $crate::words::Phrase<0> };
    (($($place:ident),+)) => { $crate::words::Phrase<{ [$(stringify!($place)),+].len() }> };
    ([$($place:ident),+]) => { $crate::words::Plural<{ [$(stringify!($place)),+].len() }> };
}

macro_rules! names {
    () => { &[] };
    (($($place:ident),+)) => { &[$(stringify!($place)),+] };
    ([$($place:ident),+]) => { &[$(stringify!($place)),+] };
}

keys! {
    /// The frame of every page.
    shell ShellWords {
        skip; demo; nav; home; usage; bills; notices; settings; change_line; choose_language;
        as_of(at); as_of_source(at, source); taken_in(at); taken_in_source(at, source); ledger; unknown_time; unknown; details; help; sign_out;
        simulated; times_in(zone); tokyo; on; off; active; suspended; ended; ended_note(day); suspended_note;
        upcoming; begins(day); said_saved; said_device_ended; said_token_ended; said_password; said_named; said_factor_removed; said_passkey; said_passkey_removed; app;
    }
    /// Days.
    dates DateWords {
        short(month, day); weekday(month, day, weekday); year(year, month, day); month(year, month); short_month(month);
    }
    /// Sign-in.
    sign_in SignInWords {
        title; heading(host); login; password; reveal; submit; activate; problem; wrong; wait(at); busy; incomplete; too_late; other_device; ended;
        signed_out; activated; by_password; never_ask;
    }
    /// Activation and a forgotten password.
    activate ActivateWords {
        title; intro; code; code_hint; password; password_hint(fewest); submit; sessions_end; problem; wrong; short(fewest);
        long; common; to_sign_in;
    }
    /// A new password while signed in.
    password PasswordWords {
        title; intro; old; new; submit; sessions_end; problem; wrong; wait(at); same; forgotten;
    }
    /// Home.
    home HomeWords {
        title; balance; balance_shared[lines]; of(granted); used_of(used); gauge(left, granted); refresh; updated(at);
        say_enough(left); say_lasts; say_today(left); say_tomorrow(left); say_runs_out(day); say_low(left);
        say_very_low(left); say_left(percent); say_exhausted; say_fair_use; say_overdue(month, amount);
        say_overdue_many[count, amount]; say_suspended; say_ended; say_unknown; say_chosen_low(left);
        lapses(octets, day); until(octets, day); in_days[days]; buckets; balance_ended;
        step_pay; step_pay_text; step_pay_bill; step_contact; step_suspended; step_suspended_text;
        step_low; step_low_text; step_slow; step_top_up; step_exhausted; step_exhausted_top_up; step_exhausted_contact;
        step_lapse(octets, day); step_lapse_text; step_lapse_buckets;
        speed; turn_off; turn_on; changing_on; changing_off; speed_unknown; uses_data; saves_data; low_exhausted;
        low_fair_use; set_on; set_off; speed_failed; paused; paused_text;
        recent; recent_chart(average); today_used(amount); yesterday_used(amount); not_yet; per_day(amount);
        month(month, amount); first_day(month); today; yesterday; two_weeks_ago(day);
        overdue_bill(month); next_bill; estimate(month); due_in[days, day]; due_today(day); was_due(day);
        contract; purchases; five_g; share; share_lines[lines]; share_none; family[lines];
        recent_notices[count]; notices_none; seen; seen_days(days); seen_times[count];
        not_known_since(at); not_after(at); share_partial; usage_partial[days];
    }
    /// Usage.
    usage UsageWords {
        title; months; earlier(month); later(month); total; average; high; low; today; weekend; missing; chart;
        finding(total, day, most); table; caption(month); day; sum; none; partial[days]; delay; pace(amount); tap; average_line;
        zero; day_partial;
    }
    /// Buckets.
    buckets BucketWords {
        title; total; total_shared; stack; order; rule; place(place); left_of(left, granted); until(day); never; expired[count];
        expired_on(day); used_up; of_line(line); of_other_line; none; basic; carried_over; gift; top_up; bought;
    }
    /// High speed.
    speed SpeedWords {
        title; now; line; becomes; when; when_value; undo; undo_value; explain_off; explain_on; turn_off; turn_on; cancel;
        not_changeable; never_asked; state_title; accepted; accepted_on; accepted_off; pending; pending_detail; confirmed_on;
        confirmed_off; confirmed_detail; failed_on; failed_off; failed_plain; failed_detail; unknown; unknown_on; unknown_off;
        confirmed_step; none; changed_at(at); refresh; again; to_home; steps;
    }
    /// Bills.
    bills BillWords {
        title; list; bill_of(month); used_in(month); amount; amount_open; open; settled; paid; overdue; due; due_on(day); code;
        month; month_of_use; tax; unstated; state; lines; item; price; sum; lines_none; none; none_unknown; open_note; overdue_note; to_list;
        issuer; chart; chart_text(first, last); against; same(month); more(month, amount); less(month, amount); what_changed; new_item;
        gone_item; was(amount); before_said(month); unchanged; latest; lines_incomplete;
    }
    /// Documents to keep.
    document DocumentWords {
        keep; pdf; csv; to(name); member(login); issuer(name); made(at); as_of; as_of_by; by_ledger; by_intake; source; kind; kind_item; kind_tax; kind_sum;
        amount(currency); copied; times_in(zone); no_glyph;
    }
    /// The export.
    export ExportWords {
        title; intro; contents; profile; lines; bills; devices; disclosures; care; begin; anew; waiting(before); working; refresh;
        ready(until); save; gone; too_large; no_room; deadline; failed; kept;
    }
    /// Purchases.
    purchases PurchaseWords {
        title; list; none; none_unknown; code(code);
    }
    /// The contract.
    contract ContractWords {
        title; line; number; plan; monthly; status; from; to; applied; service_code; line_code; sim; iccid; options; five_g; share;
        share_lines[lines]; share_none; unstated;
    }
    /// Lines.
    lines LineWords {
        title; heading; current; ended; period(from); period_to(from, to); none; used(month, amount); not_yet; board(month); here;
        name_label(line); name_hint(most); rename; save; name_problem; name_long(most); name_invisible; shared; too_many;
    }
    /// Notices.
    notices NoticeWords {
        title; none; published(at); code(code); to_list; genuine;
    }
    /// Devices.
    devices DeviceWords {
        title; intro; behind; current; since(at); last_seen(at); until(at); revoke; revoke_label(device); revoke_others; others_none;
        unfamiliar; unnamed; tokens;
    }
    /// Tokens of programs.
    tokens TokenWords {
        title; intro; list; none; since(at); until(at); revoke; revoke_label(name); make; may; name; days; ends; problem; bad_name; bad_days;
        too_many; made; back;
    }
    /// Who has seen my data.
    disclosures DisclosureWords {
        title; intro; others; others_none; others_none_ever; others_more[count]; own; own_day[count, day]; own_run[count, since]; myself; granted; granted_basis(entry); agent;
        agent_basis(entry); operator; index(index); older; newest; none; since(at); how; self_basis; page; api; mail; export;
        by_operator; unfamiliar; acts; acts_intro; new_device; act_signed_in; act_failed[count]; act_failed_more(count); act_password; act_ended; act_stopped;
        act_changed; act_exported; act_invited; act_imported; act_asked; act_merged; act_operated; act_case_opened; act_case_closed; act_token; act_factor_set; act_recovery; act_factor_removed; act_passkey; act_passkey_removed;
        kind_me; kind_home; kind_usage; kind_buckets; kind_purchases; kind_contract; kind_speed; kind_bills; kind_bill;
        kind_export; kind_bill_pdf; kind_bill_csv; kind_devices; kind_merge_consent; kind_disclosures; kind_merge; kind_factor; kind_passkeys;
    }
    /// Who is signed in, once more.
    confirm ConfirmWords {
        title; intro; code_hint; submit; problem; not_yet(at); by_code;
    }
    /// The second factor.
    factor FactorWords {
        title; intro; state; set_at(at); left_title; left[count]; set_up; set_up_text; renew; renew_text; remove; remove_text; not_offered;
        problem; wrong; wrong_first; wait(at); late; there; none; back; step_title; step_intro; code; code_hint; again; lost; set_up_title;
        required; app; app_text; square; link; typed; first; first_code; first_hint; first_submit; codes_title; codes_set; codes_text; codes_care; codes_kept;
    }
    /// Passkeys.
    passkey PasskeyWords {
        title; intro; list; none; since(at); used(at); unused; copied; one_device; remove; remove_label(name); remove_text; full[count]; most[count];
        make; name; confirm_first; needs_script; not_here; not_offered; problem; refused; bad_name; late; no_room; back; sign_in; prove;
        not_taken; failed; there; stay; end; offer; past_the_line;
    }
    /// Agreeing to a merge of accounts.
    merge MergeWords {
        title; intro; gives; gives_text; gives_submit; takes; takes_text; takes_submit; undo; password; code; code_text(until);
        code_care; again; problem; wrong;
    }
    /// Settings.
    settings SettingWords {
        title; member; mail; mail_none; language; theme; theme_auto; theme_light; theme_dark; safety; account; install;
        install_text;
    }
    /// Help.
    help HelpWords {
        title; contact; contact_text; call(number); write(address); open; hours; relay; password; password_text; lost; lost_text;
        unfamiliar; unfamiliar_intro; unfamiliar_devices; unfamiliar_password; unfamiliar_contact; numbers; genuine;
    }
    /// What went wrong.
    problem ProblemWords {
        sign_in_title; sign_in_text; forbidden_title; forbidden_text; not_found_title; not_found_text; conflict_title;
        conflict_text; too_large_title; too_large_text; export_gone_title; export_gone_text; to_export; invalid_title;
        invalid_text; too_often_title; too_often_text; unavailable_title; unavailable_text; paused_title; paused_text; calls_work; come_back(at); place(place);
        as_of(at); again; to_sign_in; to_home; number(request); number_hint; line_title; line_text; line_ahead[people];
        line_minutes[minutes]; line_soon; line_keeps(minutes);
    }
    /// The status page and the banner.
    status StatusWords {
        title(operator); as_of(at); well; to_come; past; none; comma; grows; checkpoint; to_service;
        trouble_changed(since); trouble_cut(since); trouble_key(since); trouble_unreadable(since); trouble_kept;
        silent(since); never_heard; started(at); ended(at); ends(at); no_end; end_changed(from, to, at); end_moved(from, to);
        end_late(at, minutes); next(at); next_late(at, minutes); said_at(at); by_service; works; works_partly; works_not;
        investigating; identified; monitoring; resolved; scheduled; in_progress; completed; more;
    }
}
