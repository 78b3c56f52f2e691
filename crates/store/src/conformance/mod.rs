//! What every engine must show: each promise of the traits as a function that fails where it is not kept.
//!
//! An engine calls [`every_promise!`](crate::every_promise) in its tests with a function that makes a fresh, empty
//! store for one promise. Only tests compile this (feature `conformance`).

mod claims;
mod control;
mod copying;
mod credentials;
mod devices;
mod directory;
mod erasing;
mod feed;
mod merge_lists;
mod merges;
mod moving;
mod notices;
mod operator;
mod sessions;
mod slow;
mod speed;
mod stage;
mod to_and_fro;
mod views;
mod wishes;

pub use claims::*;
pub use control::*;
pub use copying::*;
pub use credentials::*;
pub use devices::*;
pub use directory::*;
pub use erasing::*;
pub use feed::*;
pub use merge_lists::*;
pub use merges::*;
pub use notices::*;
pub use operator::*;
pub use sessions::*;
pub use slow::{Slow, Trips};
pub use speed::*;
pub use stage::{SignedIn, Stage, done};
pub use to_and_fro::{a_move_is_whole, move_to_and_fro};
pub use views::*;
pub use wishes::*;

/// Makes a test of each promise. `$on` is a function that takes a promise (`fn(&Stage)`) and runs it on a fresh store.
#[macro_export]
macro_rules! every_promise {
    ($on:path) => {
        $crate::every_promise! { $on:
            a_session_is_found_by_its_hash_and_tenant_only
            a_session_that_ended_is_not_found_again
            sessions_end_with_the_one_that_takes_their_place
            a_ring_is_written_only_where_its_version_was_read
            a_new_account_key_ends_all_sessions_but_the_one_that_goes_on
            a_touch_is_noted_and_never_moves_back
            a_session_is_written_once
            a_credential_is_replaced_only_where_its_version_was_read
            a_new_password_ends_the_sessions_of_its_account_and_of_no_other
            an_unknown_account_has_no_credential
            an_account_lists_its_own_sessions_newest_first
            another_accounts_views_are_unreachable_with_a_permit
            a_view_is_found_by_its_kind_and_row
            home_is_what_each_of_its_reads_finds
            a_view_opens_with_the_permit_that_read_it
            a_view_that_was_absent_is_found_once_it_is_written
            a_view_that_was_made_anew_is_read_anew
            a_notice_is_shown_from_its_moment_on
            at_most_two_hundred_notices_are_listed
            a_notice_of_the_same_id_is_replaced
            a_wish_is_read_back_as_it_was_written
            a_wish_that_read_an_old_revision_is_a_conflict
            two_wishes_of_a_line_keep_their_distance
            a_repeated_key_makes_no_second_wish
            a_key_used_for_another_request_is_refused
            a_key_counts_for_its_own_line_until_its_time
            another_accounts_wish_is_unreachable_with_a_permit
            the_contract_a_wish_is_judged_by_is_the_lines_own
            a_due_wish_is_claimed_once_while_its_lease_lasts
            at_most_so_many_wishes_are_claimed_the_oldest_first
            a_settled_wish_is_not_claimed_again
            a_wish_is_looked_at_again_when_it_is_due
            a_claim_may_write_more_than_once
            a_line_is_driven_with_its_own_key_and_contract
            an_older_claim_settles_nothing
            a_newer_wish_makes_the_older_ones_outcome_a_conflict
            the_backlog_counts_what_is_due_or_claimed
            a_feed_moves_by_one_from_one
            a_stale_batch_changes_nothing
            a_batch_applied_twice_changes_nothing
            two_feeds_have_positions_of_their_own
            an_existing_key_is_never_replaced
            an_account_is_given_back_as_it_was_written
            unknown_accounts_are_absent
            a_large_batch_is_written_whole
            a_directory_entry_of_the_same_key_and_holding_is_replaced
            the_directory_is_walked_page_by_page
            holders_are_found_by_their_keys_only
            seen_records_are_told_in_the_order_asked
            the_latest_content_of_a_record_stands
            a_broken_row_is_kept_once_and_goes_when_released
            quarantine_is_listed_oldest_first
            tenants_have_nothing_of_each_other
            a_report_counts_what_is_there
            every_feed_says_when_it_last_wrote
            accounts_are_listed_page_by_page
            a_sweep_forgets_what_is_past_its_time_and_nothing_else
            an_erased_account_leaves_nothing_and_nobody_elses_row_changes
            an_account_that_hangs_on_a_merge_is_not_erased
            a_consent_is_its_accounts_own_and_a_new_one_replaces_it
            a_merge_needs_what_both_owners_have_left_and_uses_it_up
            a_line_moves_with_all_that_is_its_own_and_nothing_else_does
            a_wish_goes_with_its_line_and_so_does_its_key
            what_is_written_after_a_move_was_read_stops_it
            a_feed_that_read_before_a_move_writes_nothing_after_it
            a_merge_undone_leaves_everything_as_it_was
            a_line_that_moved_twice_is_told_by_where_it_came_from_and_where_it_is
            a_merge_is_listed_to_both_accounts_and_to_no_other
            a_merge_is_owed_to_the_journal_until_it_is_noted
            a_merge_of_one_tenant_touches_no_other
            a_control_row_is_written_only_by_who_has_read_it
            a_revision_never_comes_twice
            a_control_row_past_its_time_is_as_if_it_were_not_there
            control_rows_are_listed_by_prefix_page_by_page
            of_many_who_swap_at_once_one_is_first
            its_tables_are_those_of_the_one_list
            rows_come_out_page_by_page_in_the_order_of_their_keys
            rows_take_the_place_of_whatever_stands_in_their_stretch
            a_copy_that_was_killed_goes_on_and_ends_as_its_source_row_by_row
            a_row_altered_in_a_copy_is_found_and_put_right
            a_store_has_one_mark_and_is_empty_only_without_it
            a_run_that_was_stopped_writes_nothing_once_another_goes_on_or_has_ended
            a_run_that_saw_a_store_empty_begins_nothing_once_another_has_filled_it
            work_is_put_once_and_claimed_once_while_its_lease_lasts
            work_that_is_claimed_again_is_the_second_ones
            a_fence_never_comes_twice
            work_that_is_done_is_gone_and_can_be_put_again
            work_that_is_dropped_is_nobodys_any_more
            work_is_done_again_when_it_is_due_with_what_was_left
            a_lease_lasts_longer_for_who_is_still_at_it
            work_past_its_time_is_neither_claimed_nor_found
            at_most_so_much_work_is_claimed_the_longest_due_first
            work_is_listed_by_its_owner_and_counted_by_its_queue
        }
    };
    ($on:path: $($promise:ident)+) => {$(
        #[test]
        fn $promise() {
            $on($crate::conformance::$promise);
        }
    )+};
}
