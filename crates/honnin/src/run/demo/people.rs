//! Whom to sign in as: three accounts that show what the product is for, chosen by rule from any ledger.

use std::collections::HashMap;
use std::path::PathBuf;

use honnin_intake::event::{Fact, HoldingFact};
use honnin_intake::fields::RowKind;
use honnin_intake::files::FilesError;
use honnin_intake::{Mapping, survey};
use honnin_terms::LineStatus;

/// The people of a ledger.
#[derive(Debug, Default)]
pub(super) struct People {
    /// Every account, in the order of the ledger.
    pub(super) accounts: Vec<String>,
    /// One line and nothing special about it.
    one_line: Option<String>,
    /// Most lines that share their data, and how many.
    family: Option<(String, usize)>,
    /// A number that somebody else had before.
    recycled: Option<String>,
}

impl People {
    /// Looks through the ledger.
    ///
    /// # Errors
    /// [`FilesError`] where a file cannot be read at all.
    pub(super) fn find(mapping: &Mapping, ledger: &[PathBuf]) -> Result<Self, FilesError> {
        let (mut accounts, mut holdings) = (Vec::new(), Vec::new());
        survey(mapping, ledger, &[RowKind::Account, RowKind::Holding], &mut |fact| match fact {
            Fact::Account(account) => accounts.push(account.account),
            Fact::Holding(holding) => holdings.push(*holding),
            Fact::Bucket(_)
            | Fact::Usage(_)
            | Fact::Purchase(_)
            | Fact::Bill(_)
            | Fact::BillLine(_)
            | Fact::Notice(_)
            | Fact::Lost(_) => {}
        })?;
        // A ledger may say an account again, with a later state of it.
        let mut seen = std::collections::HashSet::new();
        accounts.retain(|account| seen.insert(account.clone()));
        Ok(Self::choose(accounts, &holdings))
    }

    fn choose(accounts: Vec<String>, holdings: &[HoldingFact]) -> Self {
        let mut of_account: HashMap<&str, Vec<&HoldingFact>> = HashMap::new();
        let mut of_number: HashMap<&str, Vec<&HoldingFact>> = HashMap::new();
        for holding in holdings {
            of_account.entry(&holding.account).or_default().push(holding);
            of_number.entry(holding.number.digits()).or_default().push(holding);
        }
        let had_before = |holding: &HoldingFact| {
            of_number.get(holding.number.digits()).is_some_and(|all| {
                all.iter()
                    .any(|other| other.account != holding.account && other.held.from < holding.held.from)
            })
        };
        let held = |account: &str| of_account.get(account).map(Vec::as_slice).unwrap_or_default();
        let one_line = accounts.iter().find(|account| match held(account) {
            [only] => only.status == LineStatus::Active && only.share_group.is_none() && !had_before(only),
            _ => false,
        });
        let recycled = accounts.iter().find(|account| {
            held(account).iter().any(|holding| holding.status == LineStatus::Active && had_before(holding))
        });
        let sharing = |account: &str| {
            let mut groups: HashMap<&str, usize> = HashMap::new();
            for holding in held(account).iter().filter(|holding| holding.status == LineStatus::Active) {
                if let Some(group) = &holding.share_group {
                    *groups.entry(group).or_default() += 1;
                }
            }
            groups.into_values().max().filter(|lines| *lines > 1)
        };
        let mut family: Option<(&String, usize)> = None;
        for account in &accounts {
            if let Some(lines) = sharing(account).filter(|lines| family.is_none_or(|(_, most)| *lines > most))
            {
                family = Some((account, lines));
            }
        }
        let (one_line, recycled) = (one_line.cloned(), recycled.cloned());
        let family = family.map(|(account, lines)| (account.clone(), lines));
        Self { accounts, one_line, family, recycled }
    }

    /// Sign-in names and what is to be seen there.
    pub(super) fn shown(&self) -> Vec<(&str, String)> {
        let one_line = self.one_line.as_deref().map(|login| (login, "one line".to_owned()));
        let family = self.family.as_ref();
        let family = family
            .map(|(login, lines)| (login.as_str(), format!("a family: {lines} lines share their data")));
        let recycled = self
            .recycled
            .as_deref()
            .map(|login| (login, "a number that somebody else had before".to_owned()));
        [one_line, family, recycled].into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use honnin_testkit::TestDir;

    use super::super::ledger::{MAPPING, mapping_name, write_sample};
    use super::*;

    #[test]
    fn the_sample_has_one_of_each() {
        let dir = TestDir::new();
        let ledger = write_sample(dir.join("ledger")).unwrap();
        let people = People::find(&Mapping::parse(MAPPING, mapping_name()).unwrap(), &[ledger]).unwrap();
        assert_eq!(people.accounts.len(), 8);
        let logins: Vec<&str> = people.shown().into_iter().map(|(login, _)| login).collect();
        assert_eq!(logins, ["mio10482913", "mio30617284", "mio58830247"]);
        assert_eq!(people.family.map(|(_, lines)| lines), Some(4));
    }
}
