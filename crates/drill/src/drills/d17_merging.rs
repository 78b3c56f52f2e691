//! D17: two accounts are merged. Without both owners it is refused; with both it works, can be undone, and stands in
//! the journal; whoever looks at whatever moment is shown what is hers then and nothing else.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;

use crate::client::{Request, Target};
use crate::harness::{Failure, House, Ran, SignedIn, Verdict};
use crate::kit::paths::Paths;
use crate::kit::stage::{PASSWORD, Stage, World, ask, ask_kept, get_as, sign_in_request};
use crate::kit::tally::{Findings, Tally};
use crate::scan::{Piece, Scanner};

/// Subjects: one gives, one takes, one is asked to help with her codes, the rest look on.
const SUBJECTS: u64 = 6;
/// Codes nobody was ever given.
const MADE_UP: &str = "0000-0000-0000-0000-0000";
/// What the giver calls her lines: hers alone, wherever they go.
const NAMED: &str = "yobina-of-d17";
/// How the extract is to be read.
const MAPPING: &str = include_str!("../../../../examples/ledger-a/mapping.toml");
/// Exit codes of a command that was done, and of one that was not.
const DONE: Option<i32> = Some(0);
const NOT_DONE: Option<i32> = Some(1);

/// Marks of her own that a subject was shown.
type Seen = BTreeSet<String>;

/// Everybody, and what came of it so far.
struct Scene {
    house: House,
    world: World,
    tally: Tally,
    /// Who gives, who takes, and a third.
    cast: [SignedIn; 3],
    wrong: Findings,
    steps: u64,
}

/// Plays D17.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = stage.world(SUBJECTS.max(3))?;
    let house = stage.house(world.ledger(), world.accounts.len()).await?;
    let cast = match house.sessions() {
        [gives, takes, third, ..] => [gives.clone(), takes.clone(), third.clone()],
        _ => return Err(Failure::Product("the product signed in fewer than three subjects".to_owned())),
    };
    let wrong = Findings::default();
    let mut scene = Scene { house, world, tally: Tally::default(), cast, wrong, steps: 0 };
    let before = scene.everything().await?;
    stage.say("  merges that not both owners have agreed to");
    let refused = scene.refused(&before).await?;
    let mut verdicts = vec![refused];
    // Whose lines were moved without her is signed out, and nothing is as it was before.
    if verdicts.iter().all(|verdict| verdict.pass) {
        stage.say("  a merge both have agreed to, the same ledger again, and back");
        verdicts.extend(scene.merged(&before).await?);
    }
    let Scene { tally, .. } = scene;
    verdicts.extend(tally.looked("everything every subject can read, before, while merged and after"));
    Ok(verdicts)
}

impl Scene {
    const fn target(&self) -> Target {
        self.house.target()
    }

    fn account(&self, place: usize) -> &str {
        self.cast.get(place).map_or("", |session| session.account.as_str())
    }

    /// Reads everything there is for each of the cast; what of her own each was shown.
    async fn everything(&mut self) -> Result<Vec<Seen>, Failure> {
        let mut all = Vec::new();
        for session in self.cast.clone() {
            let mut seen = Seen::new();
            let paths = Paths::of(&self.world, self.target(), &session, &mut self.tally).await?;
            for path in paths.reads {
                let exchange = ask_kept(self.target(), &get_as(&session, &path)).await?;
                self.tally.look(&self.world, Some(&session), &path, &exchange);
                let body = Piece { place: "body", octets: &exchange.answer.body, coding: "" };
                let subject = self.world.vocabulary.subject(&session.account);
                seen.extend(Scanner::new(&self.world.vocabulary).scan(subject, &[body]).own);
            }
            all.push(seen);
        }
        Ok(all)
    }

    /// Notes something that is not as it has to be.
    fn expect(&mut self, is_so: bool, what: impl FnOnce() -> String) {
        self.steps += 1;
        if !is_so {
            self.wrong.add(what());
        }
    }

    fn concluded(&mut self, check: &str, tried: &str) -> Verdict {
        let (steps, wrong) = (std::mem::take(&mut self.steps), std::mem::take(&mut self.wrong));
        Verdict::of(check, tried, steps, wrong.told())
    }

    /// Asks for a code as a page does; nothing where none is given.
    async fn code(
        &self,
        place: usize,
        side: &str,
        password: &str,
        from_site: &str,
    ) -> Result<Option<String>, Failure> {
        let body = format!("side={side}&password={password}");
        let mut request = Request::new("POST", "/account/merge")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", from_site)
            .body(body.as_bytes());
        if let Some(session) = self.cast.get(place) {
            request = request.header("cookie", &session.cookie);
        }
        let answer = ask(self.target(), &request).await?;
        // The browser carries it to the page that shows it, where a reload asks for no other.
        let carried =
            answer.header("set-cookie").find_map(|cookie| cookie.split_once("merge=")?.1.split(';').next());
        let code = carried.and_then(|carried| carried.rsplit('.').next());
        Ok(code.filter(|_| answer.status == 303).map(str::to_owned))
    }

    /// A code that has to be given.
    async fn given(&self, place: usize, side: &str) -> Result<String, Failure> {
        let code = self.code(place, side, PASSWORD, "same-origin").await?;
        code.ok_or_else(|| {
            Failure::Product("a code was asked for with the right password and not given".to_owned())
        })
    }

    fn merge(&self, from: (usize, &str), into: (usize, &str)) -> Result<Ran, Failure> {
        let ((giver, first), (taker, second)) = (from, into);
        let (giver, taker) = (self.account(giver), self.account(taker));
        // Not on the command line, where every user of a machine reads them.
        let codes = self.house.data().with_extension("codes");
        fs::write(&codes, format!("{first}\n{second}\n"))
            .map_err(Failure::machine("write the codes of a merge"))?;
        let words = ["account", "merge", "--yes", "--from", giver, "--into", taker, "--codes"];
        self.house.command(words.iter().map(OsStr::new).chain([codes.as_os_str()]))
    }

    /// Every way to a merge that not both owners have agreed to.
    async fn refused(&mut self, before: &[Seen]) -> Result<Verdict, Failure> {
        for (place, side, password, site, what) in [
            (0, "gives", "not-her-password", "same-origin", "with a wrong password"),
            (0, "gives", "", "same-origin", "without a password"),
            (0, "everything", PASSWORD, "same-origin", "for a side there is not"),
            (0, "gives", PASSWORD, "cross-site", "from another site"),
            (9, "gives", PASSWORD, "same-origin", "by nobody"),
        ] {
            let code = self.code(place, side, password, site).await?;
            self.expect(code.is_none(), || format!("a code was given {what}"));
        }
        let old = self.given(0, "gives").await?;
        let gives = self.given(0, "gives").await?;
        let ways = [
            ("without any code", MADE_UP.to_owned(), MADE_UP.to_owned()),
            ("with the giver's code alone", gives.clone(), MADE_UP.to_owned()),
            ("with the giver's code twice", gives.clone(), gives.clone()),
        ];
        for (what, first, second) in ways {
            self.try_refused(what, (0, &first), (1, &second))?;
        }
        let takes = self.given(1, "takes").await?;
        let third = self.given(2, "takes").await?;
        let ways = [
            ("with the taker's code alone", (0, MADE_UP), (1, takes.as_str())),
            ("with a code that was replaced", (0, old.as_str()), (1, takes.as_str())),
            ("with a third person's code", (0, gives.as_str()), (1, third.as_str())),
            ("with both codes the wrong way round", (1, takes.as_str()), (0, gives.as_str())),
            ("into the same account", (0, gives.as_str()), (0, gives.as_str())),
            ("with empty codes", (0, ""), (1, "")),
        ];
        for (what, from, into) in ways {
            self.try_refused(what, from, into)?;
        }
        if self.wrong.is_empty() {
            let both = self.given(0, "takes").await?;
            self.try_refused("after the giver agreed to take instead", (0, &both), (1, &takes))?;
            let ran = self.house.command(["account", "unmerge", "--yes", "1"])?;
            self.expect(ran.code == NOT_DONE, || "a merge that never was could be undone".to_owned());
            let after = self.everything().await?;
            self.expect(after == before, || "a refused merge changed what somebody is shown".to_owned());
        }
        let tried = "codes that are wrong, replaced, alone, doubled, of a third, for the other side; codes asked for wrongly";
        Ok(self.concluded("without both owners it is refused, and nothing changes", tried))
    }

    fn try_refused(&mut self, what: &str, from: (usize, &str), into: (usize, &str)) -> Result<(), Failure> {
        let ran = self.merge(from, into)?;
        self.expect(ran.code == NOT_DONE, || {
            format!("a merge {what} ended with {:?}: {}{}", ran.code, ran.out.trim(), ran.err.trim())
        });
        Ok(())
    }

    /// With both: the lines go, the same ledger changes nothing, and they come back.
    async fn merged(&mut self, before: &[Seen]) -> Result<Vec<Verdict>, Failure> {
        let ended = [self.cast.first().cloned(), self.cast.get(1).cloned()];
        self.name_lines(0).await?;
        let codes = (self.given(0, "gives").await?, self.given(1, "takes").await?);
        let ran = self.merge((0, &codes.0), (1, &codes.1))?;
        self.done("merge", &ran);
        let again = self.merge((0, &codes.0), (1, &codes.1))?;
        self.expect(again.code == NOT_DONE, || "the same codes could be used twice".to_owned());
        self.signed_out(ended.first().and_then(Option::as_ref), "gave her lines").await?;
        self.sign_in(0).await?;
        let marked = self.world.marked.clone();
        let [giver, taker] = [0, 1].map(|place| self.account(place).to_owned());
        self.world.hold(|row| row.account == giver && row.line.is_some(), &taker)?;
        let named = self.board(1).await?.contains(NAMED);
        self.expect(!named, || "the taker is shown what the giver called her lines".to_owned());
        let while_merged = self.everything().await?;
        let lines = |seen: &[Seen]| -> Seen { seen.iter().take(2).flatten().cloned().collect() };
        self.expect(lines(&while_merged) == lines(before), || {
            "what the two are shown together is not what they were shown before".to_owned()
        });
        self.expect(while_merged.get(2) == before.get(2), || {
            "a third person is shown something else".to_owned()
        });
        self.intake()?;
        let after_intake = self.everything().await?;
        self.expect(after_intake == while_merged, || {
            "the same ledger again changed what is shown".to_owned()
        });
        let mut verdicts = vec![self.concluded(
            "with both it works, once, and the ledger taken in again changes nothing",
            "one merge, both codes used again, the same extract again",
        )];
        self.audited(&giver, &taker)?;
        let ran = self.house.command(["account", "unmerge", "--yes", "1"])?;
        self.done("unmerge", &ran);
        let again = self.house.command(["account", "unmerge", "--yes", "1"])?;
        self.expect(again.code == NOT_DONE, || "a merge could be undone twice".to_owned());
        self.signed_out(ended.get(1).and_then(Option::as_ref), "had taken lines").await?;
        self.sign_in(1).await?;
        let named = self.board(0).await?.contains(NAMED) && !self.board(1).await?.contains(NAMED);
        self.expect(named, || "after the undoing the giver's names are not hers again alone".to_owned());
        self.world.hold_as(marked)?;
        let after = self.everything().await?;
        self.expect(after == before, || {
            "after the undoing somebody is shown something else than before".to_owned()
        });
        self.intake()?;
        let after = self.everything().await?;
        self.expect(after == before, || {
            "the same ledger again changed what is shown after the undoing".to_owned()
        });
        verdicts.push(self.concluded(
            "it can be undone, and everybody is shown exactly what she was shown before",
            "one undoing, once more, the same extract again",
        ));
        self.audited(&giver, &taker)?;
        let listed = self.house.command(["account", "merges"])?.out;
        let row = listed.lines().nth(1).unwrap_or_default().split(',').collect::<Vec<_>>();
        self.expect(row.len() == 6 && row.iter().all(|cell| !cell.is_empty()), || {
            format!("the list of merges says {row:?}")
        });
        verdicts.push(self.concluded(
            "the journal verifies and names the taker's looks at the giver's lines, with the merge as basis",
            "journal verify, journal who-saw, account merges",
        ));
        Ok(verdicts)
    }

    /// The board of lines, as a subject is shown it.
    async fn board(&self, place: usize) -> Result<String, Failure> {
        let Some(session) = self.cast.get(place) else { return Ok(String::new()) };
        let answer = ask(self.target(), &get_as(session, "/lines")).await?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// Gives each line of a subject the same name.
    async fn name_lines(&mut self, place: usize) -> Result<(), Failure> {
        let board = self.board(place).await?;
        let lines: BTreeSet<&str> =
            board.split("href=\"/lines/").skip(1).filter_map(|rest| rest.get(..32)).collect();
        for line in &lines {
            let mut request = Request::new("POST", &format!("/lines/{line}/name"))
                .header("content-type", "application/x-www-form-urlencoded")
                .header("sec-fetch-site", "same-origin")
                .body(format!("name={NAMED}").as_bytes());
            if let Some(session) = self.cast.get(place) {
                request = request.header("cookie", &session.cookie);
            }
            let status = ask(self.target(), &request).await?.status;
            self.expect(status == 303, || format!("a line was not named: {status}"));
        }
        let named = self.board(place).await?.contains(NAMED);
        self.expect(named && !lines.is_empty(), || {
            "a line that was named is not shown by its name".to_owned()
        });
        Ok(())
    }

    fn done(&mut self, what: &str, ran: &Ran) {
        let said = ran.out.contains("journal  entry ");
        self.expect(ran.code == DONE && said, || {
            format!("{what} ended with {:?}: {}{}", ran.code, ran.out.trim(), ran.err.trim())
        });
    }

    /// Whoever loses lines is signed out: her old cookie opens nothing.
    async fn signed_out(&mut self, session: Option<&SignedIn>, what: &str) -> Result<(), Failure> {
        let Some(session) = session else { return Ok(()) };
        let mut status = 200;
        // The server learns of it within a fifth of a second; a busy machine takes longer.
        for _ in 0..50 {
            status = ask(self.target(), &get_as(session, "/api/v1/me")).await?.status;
            if status == 401 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        self.expect(status == 401, || format!("whoever {what} is still signed in"));
        Ok(())
    }

    async fn sign_in(&mut self, place: usize) -> Result<(), Failure> {
        let answer = ask(self.target(), &sign_in_request(self.account(place))).await?;
        let cookie = answer.header("set-cookie").next().and_then(|cookie| cookie.split(';').next());
        let cookie =
            cookie.ok_or_else(|| Failure::Product(format!("a sign-in was answered {}", answer.status)))?;
        if let Some(session) = self.cast.get_mut(place) {
            cookie.clone_into(&mut session.cookie);
        }
        Ok(())
    }

    /// Takes in the same ledger again, beside the running product.
    fn intake(&mut self) -> Result<(), Failure> {
        let mapping = self.world.ledger().join("mapping.toml");
        if !mapping.exists() {
            fs::write(&mapping, MAPPING).map_err(Failure::machine("write a mapping file"))?;
        }
        let ledger = self.world.ledger();
        let words = [
            "intake".as_ref(),
            "files".as_ref(),
            "--mapping".as_ref(),
            mapping.as_os_str(),
            ledger.as_os_str(),
        ];
        let ran = self.house.command(words)?;
        self.expect(ran.code == DONE || ran.code == Some(4), || {
            format!("intake ended with {:?}: {}", ran.code, ran.err.trim())
        });
        Ok(())
    }

    /// What the journal says of the giver's lines.
    fn audited(&mut self, giver: &str, taker: &str) -> Result<(), Failure> {
        let verified = self.house.command(["journal", "verify"])?;
        self.expect(verified.code == DONE, || format!("journal verify: {}", verified.err.trim()));
        let saw = self.house.command(["journal", "who-saw", giver])?;
        let others = saw.out.lines().skip(1).filter(|row| row.split(',').nth(2) != Some("owner")).count();
        self.expect(saw.code == DONE && others > 0, || {
            "who-saw does not name the taker's looks at the giver's lines".to_owned()
        });
        let seen = self.house.command(["journal", "seen-by", taker])?;
        self.expect(seen.code == DONE && seen.out.lines().count() > others, || {
            "seen-by has fewer looks of the taker than who-saw".to_owned()
        });
        let third = self.account(2).to_owned();
        let saw = self.house.command(["journal", "who-saw", &third])?;
        let others = saw.out.lines().skip(1).filter(|row| row.split(',').nth(2) != Some("owner")).count();
        self.expect(saw.code == DONE && others == 0, || {
            "who-saw names somebody for a third person".to_owned()
        });
        Ok(())
    }
}
