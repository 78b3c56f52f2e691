//! Where things stand: from blocks to lines of glyphs on pages of A4, and the tree that tells a screen reader what
//! they are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::Picture;
use crate::sheet::{Block, PrintError, Sheet, Table};
use crate::typeface::{GETA, Press, Run};

/// A4 in points.
pub(crate) const WIDE: f32 = 595.28;
pub(crate) const HIGH: f32 = 841.89;
pub(crate) const LEFT: f32 = 62.0;
const RIGHT: f32 = WIDE - LEFT;
const TOP: f32 = HIGH - 64.0;
const BOTTOM: f32 = 76.0;
/// Where the number of the page stands.
const FOOT: f32 = 44.0;
/// The left edge of values beside their names.
const VALUES: f32 = LEFT + 150.0;
/// How much of the width of a table its items may take.
const ITEMS: f32 = (RIGHT - LEFT) * 0.7;

/// Most pages of a sheet. A bill of a thousand items has thirty.
const MOST_PAGES: usize = 200;

const TITLE: f32 = 18.0;
const HEADING: f32 = 12.5;
const NAME: f32 = 14.0;
const TEXT: f32 = 11.0;
const REMARK: f32 = 9.0;
const FIGURE: f32 = 26.0;
/// How far a name in its own colour stands from the left edge.
const BAR: f32 = 12.0;
/// The side of the picture beside a name.
pub(crate) const PICTURE: f32 = 28.0;

/// What an element of the tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Title,
    Heading,
    Paragraph,
    Table,
    Row,
    /// A heading of a column.
    Column,
    /// A heading of a row.
    Item,
    Value,
}

/// An element of the tree.
#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) role: Role,
    /// Its place among the elements; `None` for those right below the document.
    pub(crate) parent: Option<usize>,
    pub(crate) language: Option<&'static str>,
    pub(crate) kids: Vec<Kid>,
}

/// What an element holds: elements, or lines of a page by their number on it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kid {
    Element(usize),
    Line { page: usize, number: usize },
}

/// A line of glyphs at its place.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) left: f32,
    pub(crate) base: f32,
    pub(crate) size: f32,
    pub(crate) run: Run,
    /// Its colour, where it is not black.
    pub(crate) colour: Option<[u8; 3]>,
    /// What it is part of; `None` for what is not read out, such as the number of the page.
    pub(crate) element: Option<usize>,
}

/// One page.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) lines: Vec<Line>,
    /// Thin lines across, by height.
    pub(crate) rules: Vec<f32>,
    /// Upright bars at the left edge of a name in its own colour, by height.
    pub(crate) bars: Vec<(f32, [u8; 3])>,
    /// The picture at the left edge of a name, and its height.
    pub(crate) picture: Option<(f32, Arc<Picture>)>,
}

/// A sheet with everything at its place.
#[derive(Debug, Default)]
pub(crate) struct Composed {
    pub(crate) pages: Vec<Page>,
    pub(crate) elements: Vec<Element>,
}

/// Puts a sheet together.
pub(crate) fn compose(press: &Press, sheet: &Sheet) -> Result<Composed, PrintError> {
    let mut composer = Composer {
        press,
        done: Composed { pages: vec![Page::default()], elements: Vec::new() },
        at: TOP,
        missing: BTreeSet::new(),
        glyphs: BTreeMap::new(),
    };
    for block in &sheet.blocks {
        composer.block(block)?;
    }
    if !composer.missing.is_empty() {
        let named: Vec<String> =
            composer.missing.iter().map(|letter| format!("U+{:04X}", u32::from(*letter))).collect();
        composer.space(14.0);
        composer.paragraph(&format!("{GETA}: {} {}", sheet.without_glyph, named.join(", ")), REMARK)?;
    }
    composer.number_pages();
    Ok(composer.done)
}

struct Composer<'a> {
    press: &'a Press,
    done: Composed,
    /// The height of the last line on the page.
    at: f32,
    missing: BTreeSet<char>,
    /// Which character each glyph has stood for: a glyph that stands for two cannot be told from itself.
    glyphs: BTreeMap<u16, char>,
}

impl Composer<'_> {
    fn block(&mut self, block: &Block) -> Result<(), PrintError> {
        match block {
            Block::Mark(name, colour, picture) => self.mark(name, *colour, picture.as_ref()),
            Block::Title(text) => self.spaced(Role::Title, text, TITLE, (0.0, 10.0)),
            Block::Heading(text) => {
                // A heading is not left alone at the end of a page.
                self.room(80.0)?;
                self.spaced(Role::Heading, text, HEADING, (20.0, 4.0))
            }
            Block::Name(text) => self.spaced(Role::Paragraph, text, NAME, (8.0, 6.0)),
            Block::Text(text) => self.spaced(Role::Paragraph, text, TEXT, (6.0, 4.0)),
            Block::Remark(text) => self.spaced(Role::Paragraph, text, REMARK, (6.0, 2.0)),
            Block::Figure(label, value) => {
                self.spaced(Role::Paragraph, label, TEXT, (16.0, 2.0))?;
                self.spaced(Role::Paragraph, value, FIGURE, (2.0, 8.0))
            }
            Block::Pairs(pairs) => self.pairs(pairs),
            Block::Table(table) => self.table(table),
        }
    }

    fn spaced(
        &mut self,
        role: Role,
        text: &str,
        size: f32,
        (above, below): (f32, f32),
    ) -> Result<(), PrintError> {
        self.space(above);
        let element = self.element(role, None, None);
        self.lines(text, (LEFT, RIGHT), size, Some(element))?;
        self.space(below);
        Ok(())
    }

    /// A name in its own colour beside the picture, or a bar of that colour. Who is read to hears the name.
    fn mark(
        &mut self,
        name: &str,
        colour: [u8; 3],
        picture: Option<&Arc<Picture>>,
    ) -> Result<(), PrintError> {
        let element = self.element(Role::Paragraph, None, None);
        let beside = if picture.is_some() { PICTURE + 8.0 } else { BAR };
        for (place, run) in self.fold(name, RIGHT - LEFT - beside, NAME).into_iter().enumerate() {
            self.feed(NAME)?;
            if let Some(page) = self.done.pages.last_mut() {
                match picture {
                    Some(_) if place > 0 => {}
                    Some(picture) => page.picture = Some((self.at, Arc::clone(picture))),
                    None => page.bars.push((self.at, colour)),
                }
            }
            self.put(LEFT + beside, NAME, run, Some(element));
            if let Some(line) = self.done.pages.last_mut().and_then(|page| page.lines.last_mut()) {
                line.colour = Some(colour);
            }
        }
        self.space(10.0);
        Ok(())
    }

    fn paragraph(&mut self, text: &str, size: f32) -> Result<(), PrintError> {
        let element = self.element(Role::Paragraph, None, None);
        self.lines(text, (LEFT, RIGHT), size, Some(element))
    }

    fn pairs(&mut self, pairs: &[(String, String)]) -> Result<(), PrintError> {
        let table = self.element(Role::Table, None, None);
        for (name, value) in pairs {
            self.space(5.0);
            self.room(TEXT * 2.0)?;
            let row = self.element(Role::Row, Some(table), None);
            let (item, told) =
                (self.element(Role::Item, Some(row), None), self.element(Role::Value, Some(row), None));
            self.beside(&[(name, (LEFT, VALUES - 8.0), item), (value, (VALUES, RIGHT), told)])?;
        }
        self.space(6.0);
        Ok(())
    }

    /// Cells beside each other, each within its own columns, their first lines at one height.
    fn beside(&mut self, cells: &[(&str, (f32, f32), usize)]) -> Result<(), PrintError> {
        let folded: Vec<Vec<Run>> =
            cells.iter().map(|(text, (from, to), _)| self.fold(text, *to - *from, TEXT)).collect();
        let most = folded.iter().map(Vec::len).max().unwrap_or(0);
        for step in 0..most {
            self.feed(TEXT)?;
            for ((_, (from, _), element), runs) in cells.iter().zip(&folded) {
                if let Some(run) = runs.get(step) {
                    self.put(*from, TEXT, run.clone(), Some(*element));
                }
            }
        }
        Ok(())
    }

    fn table(&mut self, table: &Table) -> Result<(), PrintError> {
        let tree = self.element(Role::Table, None, None);
        let row = self.element(Role::Row, Some(tree), None);
        let heads =
            (self.element(Role::Column, Some(row), None), self.element(Role::Column, Some(row), None));
        self.head(table, Some(heads))?;
        for (item, amount) in &table.rows {
            if self.at - 3.0 * TEXT < BOTTOM {
                self.turn()?;
                // Said again for who reads the paper, not for who has it read out.
                self.head(table, None)?;
            }
            self.row(tree, table.language, (item, amount))?;
        }
        if let Some((item, amount)) = &table.sum {
            self.rule(7.0);
            self.row(tree, None, (item, amount))?;
        }
        self.rule(7.0);
        self.space(8.0);
        Ok(())
    }

    fn head(&mut self, table: &Table, elements: Option<(usize, usize)>) -> Result<(), PrintError> {
        self.space(4.0);
        self.feed(REMARK)?;
        let (item, amount) = (self.run(&table.head.0), self.run(&table.head.1));
        self.put(LEFT, REMARK, item, elements.map(|(item, _)| item));
        self.put(RIGHT - amount.width() * REMARK, REMARK, amount, elements.map(|(_, amount)| amount));
        self.rule(5.0);
        Ok(())
    }

    fn row(
        &mut self,
        tree: usize,
        language: Option<&'static str>,
        (item, amount): (&str, &str),
    ) -> Result<(), PrintError> {
        self.space(6.0);
        self.room(TEXT * 2.0)?;
        let row = self.element(Role::Row, Some(tree), None);
        let (name, value) =
            (self.element(Role::Item, Some(row), language), self.element(Role::Value, Some(row), None));
        let amount = self.run(amount);
        for (step, run) in self.fold(item, ITEMS, TEXT).into_iter().enumerate() {
            self.feed(TEXT)?;
            self.put(LEFT, TEXT, run, Some(name));
            if step == 0 {
                self.put(RIGHT - amount.width() * TEXT, TEXT, amount.clone(), Some(value));
            }
        }
        Ok(())
    }

    fn lines(
        &mut self,
        text: &str,
        (from, to): (f32, f32),
        size: f32,
        element: Option<usize>,
    ) -> Result<(), PrintError> {
        for run in self.fold(text, to - from, size) {
            self.feed(size)?;
            self.put(from, size, run, element);
        }
        Ok(())
    }

    /// A line of glyphs on this page at this height.
    fn put(&mut self, left: f32, size: f32, run: Run, element: Option<usize>) {
        let (number, base) = (self.done.pages.len().saturating_sub(1), self.at);
        let Some(page) = self.done.pages.last_mut() else { return };
        let kid = Kid::Line { page: number, number: page.lines.len() };
        page.lines.push(Line { left, base, size, run, colour: None, element });
        if let Some(element) = element.and_then(|element| self.done.elements.get_mut(element)) {
            element.kids.push(kid);
        }
    }

    fn element(&mut self, role: Role, parent: Option<usize>, language: Option<&'static str>) -> usize {
        let number = self.done.elements.len();
        self.done.elements.push(Element { role, parent, language, kids: Vec::new() });
        if let Some(parent) = parent.and_then(|parent| self.done.elements.get_mut(parent)) {
            parent.kids.push(Kid::Element(number));
        }
        number
    }

    fn run(&mut self, text: &str) -> Run {
        let missing = &mut self.missing;
        let mut run = self.press.set(text, |character| {
            missing.insert(character);
        });
        for set in &run.sets {
            let Some(glyph) = set.glyph else { continue };
            let said = *self.glyphs.entry(glyph.0).or_insert(set.character);
            run.told_apart |= said != set.character;
        }
        run
    }

    /// Text in lines no wider than that.
    fn fold(&mut self, text: &str, width: f32, size: f32) -> Vec<Run> {
        let run = self.run(text);
        let most = width / size;
        let mut lines = Vec::new();
        let mut line = Run { sets: Vec::new(), told_apart: run.told_apart };
        let mut wide = 0.0;
        for set in run.sets {
            if wide + set.advance > most && !line.sets.is_empty() && set.character != ' ' {
                let from = breaks_at(&line, set.character);
                let rest = line.sets.split_off(from);
                wide = rest.iter().map(|set| set.advance).sum();
                let next = Run { sets: rest, told_apart: line.told_apart };
                lines.push(std::mem::replace(&mut line, next));
            }
            wide += set.advance;
            line.sets.push(set);
        }
        if !line.sets.is_empty() {
            lines.push(line);
        }
        lines
    }

    const fn space(&mut self, points: f32) {
        self.at -= points;
    }

    /// Goes down by one line of that size, to the next page where this one is full.
    fn feed(&mut self, size: f32) -> Result<(), PrintError> {
        self.room(size * 1.5)?;
        self.at -= size * 1.5;
        Ok(())
    }

    fn room(&mut self, points: f32) -> Result<(), PrintError> {
        if self.at - points < BOTTOM { self.turn() } else { Ok(()) }
    }

    fn turn(&mut self) -> Result<(), PrintError> {
        if self.done.pages.len() >= MOST_PAGES {
            return Err(PrintError::TooLong(MOST_PAGES));
        }
        self.done.pages.push(Page::default());
        self.at = TOP;
        Ok(())
    }

    fn rule(&mut self, below: f32) {
        self.at -= below;
        if let Some(page) = self.done.pages.last_mut() {
            page.rules.push(self.at);
        }
    }

    fn number_pages(&mut self) {
        let count = self.done.pages.len();
        let numbers: Vec<Run> = (1..=count).map(|number| self.run(&format!("{number} / {count}"))).collect();
        for (page, run) in self.done.pages.iter_mut().zip(numbers) {
            let left = (WIDE - run.width() * REMARK) / 2.0;
            page.lines.push(Line { left, base: FOOT, size: REMARK, run, colour: None, element: None });
        }
    }
}

/// Where a full line is cut before `next`: between words, and not before a mark that ends something. A word that is
/// wider than a line is cut where the line ends.
fn breaks_at(line: &Run, next: char) -> usize {
    let mut after = next;
    for (place, set) in line.sets.iter().enumerate().rev() {
        let between = set.character == ' ' || !(in_word(set.character) && in_word(after));
        if between && !ends_something(after) && after != ' ' {
            return place + 1;
        }
        after = set.character;
    }
    line.sets.len()
}

const fn in_word(character: char) -> bool {
    character.is_ascii_graphic()
}

fn ends_something(character: char) -> bool {
    "、。，．・）」』】〉》〕］｝ー々？！：；,.)]}?!:;%円".contains(character)
}

#[cfg(test)]
#[path = "layout_tests.rs"]
mod tests;
