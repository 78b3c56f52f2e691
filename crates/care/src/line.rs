//! What is shown of one line: home, buckets, usage, purchases, contract.

use std::sync::Arc;

use honnin_access::{Owned, Permit, Read, Session, all, both};
use honnin_store::document::{self, Line, UsageMonth, Wish, month_row};
use honnin_store::{HomeRows, SpeedRow, read_view};
use honnin_terms::{Day, HoldingId, LineStatus, Month};

use crate::care::{Care, Error, Named, Visit};
use crate::facts::{
    Board, BoardLine, Buckets, Contract, Home, LineHead, Origin, Purchase, Purchases, Shown, Usage, UsageDay,
};
use crate::{Channel, Disclosed, What, reckon};

/// A line, and the wish for its speed where there is one.
type LineAndWish = Owned<(Line, Option<Wish>)>;

/// Lines of a board at most.
const MOST_ON_BOARD: usize = 12;

impl Care {
    async fn line(&self, session: &Session, line: HoldingId) -> Result<(Permit<Read>, Owned<Line>), Error> {
        let permit = self.line_permit(session, line)?;
        let found = self.open(session, &permit, &[]).await?;
        Ok((permit, self.own_line(session, line, found).await?))
    }

    /// The line with its wish beside it, where there was one.
    pub(crate) async fn line_and_wish(
        &self,
        session: &Session,
        line: HoldingId,
    ) -> Result<LineAndWish, Error> {
        let permit = self.line_permit(session, line)?;
        let store = &*self.parts.store;
        let (document, wish) = both(read_view::<Line>(store, &permit, &[]), store.speed(&permit)).await;
        let found = self.opened_view(session, &permit, &[], document?)?;
        let found = self.own_line(session, line, found).await?;
        self.with_wish(session, &permit, found, wish?)
    }

    /// A line with the wish that lies beside it, where one does.
    fn with_wish(
        &self,
        session: &Session,
        permit: &Permit<Read>,
        line: Owned<Line>,
        wish: Option<Arc<SpeedRow>>,
    ) -> Result<LineAndWish, Error> {
        let Some(row) = wish else { return Ok(line.map((), |line, ()| (line, None))) };
        let wish: Owned<Wish> = self.opened(session, permit.open(&[], &row.blob))?;
        let both = self.joined(session, line.join(wish))?;
        Ok(both.map((), |(line, wish), ()| (line, Some(wish))))
    }

    /// What was found of a line, where something was.
    async fn own_line<T>(&self, session: &Session, line: HoldingId, found: Option<T>) -> Result<T, Error> {
        match found {
            Some(found) => Ok(found),
            None => Err(Box::pin(self.strayed(session, line)).await),
        }
    }

    /// Home of a line.
    ///
    /// # Errors
    /// As all use cases: [`Error`].
    pub async fn home(&self, visit: Visit<'_>, line: HoldingId) -> Result<Disclosed<Shown<Home>>, Error> {
        let Visit { session, channel } = visit;
        let (of_line, of_account) = (self.line_permit(session, line)?, self.account_permit(session)?);
        // Everything sealed is fetched before anything is opened: what waits is a few pointers, and what was opened is
        // moved through no future.
        let HomeRows { line: found, wish, profile } = self.parts.store.home(&of_line, &of_account).await?;
        let found = self.opened_view(session, &of_line, &[], found)?;
        let Some(found) = found else { return Err(Box::pin(self.strayed(session, line)).await) };
        let document = self.with_wish(session, &of_line, found, wish)?;
        let profile = self.opened_profile(session, &of_account, profile)?;
        let page = channel == Channel::Page;
        let others = if page { self.seen_by_others(session) } else { None };
        let context = (line, session.account(), self.today(session), page, others);
        let together = self.joined(session, document.join(profile))?;
        let shown =
            together.map(context, |((line, wish), profile): ((Line, Option<Wish>), Named), context| {
                let (holding, account, today, page, others) = context;
                Shown {
                    facts: Home {
                        seen_by_others: others,
                        recent: if page { reckon::recent_days(&line, today) } else { Vec::new() },
                        ..reckon::home(&line, holding, wish.as_ref(), &profile.0.standing, today)
                    },
                    me: page.then(|| reckon::me(profile, account, today)),
                }
            });
        self.parts.gate.disclose(session, shown, What::Home, channel).await
    }

    /// The lines of the account on one board, with what each that is held has used this month.
    ///
    /// # Errors
    /// As all use cases: [`Error`].
    pub async fn board(&self, visit: Visit<'_>) -> Result<Disclosed<Shown<Board>>, Error> {
        let session = visit.session;
        let today = self.today(session);
        let context = (session.account(), today);
        let profile = self.profile(session).await?;
        let holdings =
            profile.leads_to(|(profile, _)| profile.lines.iter().map(|line| line.holding).collect());
        let mut board = profile.map(context, |profile, (account, today)| Board {
            month: today.month(),
            is_whole: true,
            lines: Vec::new(),
            me: reckon::me(profile, account, today),
        });
        // Each line is a read of its own: an account with very many is shown their names alone.
        let looked_at = if holdings.len() > MOST_ON_BOARD { Vec::new() } else { holdings };
        let asked = all(looked_at.iter().map(|holding| self.line(session, *holding))).await;
        for (holding, found) in looked_at.into_iter().zip(asked) {
            let (_, document) = found?;
            board = self.joined(session, board.join(document))?.map(
                (holding, today),
                |(mut board, line), (holding, today)| {
                    let usage = Some(reckon::usage_head(&line, today));
                    let shared = line.share.is_some();
                    let head = board.me.lines.iter().find(|head| head.line == holding).cloned();
                    board.lines.extend(head.map(|head| BoardLine { head, usage, shared }));
                    board
                },
            );
        }
        let facts = board.map((), |mut board, ()| {
            if board.lines.is_empty() {
                board.is_whole = board.me.lines.is_empty();
                let bare = |head: &LineHead| BoardLine { head: head.clone(), usage: None, shared: false };
                board.lines = board.me.lines.iter().map(bare).collect();
            }
            board.lines.sort_by_key(|line| {
                (line.head.status == LineStatus::Ended, line.head.held.from, line.head.line)
            });
            Shown { me: Some(board.me.clone()), facts: board }
        });
        self.parts.gate.disclose(session, facts, What::Board, visit.channel).await
    }

    /// Buckets of a line and of all it shares with.
    ///
    /// # Errors
    /// As all use cases: [`Error`].
    pub async fn buckets(
        &self,
        visit: Visit<'_>,
        line: HoldingId,
    ) -> Result<Disclosed<Shown<Buckets>>, Error> {
        let (_, document) = self.line(visit.session, line).await?;
        let context = (line, self.today(visit.session));
        let facts = document.map(context, |line, (holding, today)| Buckets {
            head: reckon::head(&line, holding, today),
            origin: reckon::origin_of_buckets(&line),
            balance: reckon::balance(&line, today),
            buckets: reckon::in_order_of_use(&line, today),
            share_lines: reckon::share_lines(&line),
        });
        self.show(visit, What::Buckets, facts).await
    }

    /// Usage of a line in a month; without one the present month.
    ///
    /// # Errors
    /// As all use cases: [`Error`].
    pub async fn usage(
        &self,
        visit: Visit<'_>,
        line: HoldingId,
        month: Option<Month>,
    ) -> Result<Disclosed<Shown<Usage>>, Error> {
        let session = visit.session;
        let today = self.today(session);
        let month = month.unwrap_or(today.month());
        let (permit, document) = self.line(session, line).await?;
        let context = (line, today, month);
        let facts = match self.open::<UsageMonth>(session, &permit, &month_row(month)).await? {
            None => document.map(context, |line, context| usage(&line, None, context)),
            Some(days) => self
                .joined(session, document.join(days))?
                .map(context, |(line, days), context| usage(&line, Some(days), context)),
        };
        self.show(visit, What::Usage, facts).await
    }

    /// Purchases of a line.
    ///
    /// # Errors
    /// As all use cases: [`Error`].
    pub async fn purchases(
        &self,
        visit: Visit<'_>,
        line: HoldingId,
    ) -> Result<Disclosed<Shown<Purchases>>, Error> {
        let (permit, document) = self.line(visit.session, line).await?;
        let context = (line, self.today(visit.session));
        let facts = match self.open::<document::Purchases>(visit.session, &permit, &[]).await? {
            None => document.map(context, |line, (holding, today)| Purchases {
                head: reckon::head(&line, holding, today),
                origin: None,
                purchases: Vec::new(),
            }),
            Some(bought) => self.joined(visit.session, document.join(bought))?.map(
                context,
                |(line, bought), (holding, today)| {
                    let document::Purchases { as_of, source, purchases } = bought;
                    Purchases {
                        head: reckon::head(&line, holding, today),
                        origin: Some(Origin { as_of, source }),
                        purchases: purchases.into_iter().map(purchase).collect(),
                    }
                },
            ),
        };
        self.show(visit, What::Purchases, facts).await
    }

    /// The contract of a line.
    ///
    /// # Errors
    /// As all use cases: [`Error`].
    pub async fn contract(
        &self,
        visit: Visit<'_>,
        line: HoldingId,
    ) -> Result<Disclosed<Shown<Contract>>, Error> {
        let (_, document) = self.line(visit.session, line).await?;
        let context = (line, self.today(visit.session));
        let facts = document.map(context, |line, (holding, today)| Contract {
            head: reckon::head(&line, holding, today),
            origin: reckon::origin_of_contract(&line),
            terms: line.terms.clone(),
            line_code: line.line_code.clone(),
            iccid_masked: line.iccid.as_deref().map(masked_serial).unwrap_or_default(),
            share_lines: reckon::share_lines(&line),
        });
        self.show(visit, What::Contract, facts).await
    }
}

fn usage(line: &Line, days: Option<UsageMonth>, (holding, today, month): (HoldingId, Day, Month)) -> Usage {
    let origin =
        |month: &UsageMonth| month.as_of().map(|as_of| Origin { as_of, source: month.source.clone() });
    let (origin, days) = days.map_or((None, Vec::new()), |month| (origin(&month), month.days()));
    let day = |entry: &document::DayEntry| UsageDay {
        date: entry.day,
        high: entry.high,
        low: entry.low,
        whole: entry.whole,
        as_of: entry.as_of,
    };
    Usage {
        head: reckon::head(line, holding, today),
        origin,
        month,
        today,
        days: days.iter().map(day).collect(),
        months: line.usage_months.clone(),
    }
}

fn purchase(entry: document::PurchaseEntry) -> Purchase {
    let document::PurchaseEntry { purchase, as_of, code, at, item, octets, amount } = entry;
    Purchase { purchase, code, at, item, octets, amount, as_of }
}

/// All but the last four digits hidden.
fn masked_serial(iccid: &str) -> String {
    let shown_from = iccid.chars().count().saturating_sub(4);
    iccid.chars().enumerate().map(|(place, letter)| if place < shown_from { '*' } else { letter }).collect()
}
