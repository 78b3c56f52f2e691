//! Kinds of what real systems do to files and figures, and the tests of what cases cannot show.

/// A kind.
pub(super) struct Kind {
    /// The word of the cases.
    pub(super) word: &'static str,
    pub(super) title: &'static str,
    /// What must hold.
    pub(super) holds: &'static str,
    pub(super) tests: &'static [&'static str],
}

pub(super) const KINDS: &[Kind] = &[
    Kind {
        word: "part",
        title: "A part shown as the whole",
        holds: "A set is whole, or the last whole one stays with its older moment, or every face says *incomplete*.",
        tests: &[
            "of_two_buckets_one_set_aside_leaves_the_last_whole_ones",
            "items_that_are_not_all_there_are_not_shown_as_all",
            "a_day_of_which_a_record_was_not_understood_says_so_until_it_is",
            "a_group_is_not_whole_without_one_of_its_lines",
            "a_row_that_names_nobody_holds_back_what_the_mapping_says",
            "what_is_tried_again_takes_no_part_for_the_whole",
            "no_face_shows_what_no_whole_word_of_the_ledger_said",
        ],
    },
    Kind {
        word: "unfinished",
        title: "A file that is not finished",
        holds: "No line end at the end is not finished, unless the mapping says otherwise; a companion file can be asked for; a \
                correction wins by a rule or by a person.",
        tests: &[
            "a_file_that_is_not_finished_takes_nothing_of_its_extract_in",
            "a_companion_says_that_a_file_is_whole_and_how_long_it_is",
            "a_correction_wins_by_a_rule_or_by_a_person_and_not_by_itself",
            "a_person_explains_accepts_and_drops_rows_and_the_pages_follow",
        ],
    },
    Kind {
        word: "ceiling",
        title: "Newest wins, up to now and not beyond",
        holds: "A moment beyond the clock and its bound is set aside; a moment is of its row; what is older has a count and exit \
                code of its own; home reads the month it names.",
        tests: &[
            "a_row_from_the_future_stands_for_nobody",
            "what_has_not_come_yet_is_set_aside_whatever_it_is",
            "which_buckets_there_are_is_not_guessed_from_two_moments",
            "home_has_the_days_of_the_month_it_names",
        ],
    },
    Kind {
        word: "stale",
        title: "The present deduced from a stale word",
        holds: "Not known since when; used up is only what the ledger said.",
        tests: &[],
    },
    Kind {
        word: "zero",
        title: "Unknown shown as nothing",
        holds: "One rule for every page and body.",
        tests: &[],
    },
    Kind {
        word: "unsayable",
        title: "What cannot be said",
        holds: "Mapping keys for what databases, network elements and spreadsheets write; [the guide](../mapping.md) lists what a \
                shape can say.",
        tests: &[
            "what_databases_network_elements_and_spreadsheets_write_can_be_said",
            "utf_16_is_read_by_its_mark_or_by_the_order_the_mapping_says",
            "money_in_hundredths_is_read_where_the_mapping_says_so_and_whole",
            "the_guide_names_every_kind_field_word_unit_and_reason",
            "a_ledger_kept_in_a_japanese_spreadsheet_goes_in_by_the_guide",
            "the_key_that_would_take_a_row_is_found_by_trying_it",
            "the_facts_of_some_subscribers_are_told_in_our_own_words",
        ],
    },
    Kind {
        word: "evidence",
        title: "Evidence that is ignored",
        holds: "Refused and named; names compared in NFC; a pattern without a file, or a file without a pattern, is exit code 4.",
        tests: &["files_that_may_be_meant_are_told_and_a_readme_is_not"],
    },
    Kind {
        word: "limits",
        title: "Limits that differ by layer",
        holds: "One bound in one place; lists page or are whole.",
        tests: &[
            "names_and_passwords_are_as_long_in_forms_as_everywhere",
            "every_list_is_read_by_one_convention",
        ],
    },
    Kind {
        word: "octets",
        title: "Text compared as octets",
        holds: "One Unicode form at setting and checking; imported hashes are tried raw too; PBKDF2 of Django and passlib is read.",
        tests: &[
            "the_same_text_of_another_keyboard_is_the_same_password",
            "one_password_of_two_keyboards_signs_in_imported_or_not",
            "pbkdf2_as_django_and_passlib_write_it_is_read",
        ],
    },
    Kind {
        word: "races",
        title: "Races answered as outages",
        holds: "The second gets what the first made true. No file shows this: two requests at once do.",
        tests: &[
            "a_form_sent_twice_at_once_or_again_is_answered_alike",
            "a_form_of_a_new_password_sent_twice_at_once_is_answered_twice_alike",
            "a_change_of_password_sent_twice_at_once_is_answered_twice_alike",
            "one_wish_sent_twice_at_once_is_one_wish_answered_twice_alike",
            "an_export_asked_for_twice_at_once_is_one_export",
            "a_line_named_twice_at_once_has_one_of_the_names",
        ],
    },
    Kind {
        word: "glyphs",
        title: "Glyphs",
        holds: "Every character of JIS X 0213 is drawn; selectors and joiners are passed over; what the typeface lacks is told.",
        tests: &[
            "every_character_of_jis_x_0213_is_drawn_as_itself",
            "a_character_without_a_glyph_is_named_at_the_end_and_kept_in_the_text",
        ],
    },
    Kind {
        word: "dates",
        title: "Near dates",
        holds: "The year where it differs; states by date; times the clocks skip or repeat are said.",
        tests: &["a_time_the_clocks_skip_or_repeat_is_not_taken_silently"],
    },
];
