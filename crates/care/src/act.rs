//! What can be disclosed and by which way: the codes the journal keeps.

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident: $number:ty { $($(#[$vdoc:meta])* $variant:ident = $code:literal $word:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code in the journal. Never given another meaning.
            pub const fn code(self) -> $number {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The word in answers, pages and reports.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The kind of a code found in the journal.
            pub fn from_code(code: $number) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }
    )+};
}

codes! {
    /// What is disclosed.
    What: u16 {
        /// Name and lines.
        Me = 1 "me",
        /// Home of a line: balance, expiry, speed, usage, bill.
        Home = 2 "home",
        /// Buckets.
        Buckets = 3 "buckets",
        /// Usage by day.
        Usage = 4 "usage",
        /// Purchases.
        Purchases = 5 "purchases",
        /// Contract.
        Contract = 6 "contract",
        /// High speed: wish and state.
        Speed = 7 "speed",
        /// List of bills.
        Bills = 8 "bills",
        /// One bill.
        Bill = 9 "bill",
        /// Devices and sessions.
        Devices = 10 "devices",
        /// Who has seen my data.
        Disclosures = 11 "disclosures",
        /// One bill as a sheet.
        BillPdf = 12 "bill_pdf",
        /// One bill as rows.
        BillCsv = 13 "bill_csv",
        /// Everything held of the account.
        Export = 14 "export",
        /// The lines of the account with what each has used this month.
        Board = 15 "board",
        /// The code of a consent to a merge of accounts.
        MergeConsent = 20 "merge_consent",
        /// Lines of one account became another's, or went back.
        Merge = 21 "merge",
        /// What there is for a second factor.
        Factor = 22 "second_factor",
        /// Her passkeys, and what a browser makes one more by.
        Passkeys = 23 "passkeys",
    }

    /// By which way.
    Channel: u8 {
        /// A page.
        Page = 1 "page",
        /// The JSON API.
        Api = 2 "api",
        /// The operator's command line.
        Operator = 9 "operator",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_for_one_thing() {
        for what in What::ALL {
            assert_eq!(What::from_code(what.code()), Some(*what));
        }
        for channel in Channel::ALL {
            assert_eq!(Channel::from_code(channel.code()), Some(*channel));
        }
    }
}
