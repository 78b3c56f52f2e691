//! Both brands on one machine, a house each behind one door, and the rows of the one handed to the other before.

use std::fs;
use std::path::Path;

use super::Extracts;
use crate::client::Target;
use crate::harness::{Brand, Failure, SignedIn, Town, Verdict};
use crate::kit::at_rest::{Found, look};
use crate::kit::guesses::owner::activation;
use crate::kit::paths::Paths;
use crate::kit::stage::{Stage, World, ask, ask_kept, get_as, signs_in_with};
use crate::kit::tally::{Findings, Tally};
use crate::scan::{Piece, Scanner};

/// The one that was handed rows of the other.
const UMI: Brand<'_> = Brand { tenant: "umi", name: "Uminari Mobile" };
/// The other.
const YAMA: Brand<'_> = Brand { tenant: "yama", name: "Yamabiko Tel" };
/// Each, and who is not to know it.
const EACH: [(Brand<'_>, Brand<'_>); 2] = [(UMI, YAMA), (YAMA, UMI)];
/// Subscribers of each who sign in, at most: a code by the operator, a password of their own.
const READERS: usize = 3;
/// The password they choose.
const CHOSEN: &str = "hashi no shita no kawa";

/// Plays it.
pub(super) async fn play(stage: &Stage, world: &World, extracts: &Extracts) -> Result<Vec<Verdict>, Failure> {
    stage.say("  two brands on one machine, a house each behind one door");
    let mut town = Town::of(&stage.options.binary, &stage.options.environment, [UMI, YAMA])?;
    for (brand, mapping, files) in
        [(UMI, extracts.mapping(), extracts.feed()), (YAMA, extracts.plain_mapping(), extracts.others())]
    {
        let words = ["intake", "files", "--mapping"].map(AsRef::as_ref);
        let words = words.into_iter().chain([mapping.as_os_str(), files.as_os_str()]);
        let ran = town.command(brand.tenant, words)?;
        // The first is told of the rows that are not its own.
        if !matches!(ran.code, Some(0 | 4)) {
            return Err(Failure::Product(format!("intake ended with {:?}: {}", ran.code, ran.err.trim())));
        }
    }
    town.open().await?;
    let (mut tally, mut visit) = (Tally::default(), Visit::default());
    let mut said = Said::new(world);
    for ((home, away), accounts) in EACH.iter().zip([&extracts.ours, &extracts.others]) {
        let (here, there) = (town.target(home.tenant)?, town.target(away.tenant)?);
        for account in accounts.iter().take(READERS) {
            let session = enter(&town, home.tenant, here, account).await?;
            read(world, (here, there), &session, &mut tally, &mut visit).await?;
            // An operator who mistakes one house for the other.
            let mistaken = town.command(away.tenant, ["account", "invite", account])?;
            if mistaken.code == Some(0) {
                visit.found.add(format!("{account} of {} is known to {}", home.tenant, away.tenant));
            }
            said.heard("what a command of the other house says", &(mistaken.out + &mistaken.err));
            visit.sessions.push(session);
        }
    }
    for (home, away) in &EACH {
        let (monitor, request) = town.metrics(home.tenant)?;
        said.heard_of(home, away, "its metrics", &ask(monitor, &request).await?.text());
        for words in [["doctor"].as_slice(), &["quarantine", "list"], &["journal", "verify"]] {
            let ran = town.command(home.tenant, words)?;
            said.heard_of(home, away, &words.join(" "), &(ran.out + &ran.err));
        }
    }
    stage.say("  both end; their files are looked through");
    for (home, away) in &EACH {
        town.end(home.tenant).await?;
        look(&town.data(home.tenant), &world.vocabulary, &visit.sessions, &mut said.files)?;
        said.read(home, away, &town.words(home.tenant))?;
        said.read(home, away, &town.data(home.tenant).join("logs/honnin.log"))?;
    }
    let Said { files, heard, texts, .. } = said;
    let at_rest = [files.marks, files.unread, files.hashes, files.tokens].concat();
    let mut verdicts = vec![
        Verdict::of(
            "in the other brand's house nobody is anybody",
            "every path of hers, her cookie and her password, and a code asked for there",
            visit.asked,
            visit.found.told(),
        ),
        Verdict::of(
            "nothing of one brand is in what the other's house says",
            "metrics, logs, doctor, the list of rows set aside, and errors",
            texts,
            heard.told(),
        ),
        Verdict::of(
            "nothing of anybody is readable in the files of either house",
            "both houses",
            files.files,
            at_rest,
        ),
    ];
    verdicts.extend(tally.looked("everything that subscribers of each brand read through the door"));
    Ok(verdicts)
}

/// What came of asking at the wrong house.
#[derive(Debug, Default)]
struct Visit {
    asked: u64,
    found: Findings,
    sessions: Vec<SignedIn>,
}

/// Signs a subscriber in who has no password yet: by a code of the operator's, through the door.
async fn enter(town: &Town, tenant: &str, target: Target, account: &str) -> Result<SignedIn, Failure> {
    let ran = town.command(tenant, ["account", "invite", account])?;
    let answer = ask(target, &activation(account, ran.invited()?, CHOSEN)).await?;
    if answer.status != 303 {
        return Err(Failure::Product(format!("an activation was answered {}", answer.status)));
    }
    Ok(SignedIn { account: account.to_owned(), cookie: signs_in_with(target, account, CHOSEN).await? })
}

/// Reads everything at home, and asks for the same at the other house.
async fn read(
    world: &World,
    (here, there): (Target, Target),
    session: &SignedIn,
    tally: &mut Tally,
    visit: &mut Visit,
) -> Result<(), Failure> {
    for path in Paths::of(world, here, session, tally).await?.reads {
        let exchange = ask_kept(here, &get_as(session, &path)).await?;
        tally.look(world, Some(session), &path, &exchange);
        let exchange = ask_kept(there, &get_as(session, &path)).await?;
        // For who is nobody there every mark is somebody else's.
        tally.look(world, None, &path, &exchange);
        visit.asked += 1;
        let status = exchange.answer.status;
        if !matches!(status, 303 | 401) {
            visit.found.add(format!("{path} answered {status} with a session of the other brand"));
        }
    }
    visit.asked += 1;
    if signs_in_with(there, &session.account, CHOSEN).await.is_ok() {
        visit.found.add(format!("{} signed in at the other brand", session.account));
    }
    Ok(())
}

/// What the houses say and leave, looked through for everybody's marks and the other brand's name and host.
struct Said<'w> {
    world: &'w World,
    texts: u64,
    heard: Findings,
    files: Found,
}

impl<'w> Said<'w> {
    fn new(world: &'w World) -> Self {
        Self { world, texts: 0, heard: Findings::default(), files: Found::default() }
    }

    fn heard(&mut self, what: &str, text: &str) {
        self.texts += 1;
        let scanner = Scanner::new(&self.world.vocabulary);
        let scan = scanner.scan(None, &[Piece { place: what, octets: text.as_bytes(), coding: "" }]);
        for seen in scan.foreign {
            self.heard.add(format!("{} of {} in {}", seen.mark, seen.account, seen.place));
        }
        for what in scan.unread {
            self.heard.add(what);
        }
    }

    fn heard_of(&mut self, home: &Brand<'_>, away: &Brand<'_>, what: &str, text: &str) {
        self.heard(&format!("{}: {what}", home.tenant), text);
        for word in [away.name, away.tenant] {
            if text.contains(word) {
                self.heard.add(format!("{word} in {} of {}", what, home.tenant));
            }
        }
    }

    fn read(&mut self, home: &Brand<'_>, away: &Brand<'_>, file: &Path) -> Result<(), Failure> {
        let octets = fs::read(file).map_err(Failure::machine("read what a house wrote"))?;
        self.heard_of(home, away, "its log", &String::from_utf8_lossy(&octets));
        Ok(())
    }
}
