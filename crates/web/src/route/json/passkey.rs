//! The body about passkeys.

use honnin_terms::{Moment, Zone};
use schemars::JsonSchema;
use serde::Serialize;

use super::{At, write};

/// What a passkey is to sign.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PasskeyChallenge")]
pub(in crate::route) struct ChallengeBody<'a> {
    /// The challenge, in base64url.
    #[schemars(length(max = 256), example = &"kZ0m3V0c9l6Jq0o8m2y1x7w5v3u1t9s8r6q4p2o0n8M")]
    challenge: &'a str,
    /// The host whose passkeys are asked for.
    #[schemars(length(max = 256), example = &"my.example.jp")]
    rp_id: &'a str,
    /// Until when it can be answered.
    expires_at: At<'a>,
}

pub(in crate::route) fn challenge(challenge: &str, rp_id: &str, until: Moment, zone: &Zone) -> Vec<u8> {
    write(&ChallengeBody { challenge, rp_id, expires_at: At(until, zone) }, 256)
}
