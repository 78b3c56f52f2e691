//! The rows: what was done, what holds now, what shows it.

/// How a row was seen failing.
#[derive(Debug, Clone, Copy)]
pub(super) enum Seen {
    /// Its test ran on the code of that commit and failed so.
    Ran(&'static str),
    /// The drill runs on a program of that commit.
    Drill(&'static str),
    /// The test needs types that commit does not have.
    Types,
}

/// A row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) done: &'static str,
    pub(super) holds: &'static str,
    /// Names of tests; a drill's is that of the test which runs it.
    pub(super) shown: &'static [&'static str],
    pub(super) seen: Seen,
    /// What is not held yet; nothing where all of it is.
    pub(super) missing: &'static str,
}

impl Row {
    pub(super) const fn is_open(&self) -> bool {
        !self.missing.is_empty()
    }
}

const fn row(
    done: &'static str,
    holds: &'static str,
    shown: &'static [&'static str],
    seen: Seen,
    missing: &'static str,
) -> Row {
    Row { done, holds, shown, seen, missing }
}

pub(super) const STRANGERS: &[Row] = &[
    row(
        "10 wrong codes void anybody's one-time code",
        "a code dies by time, use or a newer one; a wrong one costs the guesser only",
        &[
            "wrong_codes_of_strangers_do_not_void_the_right_one",
            "a_code_ends_by_use_and_by_a_newer_one",
            "a_wrong_code_costs_no_hash",
            "d31_a_storm_on_one_account_keeps_nobody_out",
        ],
        Seen::Ran("the right code was refused after ten wrong ones"),
        "",
    ),
    row(
        "80 connections with made-up names: 0 of 15 right sign-ins",
        "fair turns by source; who has left is not hashed for; codes and confirmations have turns of their own",
        &[
            "d32_made_up_names_delay_no_right_sign_in",
            "a_thousand_made_up_names_from_fifty_prefixes_delay_no_right_sign_in",
            "what_nobody_waits_for_any_more_is_not_hashed",
            "codes_and_confirmations_have_turns_of_their_own",
            "a_name_or_password_that_cannot_be_one_costs_no_hash",
        ],
        Seen::Drill("D32"),
        "",
    ),
    row(
        "16 prefixes kept the right password out, 15 of 15; one guesser at the same address, 5 of 5",
        "from a prefix not yet used within 2 s, at a guesser's own within a minute",
        &[
            "d31_a_storm_on_one_account_keeps_nobody_out",
            "strangers_of_many_prefixes_do_not_keep_the_right_password_out",
            "a_guesser_at_the_same_address_does_not_keep_her_out",
            "a_storm_on_one_account_does_not_keep_a_new_prefix_out",
            "one_attacker_behind_the_same_address_delays_by_half_a_minute_at_most",
            "what_a_thousand_prefixes_use_up_leaves_room_for_one_not_yet_used",
        ],
        Seen::Drill("D31"),
        "",
    ),
    row(
        "whoever once had a device cookie kept her out, 4 of 4; a stranger's guesses block the signed-in merge",
        "marks are a device's own, revocable, ended by a new password; who is signed in has a lane of her own",
        &[
            "a_known_device_is_slowed_by_itself_only_and_ends_with_its_password",
            "guesses_of_strangers_do_not_slow_who_is_signed_in",
            "d31_a_storm_on_one_account_keeps_nobody_out",
        ],
        Seen::Drill("D31"),
        "",
    ),
    row(
        "65 guesses at once passed: they were counted after hashing",
        "guesses on an account and day have a bound before anything is hashed, on all nodes; doctor prints it",
        &[
            "guesses_on_one_account_and_day_have_a_bound_at_once_and_on_all_nodes",
            "many_at_once_from_one_address_are_counted_before_they_are_hashed",
            "names_that_nobody_has_make_no_guess_forgotten",
            "names_tried_over_and_over_make_no_guess_forgotten",
            "tries_from_before_midnight_take_nothing_of_the_new_day_back",
            "d31_a_storm_on_one_account_keeps_nobody_out",
        ],
        Seen::Drill("D31"),
        "",
    ),
    row(
        "an imported PBKDF2 hash answers in 161 ms, an unknown name in 35 ms",
        "refusals leave at a multiple of half a second after they came; the test of Kolmogorov and Smirnov tells none apart; a wrong guess costs all the work that any hash of the house costs, whichever it is compared with",
        &[
            "known_unknown_and_suspended_cost_one_hash_and_leave_at_the_same_moment",
            "many_guesses_at_once_cost_the_same_work_whoever_they_are_at",
            "what_hashes_cost_all_nodes_know_before_there_is_one",
            "d32_made_up_names_delay_no_right_sign_in",
        ],
        Seen::Drill("D32"),
        "",
    ),
    row(
        "a session begun with the old password while she activates stays valid",
        "a session is of the version of its credential, looked at in the transaction that makes it",
        &[
            "a_session_begun_with_an_old_password_is_never_made",
            "a_new_password_ends_every_session_for_ever_and_tells_the_holder",
        ],
        Seen::Types,
        "",
    ),
    row(
        "connection places are never reclaimed: 14 addresses fill the house",
        "idle places are taken back from the greediest",
        &[
            "connections_of_a_few_addresses_keep_nobody_out",
            "nobody_waits_for_the_greediest",
            "idle_places_are_taken_back_before_busy_ones",
            "d32_made_up_names_delay_no_right_sign_in",
        ],
        Seen::Ran("nobody else was let in"),
        "",
    ),
    row(
        "a listed proxy that sends no `Forwarded`, or an unquoted IPv6 address, makes everybody one source",
        "its requests are refused, counted, and named by doctor",
        &[
            "a_listed_proxy_that_names_nobody_is_refused_and_counted",
            "a_trusted_proxy_tells_the_client_and_must_tell_it",
            "doctor_names_a_listed_proxy_that_names_nobody",
        ],
        Seen::Types,
        "",
    ),
    row(
        "24 exports fill `most_kept` for all",
        "two places for each account and a quarter of all for each source inside the bound of the whole; who is refused is told when to come back; documents and questions to the journal have such shares too",
        &[
            "one_account_that_asks_a_hundred_times_keeps_no_neighbour_from_a_document",
            "one_account_that_asks_a_hundred_times_keeps_no_neighbour_from_an_answer",
            "one_account_leaves_room_for_the_others_however_often_it_asks",
            "one_source_leaves_room_for_the_others_whatever_accounts_it_has",
            "beyond_the_bound_an_export_is_refused_with_a_time_and_taken_afterwards",
            "d32_made_up_names_delay_no_right_sign_in",
        ],
        Seen::Drill("D32"),
        "",
    ),
    row(
        "`aaaaaaaaaaaaaaab`, `1q2w3e4r5t6y7u8i` and the demo's password are taken",
        "judged by zxcvbn with words of the operator, and by a list of leaked ones where there is one",
        &[
            "a_password_is_judged_by_length_and_guessing_only",
            "what_has_leaked_is_found_wherever_it_stands_in_the_list",
        ],
        Seen::Types,
        "",
    ),
    row(
        "signing in over an old cookie leaves the old session",
        "it ends",
        &["signing_in_over_an_old_cookie_ends_the_old_session"],
        Seen::Types,
        "",
    ),
    row(
        "the length of gzipped personal pages recovers masked digits through the reflected query (BREACH)",
        "nothing of a link stands beside what is hers",
        &["what_a_stranger_puts_into_a_link_changes_no_octet_of_a_personal_page"],
        Seen::Types,
        "",
    ),
    row(
        "no Host, two Hosts, bare LF: 200",
        "400",
        &["a_request_names_one_host_and_ends_its_lines_with_cr_lf"],
        Seen::Ran("each was answered 200"),
        "",
    ),
];

pub(super) const INSIDERS: &[Row] = &[
    row(
        "`kill -9` within a second of a look, its frame zeroed; a forged frame is signed by the next start",
        "frames are tied by a key of the keeper; the head is anchored; nothing forged enters the tree",
        &[
            "a_forged_frame_is_never_signed",
            "a_frame_zeroed_or_cut_after_a_crash_is_missed",
            "a_head_that_was_put_back_is_noticed_with_the_files_as_they_are",
            "d33_what_an_insider_does_to_the_files_is_noticed",
        ],
        Seen::Types,
        "",
    ),
    row(
        "another journal with another key put in its place: everybody is content",
        "the verifying key comes from the keyring or an argument; checkpoints leave the machine",
        &[
            "another_journal_put_in_its_place_is_noticed",
            "the_journal_of_another_installation_answers_no_command",
            "where_a_checkpoint_has_to_leave_and_cannot_nobody_is_shown_anything",
            "a_machine_put_back_as_a_whole_is_found_by_what_has_left_it",
            "checkpoints_that_leave_for_nowhere_any_more_are_missed_until_a_person_says_so",
            "a_witness_that_nobody_here_wrote_cosigns_and_finds_what_was_put_back",
        ],
        Seen::Types,
        "",
    ),
    row(
        "five rows cut out of an index file",
        "every row is proven against the tree before it answers",
        &[
            "the_index_can_be_deleted_or_altered_and_answers_the_same",
            "every_file_edited_cut_swapped_or_taken_away_is_noticed",
        ],
        Seen::Types,
        "",
    ),
    row(
        "after a merge her page of disclosures ends after 50 of 2,071 rows",
        "pages go by position; who-saw follows merges by entries, not by rows",
        &[
            "acts_between_looks_end_no_page_before_the_last_look",
            "who_saw_follows_a_merge_whose_rows_somebody_deleted",
            "who_saw_answers_exactly_and_in_pages",
        ],
        Seen::Types,
        "",
    ),
    row(
        "a hash put in, a look, the old one put back: the journal says `self`",
        "every act is an entry under a name, before it is done",
        &[
            "every_act_is_an_entry_under_the_name_of_who_did_it",
            "every_act_by_page_program_and_command_is_an_entry_of_its_kind",
            "what_cannot_be_written_down_is_not_done",
            "without_an_entry_the_keeper_releases_nothing",
            "an_act_is_worth_so_much_and_no_more",
            "what_a_signed_in_person_does_is_written_before_it_is_done",
            "failed_sign_ins_stand_on_her_page_by_day_and_hide_no_act",
            "failed_sign_ins_are_written_within_their_bounds_and_counted_beyond",
            "d34_what_an_insider_does_at_the_command_line_is_an_entry",
        ],
        Seen::Types,
        "",
    ),
    row(
        "`demo --data` sets the published password on a real installation",
        "a demo's keyring says so inside its seal; demo refuses everything else",
        &[
            "a_demo_refuses_a_real_installation_and_no_clock_is_planted_in_one",
            "a_demo_says_on_every_page_and_command_that_it_is_one",
        ],
        Seen::Types,
        "",
    ),
    row(
        "one read with the clock 400 days ahead: personal pages 503 for that long",
        "marked, said at once, and no order hangs on the clock alone",
        &[
            "one_look_by_a_clock_400_days_ahead_stops_nobody_for_400_days",
            "a_clock_that_jumps_ahead_is_noticed_at_once",
            "a_start_by_a_clock_400_days_ahead_is_noticed_and_one_after_a_month_away_is_not",
            "d35_a_clock_that_jumps_is_said_and_accepted",
        ],
        Seen::Types,
        "",
    ),
    row(
        "a deleted session row put back revives a signed-out cookie; `until` and `last_seen` set to 2100",
        "what decides is inside the seal; the ring says which sessions live",
        &[
            "what_sql_puts_back_or_prolongs_signs_nobody_in",
            "a_session_row_put_back_revives_no_session_that_was_signed_out",
            "a_session_of_who_gave_her_lines_is_in_no_ring_and_no_row_revives_it",
            "a_store_older_than_its_journal_is_refused_until_a_person_says",
        ],
        Seen::Types,
        "",
    ),
    row(
        "`PUT …/speed` on a suspended line tells its state without gate or entry",
        "refusals leave by the gate too",
        &["a_refused_wish_leaves_by_the_gate_with_an_entry"],
        Seen::Types,
        "",
    ),
    row(
        "a data directory of 0755 stays so; metrics on 0.0.0.0; HUP kills; output to a full device exits 0",
        "owner-only files; a guard; HUP reopens; the exit code is the truth",
        &[
            "every_file_is_its_owners_alone_and_one_that_is_not_is_refused",
            "metrics_beyond_loopback_need_a_token_or_a_decision",
            "a_hangup_reopens_the_log_and_ends_nothing",
            "output_that_cannot_be_written_fails_every_command",
        ],
        Seen::Ran("every command ended with 0 on a full device"),
        "",
    ),
];
