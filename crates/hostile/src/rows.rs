//! Ledger rows: files that were cut off, altered, or come from another system than the mapping was written for.

use std::path::Path;

use honnin_intake::rows::Rows;
use honnin_intake::translate::Translator;
use honnin_intake::{FilePlan, Mapping};

use crate::{Failure, Target, hold};

const LAYOUTS: [(&str, &str); 2] = [
    ("ledger-a", include_str!("../../../examples/ledger-a/mapping.toml")),
    ("ledger-b", include_str!("../../../examples/ledger-b/mapping.toml")),
];

/// Rows of every kind in both layouts: CSV in CP932, TSV in UTF-8.
///
/// The first octet chooses the kind of file among those of both mappings; the rest stands below its headings.
#[derive(Debug)]
pub struct LedgerRows {
    mappings: Vec<Mapping>,
}

impl LedgerRows {
    fn chosen(&self, octet: u8) -> Option<(&Mapping, &FilePlan)> {
        let all: Vec<_> = self
            .mappings
            .iter()
            .flat_map(|mapping| mapping.files.iter().map(move |plan| (mapping, plan)))
            .collect();
        all.get(usize::from(octet) % all.len().max(1)).copied()
    }
}

impl Target for LedgerRows {
    const NAME: &'static str = "rows";

    fn open() -> Result<Self, Failure> {
        let read = |(name, text): (&str, &str)| Mapping::parse(text, Path::new(name));
        Ok(Self { mappings: LAYOUTS.into_iter().map(read).collect::<Result<_, _>>()? })
    }

    fn play(&mut self, octets: &[u8]) -> Result<(), String> {
        let Some(((mapping, plan), rest)) =
            octets.split_first().and_then(|(first, rest)| Some((self.chosen(*first)?, rest)))
        else {
            return Ok(());
        };
        let headings: Vec<String> = plan.headings_named().map(str::to_owned).collect();
        let translator = Translator::bind(mapping, plan, &headings)
            .map_err(|problems| format!("the shipped mapping does not fit its own headings: {problems:?}"))?;
        let (mut rows, mut last) = (Rows::new(rest, plan.row_shape()), 0);
        while let Some(row) = rows.next_row().map_err(|error| error.to_string())? {
            hold(row.line > last, || format!("line {} comes after line {last}", row.line))?;
            hold(row.raw.len() <= rest.len(), || format!("line {} grew to more than the file", row.line))?;
            last = row.line;
            if let Ok(cells) = row.cells {
                let width = cells.iter().count();
                hold(width == cells.len(), || format!("line {last} has {width} of {} cells", cells.len()))?;
                let wrong = translator.translate(cells).err();
                let told = wrong.is_none_or(|fault| !fault.to_string().is_empty());
                hold(told, || format!("line {last} is refused without a reason"))?;
            }
        }
        let lines = rest.split(|octet| *octet == b'\n').count();
        hold(usize::try_from(last).is_ok_and(|last| last <= lines), || format!("{last} lines out of {lines}"))
    }
}
