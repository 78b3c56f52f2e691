//! Reads that meet: what is asked while the server is busy with others goes to it as one statement.
//!
//! A statement costs the server several times what one more row in it does, and each wakes up both sides. Nobody waits for
//! company: who comes while nothing is under way is asked for at once, and whoever comes meanwhile goes next.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use honnin_access::all;
use tokio::sync::oneshot;
use tokio::task::spawn_local;
use tokio::time::timeout;
use tokio_postgres::Row;

use crate::alone::{Alone, Doubt, Group};
use crate::desk::Desk;
use crate::fault::Fault;
use crate::shared::{Slow, Way};

/// How many go together at most: a server that undoes one of them undoes all.
const MOST: usize = 64;

/// How many wait before more is asked while the server is busy with others.
const ENOUGH: usize = 16;

/// How often that is done at once.
const AT_ONCE: usize = 2;

/// After so long the others wait no longer for those who were asked for.
const SLOW: Duration = Duration::from_millis(10);

/// What somebody gets who asked: nothing where it has to be asked in a transaction.
type Answer = Result<Option<Row>, Fault>;

/// Somebody who waits to be asked for.
struct Waiting {
    asked: Rc<Alone>,
    answer: oneshot::Sender<Answer>,
}

/// Those who wait, and how much is under way.
#[derive(Default)]
pub(crate) struct Together {
    waiting: RefCell<VecDeque<Waiting>>,
    under_way: Cell<usize>,
}

/// One of those that are at it; gives its place back, whatever ends it.
struct Turn(Rc<Desk>);

impl Turn {
    fn of(desk: &Rc<Desk>) -> Self {
        let under_way = &desk.together.under_way;
        under_way.set(under_way.get() + 1);
        Self(Rc::clone(desk))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let under_way = &self.0.together.under_way;
        under_way.set(under_way.get().saturating_sub(1));
    }
}

impl Together {
    /// Whether more is to be asked now.
    fn may_begin(&self) -> bool {
        let (waiting, under_way) = (self.waiting.borrow().len(), self.under_way.get());
        waiting > 0 && (under_way == 0 || (waiting >= ENOUGH && under_way < AT_ONCE))
    }

    fn somebody_waits(&self) -> bool {
        !self.waiting.borrow().is_empty()
    }

    /// Those who go next, by what they have in common; who does not wait any more is left out.
    fn next(&self) -> Vec<Vec<Waiting>> {
        let mut groups: Vec<Vec<Waiting>> = Vec::new();
        let mut waiting = self.waiting.borrow_mut();
        let next = waiting.len().min(MOST);
        for one in waiting.drain(..next).filter(|one| !one.answer.is_closed()) {
            let of_its_key = |group: &&mut Vec<Waiting>| {
                group.first().is_some_and(|first| first.asked.key() == one.asked.key())
            };
            match groups.iter_mut().find(of_its_key) {
                Some(group) => group.push(one),
                None => groups.push(vec![one]),
            }
        }
        groups
    }
}

impl Desk {
    /// The row that answers it; nothing where it has to be asked in a transaction.
    pub(crate) async fn together(self: &Rc<Self>, asked: &Rc<Alone>) -> Answer {
        if self.shared.rests() {
            return Ok(None);
        }
        let (answer, answered) = oneshot::channel();
        self.together.waiting.borrow_mut().push_back(Waiting { asked: Rc::clone(asked), answer });
        self.go_on();
        let limit = Duration::from_millis(self.bounds.small_ms.into());
        timeout(limit, answered).await.map_err(|_| Fault::Late)?.unwrap_or(Err(Fault::Lost))
    }

    fn go_on(self: &Rc<Self>) {
        if self.together.may_begin() {
            let turn = Turn::of(self);
            drop(spawn_local(async move {
                let mut turn = Some(turn);
                while let Some(mine) = turn.take() {
                    let groups = mine.0.together.next();
                    if groups.is_empty() {
                        return;
                    }
                    turn = mine.ask_for(groups).await;
                }
            }));
        } else if self.together.somebody_waits() {
            // They take another connection should those under way be slow.
            self.shared.open_beside();
        }
    }
}

impl Turn {
    /// Asks for them, and gives each an answer. The turn is gone where others went on meanwhile.
    async fn ask_for(self, groups: Vec<Vec<Waiting>>) -> Option<Self> {
        let desk = Rc::clone(&self.0);
        let limit = Duration::from_millis(desk.bounds.small_ms.into());
        let way = match desk.shared.one(limit).await {
            Ok(way) => way,
            Err(why) => {
                let is_late = matches!(why, Fault::Late);
                for one in groups.into_iter().flatten() {
                    drop(one.answer.send(if is_late { Err(Fault::Late) } else { Ok(None) }));
                }
                return Some(self);
            }
        };
        let asking = all(groups.into_iter().map(|group| desk.ask_group(&way, group, limit)));
        let mut asking = pin!(asking);
        if timeout(SLOW, &mut asking).await.is_ok() {
            return Some(self);
        }
        let _slow = Slow::at(&way);
        drop(self);
        desk.go_on();
        asking.await;
        None
    }
}

impl Desk {
    /// Asks for those who have the same in common.
    async fn ask_group(&self, way: &Rc<Way>, group: Vec<Waiting>, limit: Duration) {
        let (asked, waiting): (Vec<_>, Vec<_>) = group.into_iter().map(|one| (one.asked, one.answer)).unzip();
        let group = Group(asked);
        let answers = match timeout(limit, group.ask(&way.client, self.bounds.prepared)).await {
            Err(_) => {
                self.shared.give_up(way, limit);
                for one in waiting {
                    drop(one.send(Err(Fault::Late)));
                }
                return;
            }
            Ok(Err(fault)) => {
                self.shared.doubt(way, &Doubt::Refused(fault));
                Vec::new()
            }
            Ok(Ok(rows)) => group.answers(rows),
        };
        let mut answers = answers.into_iter();
        for one in waiting {
            let answer = match answers.next() {
                Some(Ok(row)) => {
                    self.shared.trust(way);
                    Some(row)
                }
                Some(Err(doubt)) => {
                    self.shared.doubt(way, &doubt);
                    None
                }
                None => None,
            };
            drop(one.send(Ok(answer)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reach::Reach;
    use crate::statements::alone;
    use honnin_terms::TenantId;

    fn waits(together: &Together, tenant: u32, kind: &'static str) -> oneshot::Receiver<Answer> {
        let reach = Reach::Session(TenantId::new(tenant), [7; 32]);
        let asked = Rc::new(Alone::new(&alone::DOCUMENT, reach, vec![], vec![kind]).unwrap());
        let (answer, answered) = oneshot::channel();
        together.waiting.borrow_mut().push_back(Waiting { asked, answer });
        answered
    }

    #[test]
    fn who_goes_together_has_a_tenant_and_a_kind_in_common() {
        let together = Together::default();
        let asked = [(1, "line"), (1, "profile"), (2, "line"), (1, "line")];
        let _waiting = asked.map(|(tenant, kind)| waits(&together, tenant, kind));
        let groups = together.next();
        assert_eq!(groups.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1, 1]);
        assert!(together.next().is_empty());
    }

    #[test]
    fn who_does_not_wait_any_more_is_not_asked_for() {
        let together = Together::default();
        drop(waits(&together, 1, "line"));
        let _waiting = waits(&together, 1, "line");
        assert_eq!(together.next().into_iter().flatten().count(), 1);
    }

    #[test]
    fn a_group_has_a_bound_and_the_rest_goes_next() {
        let together = Together::default();
        let waiting: Vec<_> = (0..=MOST).map(|_| waits(&together, 1, "line")).collect();
        assert_eq!([together.next(), together.next()].map(|groups| groups[0].len()), [MOST, 1]);
        drop(waiting);
    }

    #[test]
    fn who_comes_first_goes_at_once_and_whoever_comes_meanwhile_goes_next_or_with_enough_others() {
        let together = Together::default();
        assert!(!together.may_begin(), "nobody waits");
        let mut waiting = vec![waits(&together, 1, "line")];
        assert!(together.may_begin());
        together.under_way.set(1);
        assert!(!together.may_begin());
        waiting.extend((1..ENOUGH).map(|_| waits(&together, 1, "line")));
        assert!(together.may_begin());
        together.under_way.set(AT_ONCE);
        assert!(!together.may_begin());
    }
}
