use honnin_access::{ControlRows as _, NewControl, NodeAuthority};
use honnin_stand::{Ground, Stand, sign_in};
use honnin_store::decorate::{Call, Decorator};
use honnin_store::{Answer, Store};
use honnin_store_sqlite::{Bounds, Sqlite};
use honnin_terms::{Clock as _, Id, LogId, RequestId, TenantId};
use honnin_testkit::FixedClock;
use pollster::block_on;

use super::*;
use crate::nodes::here;

struct Town {
    stand: Stand<Sqlite>,
    authority: NodeAuthority,
}

fn log(number: u8) -> LogId {
    LogId::from_octets([number; 16])
}

fn runs(build: u8, settings: &[(&str, &str)]) -> Runs {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Runs::new(BuildId::from_octets([build; 16]), &settings.iter().map(own).collect::<Vec<_>>())
}

/// Settings that are the same everywhere, save where a test says otherwise.
const USUAL: &[(&str, &str)] = &[("sessions.idle", "\"30 days\""), ("tenant.name", "\"Honnin\"")];

impl Town {
    fn new() -> Self {
        let clock = FixedClock::at("2026-11-20T06:00:00+09:00");
        let stand = Stand::on(&Ground::of(TenantId::FIRST), clock, Bounds::default(), |sqlite| sqlite);
        let authority = stand.authorities(sign_in()).node;
        Self { stand, authority }
    }

    fn keep(&self) -> Permit<Keep> {
        self.authority.keep(self.stand.clock.now(), RequestId::from_octets([3; 16]))
    }

    fn keeper(&self) -> &Keeper {
        &self.stand.ground.keeper
    }

    fn join_through(&self, rows: &dyn ControlRows, number: u8, runs: &Runs) -> Result<(), JoinError> {
        let own = (&*number.to_string(), log(number));
        block_on(join(rows, &self.keep(), self.keeper(), own, runs))
    }

    /// Joins, and says at once that it is there, as a node does that serves.
    fn join(&self, number: u8, runs: &Runs) -> Result<(), JoinError> {
        self.join_through(&*self.stand.store, number, runs)?;
        self.is_there(number);
        Ok(())
    }

    fn is_there(&self, number: u8) {
        block_on(here(&*self.stand.store, &self.keep(), (&number.to_string(), log(number)))).unwrap();
    }

    /// What that node would be told if it joined; nothing is written.
    fn may_join(&self, number: u8, runs: &Runs) -> Result<(), JoinError> {
        block_on(may_join(&*self.stand.store, &self.keep(), self.keeper(), log(number), runs))
    }

    fn leave(&self, number: u8) {
        block_on(leave(&*self.stand.store, &self.keep(), self.keeper(), log(number))).unwrap();
    }

    fn admit(&self, runs: &Runs, seconds: i64) -> bool {
        let until = self.stand.clock.now().plus_seconds(seconds);
        let admitted = Admitted { release: runs.release(), until, operator: "sato".to_owned() };
        block_on(admit(&*self.stand.store, &self.keep(), self.keeper(), &admitted)).unwrap()
    }

    fn fleet(&self) -> Fleet {
        block_on(fleet(&*self.stand.store, &self.keep(), self.keeper())).unwrap()
    }

    fn names(&self) -> Vec<String> {
        self.fleet().members.into_iter().map(|member| member.name).collect()
    }

    /// Puts that in place of the row.
    fn put(&self, value: Vec<u8>) {
        let revision = block_on(self.stand.store.control(&self.keep(), &name())).unwrap().unwrap().revision;
        let new = NewControl { value, until: None };
        block_on(self.stand.store.swap_control(&self.keep(), &name(), revision, Some(new))).unwrap();
    }
}

fn why(refused: Result<(), JoinError>) -> String {
    refused.unwrap_err().to_string()
}

#[test]
fn another_build_is_refused_and_told_which_and_what_to_do() {
    let town = Town::new();
    town.join(1, &runs(1, USUAL)).unwrap();
    town.join(2, &runs(1, USUAL)).unwrap();
    let other = runs(9, USUAL);
    let told = why(town.join(3, &other));
    let [there, here] = [1, 9].map(|build| BuildId::from_octets([build; 16]));
    assert!(told.contains(&format!("node 1 serves build {there}, this is build {here}")), "{told}");
    assert!(told.contains(&format!("`honnin rollout allow {} --for 1h`", other.release())), "{told}");
    assert!(!told.contains("other values"), "{told}");
    assert_eq!(town.names(), ["1", "2"], "who was refused is no node");
}

#[test]
fn other_settings_are_refused_by_their_names_and_never_their_values() {
    let town = Town::new();
    town.join(1, &runs(1, USUAL)).unwrap();
    let other = [("sessions.idle", "\"1 h\""), ("tenant.name", "\"Honnin\""), ("sign_in.new", "true")];
    let told = why(town.join(2, &runs(1, &other)));
    assert!(told.contains("node 1 serves with other values of sessions.idle, sign_in.new;"), "{told}");
    assert!(!told.contains("1 h\"") && !told.contains("30 days") && !told.contains("tenant.name"), "{told}");
    // And both, where both differ.
    let told = why(town.join(2, &runs(9, &other)));
    assert!(told.contains("this is build 0909") && told.contains("and with other values of"), "{told}");
}

#[test]
fn exactly_what_was_admitted_may_join_and_for_that_long() {
    let town = Town::new();
    town.join(1, &runs(1, USUAL)).unwrap();
    let (new, newer) = (runs(2, USUAL), runs(3, USUAL));
    assert!(town.admit(&new, 3_600));
    assert!(town.join(2, &newer).is_err(), "another is not it");
    let other_settings = runs(2, &[("sessions.idle", "\"1 h\"")]);
    assert!(town.join(2, &other_settings).is_err(), "nor is it with other settings");
    town.join(2, &new).unwrap();
    town.stand.clock.advance_seconds(3_599);
    town.is_there(1);
    town.is_there(2);
    assert!(town.join(3, &runs(1, USUAL)).is_err(), "what served before is judged as everything else is");
    town.join(3, &new).unwrap();
    town.stand.clock.advance_seconds(1);
    let told = why(town.join(4, &new));
    assert!(told.contains("node 1 serves build"), "{told}");
    // They stay until they are started again: the time is for joining.
    assert_eq!(town.names(), ["1", "2", "3"]);
    assert!(town.fleet().admitted.is_empty());
}

#[test]
fn a_house_of_one_node_is_upgraded_without_a_word() {
    let town = Town::new();
    town.join(1, &runs(1, USUAL)).unwrap();
    town.leave(1);
    town.join(1, &runs(2, &[])).unwrap();
    // Killed, and started again at once: its own row is no other node.
    town.join(1, &runs(3, USUAL)).unwrap();
    assert_eq!(town.fleet().members.len(), 1);
}

#[test]
fn who_asks_before_is_told_what_who_joins_is_told() {
    let town = Town::new();
    town.join(1, &runs(1, USUAL)).unwrap();
    let row =
        |town: &Town| block_on(town.stand.store.control(&town.keep(), &name())).unwrap().unwrap().revision;
    let before = row(&town);
    // One single node that runs another build lets itself in, anew, and nobody else.
    let other = runs(2, USUAL);
    assert!(town.may_join(1, &other).is_ok());
    let told = why(town.may_join(2, &other));
    assert!(told.contains("node 1 serves build") && told.contains("rollout allow"), "{told}");
    assert_eq!(row(&town), before, "nothing is written");
    assert_eq!(why(town.join(2, &other)), told);
    assert!(town.admit(&other, 60));
    assert!(town.may_join(2, &other).is_ok() && town.join(2, &other).is_ok());
    town.put(b"altered".to_vec());
    assert!(matches!(town.may_join(2, &other), Err(JoinError::Altered)));
}

#[test]
fn a_node_that_ended_or_died_is_compared_with_nobody() {
    let town = Town::new();
    town.join(1, &runs(1, USUAL)).unwrap();
    town.leave(1);
    town.join(2, &runs(2, USUAL)).unwrap();
    town.leave(2);
    town.join(3, &runs(3, USUAL)).unwrap();
    // It is killed: nothing is heard of it any more, and soon it is no other.
    town.stand.clock.advance_seconds(89);
    assert!(town.join(4, &runs(4, USUAL)).is_err());
    town.stand.clock.advance_seconds(1);
    town.join(4, &runs(4, USUAL)).unwrap();
    assert_eq!(town.names(), ["4"]);
}

#[test]
fn a_node_that_does_not_say_what_it_runs_is_another_build() {
    let town = Town::new();
    town.is_there(1);
    let told = why(town.join(2, &runs(1, USUAL)));
    assert!(told.contains("node 1 serves a build that does not say which it is"), "{told}");
    assert!(town.admit(&runs(1, USUAL), 60));
    town.join(2, &runs(1, USUAL)).unwrap();
    assert_eq!(town.fleet().untold, ["1"]);
}

/// Has another join in between a look at the row and its writing.
struct Between<'a> {
    town: &'a Town,
    other: Runs,
}

impl std::fmt::Debug for Between<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Between(..)")
    }
}

impl Decorator for Between<'_> {
    fn inner(&self) -> &dyn Store {
        &*self.town.stand.store
    }

    fn around<'a, T: Send + Unpin + 'a>(&'a self, call: Call, answer: Answer<'a, T>) -> Answer<'a, T> {
        if call.name == "controls" && self.town.names().is_empty() {
            self.town.join(2, &self.other).unwrap();
        }
        answer
    }
}

honnin_store::decorate! { ['t] Between<'t>: ControlRows }

#[test]
fn of_two_that_join_at_one_moment_the_second_is_compared_with_the_first() {
    let town = Town::new();
    let between = Between { town: &town, other: runs(2, USUAL) };
    let told = why(town.join_through(&between, 1, &runs(1, USUAL)));
    assert!(told.contains("node 2 serves build"), "{told}");
    assert_eq!(town.names(), ["2"]);
    // The same as its own does not stand in its way.
    let town = Town::new();
    let between = Between { town: &town, other: runs(1, USUAL) };
    town.join_through(&between, 1, &runs(1, USUAL)).unwrap();
    assert_eq!(town.names(), ["2", "1"]);
}

#[test]
fn a_row_that_none_of_us_wrote_lets_nobody_in_until_a_person_has_looked() {
    let town = Town::new();
    town.join(1, &runs(1, USUAL)).unwrap();
    town.put(b"what nodes run, 1".to_vec());
    let told = why(town.join(2, &runs(1, USUAL)));
    assert!(told.contains("was altered"), "{told}");
    // Sealed for another row it is none either.
    town.put(town.keeper().seal_mode(b"what nodes run, 1").unwrap());
    assert!(matches!(town.join(2, &runs(1, USUAL)), Err(JoinError::Altered)));
    assert!(town.admit(&runs(2, USUAL), 60));
    town.join(2, &runs(2, USUAL)).unwrap();
    // The first says again what it runs.
    let own = ("1", log(1));
    block_on(stay(&*town.stand.store, &town.keep(), town.keeper(), own, &runs(1, USUAL))).unwrap();
    assert!(why(town.join(3, &runs(2, &[]))).contains("node 1 serves build"));
}

#[test]
fn no_more_is_admitted_at_once_than_a_person_can_overlook() {
    let town = Town::new();
    let most = u8::try_from(MOST_ADMITTED).unwrap();
    for build in 0..most {
        assert!(town.admit(&runs(build, USUAL), 60), "{build}");
    }
    assert!(!town.admit(&runs(most, USUAL), 60));
    assert!(town.admit(&runs(0, USUAL), 120), "what is admitted already may be for longer");
    town.stand.clock.advance_seconds(60);
    assert!(town.admit(&runs(most, USUAL), 60));
}

#[test]
fn a_row_reads_back_as_it_was_written_and_nothing_else_is_one() {
    let at = FixedClock::at("2026-11-20T06:00:00+09:00").now();
    let mut row = Row::default();
    row.put(("a name", log(1)), &runs(1, USUAL), at);
    row.put(("2", log(2)), &runs(2, &[]), at);
    row.members[1].ended = true;
    let operator = "somebody of the desk".to_owned();
    row.admitted.push(Admitted { release: runs(3, USUAL).release(), until: at, operator });
    assert_eq!(Row::read(row.text().as_bytes()).as_ref(), Some(&row));
    let text = row.text();
    for (from, to) in [("what nodes run, 1", "what nodes run, 2"), ("node ", "nodes "), ("ended ", "ended x")]
    {
        assert_eq!(Row::read(text.replacen(from, to, 1).as_bytes()), None, "{from}");
    }
}

#[test]
fn the_hash_of_settings_is_of_names_and_values_and_not_of_their_order() {
    let [first, second] = [USUAL[0], USUAL[1]];
    assert_eq!(runs(1, &[first, second]), runs(1, &[second, first]));
    let apart =
        |settings: &[(&str, &str)]| runs(1, settings).configuration() != runs(1, USUAL).configuration();
    assert!(
        apart(&[first]) && apart(&[first, (second.0, "\"\"")]) && apart(&[first, ("tenant.names", second.1)])
    );
    assert_ne!(runs(1, USUAL).release(), runs(2, USUAL).release());
}

#[test]
fn a_node_of_the_future_keeps_nobody_out() {
    let town = Town::new();
    for (ahead, believed) in [(30, true), (120, false)] {
        let then = town.stand.clock.now().plus_seconds(ahead);
        let permit = town.authority.keep(then, RequestId::from_octets([3; 16]));
        let (rows, own) = (&*town.stand.store, ("1", log(1)));
        block_on(join(rows, &permit, town.keeper(), own, &runs(1, USUAL))).unwrap();
        block_on(here(rows, &permit, own)).unwrap();
        assert_eq!(town.names(), if believed { &["1"][..] } else { &[] }, "{ahead} s ahead");
        assert_eq!(town.join(2, &runs(9, USUAL)).is_err(), believed, "{ahead} s ahead");
    }
}
