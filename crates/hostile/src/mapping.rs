//! Mapping files: what an operator's own hand writes, and may get wrong in every way.

use std::path::Path;

use honnin_intake::Mapping;
use honnin_intake::rows::Rows;
use honnin_intake::translate::Translator;

use crate::{Failure, Target, hold};

/// Any text as a mapping; one that is taken must read rows, whatever stands in them.
#[derive(Debug)]
pub struct MappingFile;

/// Rows as they may stand in any file: some of figures and days, one of nothing, one that is no text.
const ROWS: &[u8] = b"1,2026/11/20,070-0000-0001,12.5 GB,-1\r\n,,,,\r\n\"\x81\",\x81,\t\t\n";

impl Target for MappingFile {
    const NAME: &'static str = "mapping";

    fn open() -> Result<Self, Failure> {
        Ok(Self)
    }

    fn play(&mut self, octets: &[u8]) -> Result<(), String> {
        let Ok(text) = std::str::from_utf8(octets) else { return Ok(()) };
        let mapping = match Mapping::parse(text, Path::new("mapping.toml")) {
            Ok(mapping) => mapping,
            Err(error) => {
                let told = error.to_string();
                return hold(!told.is_empty(), || "a mapping was refused without a reason".to_owned());
            }
        };
        // Which names fit may be none, one or several; each is an answer.
        drop(mapping.plan_for("利用量_202611.csv"));
        for plan in &mapping.files {
            let headings: Vec<String> = plan.headings_named().map(str::to_owned).collect();
            let Ok(translator) = Translator::bind(&mapping, plan, &headings) else { continue };
            let mut rows = Rows::new(ROWS, plan.row_shape());
            while let Some(row) = rows.next_row().map_err(|error| error.to_string())? {
                drop(row.cells.and_then(|cells| translator.translate(cells)));
            }
        }
        Ok(())
    }
}
