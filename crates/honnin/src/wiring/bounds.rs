//! From the settings to the bounds of each room. A test holds their defaults together.

use honnin_access::{
    DelayBounds, FactorPolicy, PasskeySite, PasswordRules, PoolBounds, ProofRules, SessionLimits,
};
use honnin_front::PublicUrl;
use honnin_seal::HashCost;

use crate::settings::{
    Canary, Documents, Exports, Journal, Network, SecondFactor, Server, Sessions, SignIn, Size, Span, Tenant,
    WaitingRoom,
};

fn octets_32(size: Size) -> u32 {
    u32::try_from(size.0).unwrap_or(u32::MAX)
}

fn millis(span: Span) -> u64 {
    u64::try_from(span.duration().as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn millis_32(span: Span) -> u32 {
    u32::try_from(millis(span)).unwrap_or(u32::MAX)
}

fn signed_millis(span: Span) -> i64 {
    i64::try_from(millis(span)).unwrap_or(i64::MAX)
}

/// Bounds of connections and requests.
pub(super) fn server(settings: &Server) -> honnin_front::Bounds {
    honnin_front::Bounds {
        connections: settings.connections,
        connections_per_address: settings.connections_per_address,
        backlog: settings.backlog,
        handshake: settings.handshake.duration(),
        header: settings.header.duration(),
        body: settings.body.duration(),
        request: settings.request.duration(),
        sign_in: settings.sign_in.duration(),
        write: settings.write.duration(),
        connection_age: settings.connection_age.duration(),
        header_octets: settings.header_size.octets(),
        header_fields: settings.header_fields,
        body_octets: settings.body_size.octets(),
        streams: settings.streams,
        ping_after: settings.ping_after.duration(),
        ping_answer: settings.ping_answer.duration(),
        drain_notice: settings.drain_notice.duration(),
        drain: settings.drain.duration(),
        turns: honnin_front::TurnBounds {
            limit: honnin_front::LimitBounds {
                most: settings.in_work,
                ..honnin_front::LimitBounds::default()
            },
            calm: settings.calm.duration(),
            patience: settings.patience.duration(),
            waiting: settings.waiting,
            turns_for_a_newcomer: settings.requests_per_newcomer,
            ..honnin_front::TurnBounds::default()
        },
        compress_from: settings.compress_from.octets(),
    }
}

/// Bounds of the waiting room.
pub(crate) fn room(settings: &WaitingRoom) -> honnin_overload::RoomBounds {
    honnin_overload::RoomBounds {
        opens: settings.opens.duration(),
        crowd: settings.crowd,
        holds: settings.holds.duration(),
        closes: settings.closes.duration(),
        first: settings.first,
        keeps: settings.keeps.duration(),
        asks: (settings.asks_least.duration(), settings.asks_most.duration()),
        tries: settings.tries,
        under_way: settings.under_way,
    }
}

/// Bounds of documents.
pub(super) const fn documents(settings: &Documents) -> honnin_web::route::DeskBounds {
    honnin_web::route::DeskBounds { at_once: settings.at_once, waiting: settings.waiting }
}

/// Bounds of exports.
pub(super) fn exports(settings: &Exports) -> honnin_care::ExportBounds {
    honnin_care::ExportBounds {
        most_octets: settings.most.0,
        space_octets: settings.space.0,
        keep_seconds: settings.keep.whole_seconds(),
        deadline_seconds: settings.deadline.whole_seconds(),
        most_under_way: settings.waiting.saturating_add(settings.at_once),
        // A quarter each: four sources are needed to fill them.
        most_of_source: settings.waiting.saturating_add(settings.at_once).div_ceil(4),
    }
}

/// Limits of sessions.
pub(super) fn sessions(settings: &Sessions) -> SessionLimits {
    SessionLimits {
        idle_seconds: settings.idle.whole_seconds(),
        absolute_seconds: settings.absolute.whole_seconds(),
        most_per_account: settings.most_per_account,
        touch_seconds: settings.touch.whole_seconds(),
    }
}

/// Rules of new passwords, but for the list of leaked ones, which is a file.
pub(super) fn passwords(settings: &SignIn, tenant: &Tenant) -> PasswordRules {
    let host = tenant.public_url.trim_start_matches("https://");
    let names = tenant.name.split_whitespace().chain(host.split(['.', ':', '/']));
    let context = names.map(str::to_owned).chain([tenant.name.clone()]).collect();
    PasswordRules { fewest: settings.password_fewest, most: settings.password_most, context, leaked: None }
}

/// Bounds of the password hashers.
pub(super) fn hashers(settings: &SignIn) -> PoolBounds {
    let cost = HashCost {
        memory_kib: octets_32(Size(settings.hash_memory.0 / 1024)),
        passes: settings.hash_passes,
        lanes: settings.hash_lanes,
    };
    PoolBounds { threads: settings.hash_threads, queue: settings.hash_queue, cost }
}

/// When a proof is asked for anew.
pub(super) fn proofs(settings: &SignIn) -> ProofRules {
    ProofRules {
        fresh_seconds: settings.proof.whole_seconds(),
        settle_seconds: settings.new_device_wait.whole_seconds(),
    }
}

/// Whether subscribers have a second factor.
pub(super) const fn factors(settings: &SignIn) -> FactorPolicy {
    match settings.second_factor {
        SecondFactor::Off => FactorPolicy::Off,
        SecondFactor::Offered => FactorPolicy::Offered,
        SecondFactor::Required => FactorPolicy::Required,
    }
}

/// Where passkeys are good: at the public address and nowhere else.
pub(crate) fn passkeys(settings: &SignIn, tenant: &Tenant) -> Option<PasskeySite> {
    let public = settings.passkeys.then(|| tenant.public_url.parse::<PublicUrl>().ok()).flatten()?;
    PasskeySite::of_origin(public.origin())
}

/// Bounds of guessing.
pub(crate) fn delays(settings: &SignIn) -> DelayBounds {
    DelayBounds {
        free: settings.delay_free,
        longest_seconds: settings.delay_longest.whole_seconds(),
        places: settings.delay_places,
        forget_seconds: settings.delay_forget.whole_seconds(),
        most: settings.delay_most,
        first_a_day: settings.guesses_first,
        at_once: settings.guesses_at_once,
        a_day: settings.guesses_a_day,
        codes_a_day: settings.second_factor_guesses,
        answer_millis: millis(settings.answer),
    }
}

/// Bounds of the journal.
pub(crate) fn journal(settings: &Journal) -> honnin_journal::Bounds {
    honnin_journal::Bounds {
        segment_octets: settings.segment.0,
        most_segments: settings.segments,
        most_waiting_octets: settings.waiting.octets(),
        retention_days: settings.retention_days,
        anchor_millis: honnin_journal::Bounds::default().anchor_millis,
        longest_unanchored_millis: honnin_journal::Bounds::default().longest_unanchored_millis,
    }
}

/// How often the canaries look.
pub(super) fn watch(settings: &Canary) -> honnin_node::WatchBounds {
    honnin_node::WatchBounds {
        every: settings.every.duration(),
        again: settings.again.duration(),
        patience_seconds: settings.patience.whole_seconds(),
        passes: settings.passes,
    }
}

/// How often upkeep is done, and how long something is kept.
pub(super) fn upkeep(settings: &crate::settings::Settings) -> honnin_node::UpkeepBounds {
    honnin_node::UpkeepBounds {
        every_seconds: settings.store.sweep.whole_seconds(),
        idle_seconds: settings.sessions.idle.whole_seconds(),
        remember_seconds: settings.intake.remember.whole_seconds(),
        epoch_seconds: settings.journal.epoch.whole_seconds(),
        retention_seconds: i64::from(settings.journal.retention_days).saturating_mul(86_400),
    }
}

/// Bounds of the reconciler.
pub(super) fn network(settings: &Network) -> honnin_network::Bounds {
    honnin_network::Bounds {
        lease_seconds: settings.lease.whole_seconds(),
        batch: settings.batch,
        at_once: settings.at_once,
        calls_a_second: settings.calls_a_second,
        burst: settings.burst,
        answer_millis: millis(settings.answer),
        poll_millis: millis(settings.poll),
        first_wait_millis: signed_millis(settings.first_wait),
        longest_wait_millis: signed_millis(settings.longest_wait),
        unknown_after_seconds: settings.unknown_after.whole_seconds(),
        longest_unknown_wait_millis: signed_millis(settings.longest_unknown_wait),
        breaker_after: settings.breaker_after,
        breaker_millis: signed_millis(settings.breaker),
        park_seconds: settings.park.whole_seconds(),
        stop_millis: millis(settings.stop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;
    use crate::wiring::engine;

    #[test]
    fn the_settings_file_names_the_defaults_of_the_rooms() {
        let settings = Settings::default();
        assert_eq!(server(&settings.server), honnin_front::Bounds::default());
        assert_eq!(room(&settings.waiting_room), honnin_overload::RoomBounds::default());
        assert_eq!(documents(&settings.documents), honnin_web::route::DeskBounds::default());
        assert_eq!(exports(&settings.exports), honnin_care::ExportBounds::default());
        assert_eq!(sessions(&settings.sessions), SessionLimits::default());
        let (rules, by_default) = (passwords(&settings.sign_in, &settings.tenant), PasswordRules::default());
        assert_eq!((rules.fewest, rules.most), (by_default.fewest, by_default.most));
        assert_eq!(hashers(&settings.sign_in), PoolBounds::default());
        assert_eq!(delays(&settings.sign_in), DelayBounds::default());
        assert_eq!(factors(&settings.sign_in), FactorPolicy::default());
        assert_eq!(proofs(&settings.sign_in), ProofRules::default());
        assert_eq!(engine::bounds(&settings.store), engine::Bounds::default());
        assert_eq!(engine::server_bounds(&settings.store), engine::ServerBounds::default());
        assert_eq!(engine::cache_bounds(&settings.store), engine::CacheBounds::default());
        assert_eq!(journal(&settings.journal), honnin_journal::Bounds::default());
        assert_eq!(watch(&settings.canary), honnin_node::WatchBounds::default());
        assert_eq!(network(&settings.network), honnin_network::Bounds::default());
        assert_eq!(settings.intake.partition.0, honnin_intake::PARTITION_OCTETS);
    }
}
