//! Long lists in parts, by one convention: `cursor` and `limit` in the query, `next` in the body and a `Link`.

use std::fmt::Display;
use std::str::FromStr;

use http::header::{HeaderValue, LINK};

use super::answer::{Answer, Field, Refusal};
use super::app::Ask;
use super::code::Code;

/// Most items of one page, in every list: some are read from the journal one by one.
pub(super) const MOST: usize = 200;

/// The part of a list that was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<T> {
    /// The last item of the page before.
    pub(super) cursor: Option<T>,
    /// At most so many items; all of them where not said.
    pub(super) limit: Option<usize>,
}

impl Ask {
    /// The part of a list that was asked for.
    ///
    /// # Errors
    /// [`Code::Invalid`].
    pub(super) fn part<T: FromStr>(&self) -> Result<Part<T>, Refusal> {
        let limit = self.query_as::<usize>("limit")?;
        if limit.is_some_and(|limit| limit == 0 || limit > MOST) {
            return Err(Refusal::field(Field::Query("limit"), "a whole number from 1 to 200"));
        }
        Ok(Part { cursor: self.query_as("cursor")?, limit })
    }
}

impl<T: Copy + PartialEq> Part<T> {
    /// The items of this page, and where the next begins. An item that is not hers is answered as one that is not
    /// there, here as in a path.
    pub(super) fn cut<'a, I>(
        &self,
        list: &'a [I],
        id: impl Fn(&I) -> T,
    ) -> Result<(&'a [I], Option<T>), Code> {
        let from = match self.cursor {
            None => 0,
            Some(cursor) => list
                .iter()
                .position(|item| id(item) == cursor)
                .map(|place| place + 1)
                .ok_or(Code::NotFound)?,
        };
        let rest = list.get(from..).unwrap_or_default();
        let page = self.limit.and_then(|limit| rest.get(..limit)).unwrap_or(rest);
        Ok((page, page.last().filter(|_| page.len() < rest.len()).map(id)))
    }

    /// The answer with a link to the next page.
    pub(super) fn linked(&self, answer: Answer, path: &str, next: Option<impl Display>) -> Answer {
        let Some(next) = next else { return answer };
        let limit = self.limit.map(|limit| format!("&limit={limit}")).unwrap_or_default();
        let link = HeaderValue::try_from(format!("<{path}?cursor={next}{limit}>; rel=\"next\""));
        match link {
            Ok(link) => answer.with(LINK, link),
            Err(_) => answer,
        }
    }
}
