//! The stable codes of what can go wrong, as programs and pages are told (RFC 9457).

use http::StatusCode;

macro_rules! codes {
    ($($variant:ident = $word:literal $status:ident $title:literal, $todo:literal;)+) => {
        /// A stable code. Codes are never renamed; new ones may come.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Code { $(#[doc = $title] $variant,)+ }

        impl Code {
            /// All of them, in the order of the reference.
            #[cfg(test)]
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word of the API.
            pub(crate) const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The status it is sent with.
            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)+ }
            }

            /// What it means, in a few words.
            pub(crate) const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }

            /// What the caller can do.
            #[cfg(test)]
            pub(crate) const fn todo(self) -> &'static str {
                match self { $(Self::$variant => $todo,)+ }
            }
        }
    };
}

codes! {
    KeyMissing = "idempotency_key_missing" BAD_REQUEST "the request needs an Idempotency-Key",
        "send the header with a value of your own, and the same value when you try again";
    BodyMalformed = "body_malformed" BAD_REQUEST "the framing of the body is malformed",
        "send the length that was promised, or chunks as RFC 9112 writes them";
    SignInRequired = "sign_in_required" UNAUTHORIZED "sign in first",
        "sign in with `POST /api/v1/sessions`; the session has ended or was never begun";
    SignInRefused = "sign_in_refused" UNAUTHORIZED "the name or the password is wrong",
        "ask the person again; which of the two is wrong is not told";
    SecondFactorRequired = "second_factor_required" UNAUTHORIZED "the code of the second factor is to follow",
        "send `login`, the `ticket` of this answer and the person's code to `POST /api/v1/sessions/second-factor`";
    SecondFactorRefused = "second_factor_refused" UNAUTHORIZED "the code of the second factor is wrong",
        "ask the person again; the ticket stays good for five minutes";
    SecondFactorSetUp = "second_factor_set_up" UNAUTHORIZED "a second factor has to be set up first",
        "let the person sign in on the pages, where it is set up";
    SecondFactorLate = "second_factor_late" UNAUTHORIZED "the ticket is none, or can no longer be used",
        "begin again with `POST /api/v1/sessions`";
    PasskeyRefused = "passkey_refused" UNAUTHORIZED "the passkey is not taken",
        "it is none of this service's, or was taken away; let the person sign in by password";
    PasskeyLate = "passkey_late" UNAUTHORIZED "the challenge is none, was answered before, or is too old",
        "get a new one with `GET /api/v1/sessions/passkey/challenge`";
    CrossOrigin = "cross_origin" FORBIDDEN "an act asked for from another site",
        "act from our own pages, or from a program that is no browser";
    ProofRequired = "proof_required" FORBIDDEN "a fresh proof is asked for",
        "send password, and code where there is a second factor, to `POST /api/v1/sessions/current/proof`; `detail` says where that is not enough yet";
    NotByToken = "not_by_token" FORBIDDEN "a token may not do this",
        "let the person do it, signed in by her password";
    NotFound = "not_found" NOT_FOUND "there is no such thing, or it is not yours",
        "ask `GET /api/v1/me` for the lines there are";
    MethodNotAllowed = "method_not_allowed" METHOD_NOT_ALLOWED "there is no such method here",
        "see the header `Allow`";
    BodyTimeout = "body_timeout" REQUEST_TIMEOUT "the body did not come in time",
        "send it whole";
    LineSuspended = "line_suspended" CONFLICT "the line is suspended",
        "nothing was changed; wait until the line is in use again";
    LineEnded = "line_ended" CONFLICT "the line is no longer held",
        "nothing was changed; see `GET /api/v1/me` for the lines still held";
    LineUpcoming = "line_upcoming" CONFLICT "the contract of the line has not begun",
        "nothing was changed; see `from` in `GET /api/v1/me`";
    TokensFull = "tokens_full" CONFLICT "there are as many tokens as may be",
        "end one with `DELETE /api/v1/tokens/{id}`";
    Pruned = "pruned" GONE "the journal no longer reaches back so far",
        "see `answerable_since` of `GET /api/v1/disclosures`";
    BodyTooLarge = "body_too_large" PAYLOAD_TOO_LARGE "the body is longer than allowed",
        "send only the fields of the reference";
    MediaType = "media_type" UNSUPPORTED_MEDIA_TYPE "the body is of another media type",
        "send `Content-Type: application/json`";
    Invalid = "invalid" UNPROCESSABLE_ENTITY "a field is missing or has a value that cannot be used",
        "see `detail`; nothing was changed";
    KeyReused = "idempotency_key_reused" UNPROCESSABLE_ENTITY "the Idempotency-Key was used for another request",
        "use a new value for a new wish";
    TooOften = "too_often" TOO_MANY_REQUESTS "you did this several times in a short while",
        "wait as long as `Retry-After` says";
    Waiting = "waiting" TOO_MANY_REQUESTS "others have come before you",
        "send the cookie of the answer back and ask again when `Retry-After` says; without it you lose your place";
    Internal = "internal" INTERNAL_SERVER_ERROR "a fault of ours",
        "tell the operator the value of `request`; trying again does no harm";
    Busy = "busy" SERVICE_UNAVAILABLE "too many at this moment",
        "wait as long as `Retry-After` says";
    DocumentsBusy = "documents_busy" SERVICE_UNAVAILABLE "too many documents are being made",
        "wait as long as `Retry-After` says; `detail` says how many are before you";
    ExportsBusy = "exports_busy" SERVICE_UNAVAILABLE "too many exports are being made or kept",
        "wait as long as `Retry-After` says; `detail` says how many are before you";
    ExportNotReady = "export_not_ready" CONFLICT "the export is not there yet, or was not made",
        "read its state; where `fault` says why it was not made, begin another";
    ExportExpired = "export_expired" GONE "the export has expired and was deleted",
        "begin another";
    DocumentTooLarge = "document_too_large" PAYLOAD_TOO_LARGE "the document would be longer than allowed",
        "read the same figures with the routes that give JSON";
    Deadline = "deadline" SERVICE_UNAVAILABLE "the answer took too long",
        "read whether it was done, then try again";
    Untold = "untold" BAD_REQUEST "the proxy before us does not say who asks",
        "wait; the operator has been told";
    Stopped = "stopped" SERVICE_UNAVAILABLE "personal pages are stopped for now",
        "wait; the operator has been told";
    Paused = "paused" SERVICE_UNAVAILABLE "this is switched off for now, so that the rest goes on",
        "wait as long as `Retry-After` says; what can be read can still be read";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    #[test]
    fn the_reference_lists_every_code() {
        let mut text = String::from(concat!(
            "# Codes of errors\n\n",
            "Every refusal of the API is an `application/problem+json` (RFC 9457) with a `code` out of this list. ",
            "The list is made from the source and compared by a test.\n\n",
            "| code | status | meaning | what to do |\n|---|---|---|---|\n",
        ));
        for code in Code::ALL {
            writeln!(
                text,
                "| `{}` | {} | {} | {} |",
                code.word(),
                code.status().as_u16(),
                code.title(),
                code.todo()
            )
            .unwrap();
        }
        crate::route::reference::compare("errors.md", &text);
    }

    #[test]
    fn no_two_codes_share_a_word() {
        for (place, code) in Code::ALL.iter().enumerate() {
            assert!(Code::ALL[place + 1..].iter().all(|other| other.word() != code.word()), "{code:?}");
        }
    }
}
