//! D34: somebody with the command line puts a password in and out again, uses an invitation, asks who saw, merges and parts
//! accounts, offers less, has the key file split and changed, exports, erases, plants a demo. Each is an entry that cannot
//! be left out, under the name it was done with; it has an end; and whoever it was done to finds it on her page.

use std::fs;

use super::d33_insider as insider;
use crate::client::{Answer, Request, Target};
use crate::harness::{Failure, House, INSIDER, Ran, SignedIn, Verdict};
use crate::kit::stage::{PASSWORD, Stage, ask, invite, said_by};
use crate::kit::tally::Findings;

const SUBJECTS: u64 = 6;
const DONE: Option<i32> = Some(0);
/// More acts about one account than a day allows.
const TOO_MANY: usize = 60;
/// A hash the insider brings along; nobody knows a password of it.
const HIS_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Plays D34.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = stage.world(SUBJECTS)?;
    let house = stage.serving(&world, "").await?;
    let victim = match house.sessions() {
        [victim, ..] => victim.account.clone(),
        [] => return Err(Failure::Product("nobody is signed in".to_owned())),
    };
    let (mut wrong, mut steps) = (Findings::default(), 0_u64);
    let mut expect = |is_so: bool, what: &str| {
        steps += 1;
        if !is_so {
            wrong.add(what.to_owned());
        }
    };
    stage.say("  an invitation is made and used, a hash put in, everything asked");
    let invited = house.act(["account", "invite", &victim])?;
    let used = activate(house.target(), &victim, invited.invited()?).await?;
    expect(used.status == 303, "an invitation was not usable");
    let hashes = house.data().with_extension("hashes.csv");
    fs::write(&hashes, format!("login,phc\n{victim},\"{HIS_HASH}\"\n"))
        .map_err(Failure::machine("write a hash"))?;
    let file = hashes.display().to_string();
    for _ in 0..2 {
        let imported = house.act(["account", "import-hashes", "--yes", &file])?;
        expect(imported.code == DONE, "a hash was not taken in");
    }
    let asked = house.act(["journal", "who-saw", &victim])?;
    expect(asked.code == DONE, "who-saw did not answer");
    let checked = house.act(["key", "check"])?;
    expect(checked.code == DONE, "key check did not answer");
    let entries = |act: &str, acts: &str| {
        acts.lines().filter(|line| line.split(',').nth(2) == Some(act) && line.contains(INSIDER)).count()
    };
    let acts = house.command(["journal", "acts"])?;
    for (act, least) in
        [("invited", 1), ("hashes_imported", 2), ("credential_imported", 2), ("asked", 1), ("key_act", 1)]
    {
        expect(
            entries(act, &acts.out) >= least,
            &format!("the journal has fewer than {least} entries of {act}"),
        );
    }
    let verified = house.command(["journal", "verify"])?;
    expect(verified.code == DONE, "the journal does not verify after all that");
    let tried = "account invite and /activate, import-hashes twice, journal who-saw, key check, under a name";
    let mut verdicts = vec![
        Verdict::of(
            "every act at the command line is an entry under the name it was done with",
            tried,
            steps,
            wrong.told(),
        )
        .noting(format!("{} entries of operators", acts.out.lines().count().saturating_sub(1))),
    ];
    verdicts.push(shown_to_her(&house, &victim).await?);
    verdicts.push(everything_else(&house, stage).await?);
    verdicts.push(without_journal(&house, &victim)?);
    verdicts.push(bounded(&house, stage, &victim)?);
    verdicts.push(demo_refused(&house, stage)?);
    Ok(verdicts)
}

/// What her page of looks calls what was done to the victim, and to the one whose lines were moved.
const TO_HER: [&str; 3] =
    ["当社による確認コードの発行", "当社によるパスワードの登録", "当社による閲覧記録の確認"];
const TO_THE_GIVER: [&str; 3] = ["会員IDの統合", "当社による手続き", "サポート担当による対応の開始"];

/// What the page of somebody's looks does not say of what was done to her.
async fn unsaid(house: &House, entered: &Answer, acts: &[&str]) -> Result<Vec<String>, Failure> {
    let cookies = entered.header("set-cookie").filter_map(|cookie| cookie.split(';').next());
    let cookie = cookies.filter(|cookie| cookie.contains("session=")).last();
    let Some(cookie) = cookie else {
        return Ok(vec![format!("she could not sign in: {}", entered.status)]);
    };
    let page = ask(house.target(), &Request::get("/disclosures").header("cookie", cookie)).await?;
    let text = page.text();
    let missing = acts.iter().filter(|act| page.status != 200 || !text.contains(**act));
    Ok(missing.map(|act| format!("her page ({}) does not say {act}", page.status)).collect())
}

/// With a code of her own she looks at what was done to her account meanwhile.
async fn shown_to_her(house: &House, victim: &str) -> Result<Verdict, Failure> {
    let entered = activate(house.target(), victim, &invite(house, victim)?).await?;
    let found = unsaid(house, &entered, &TO_HER).await?;
    let times = u64::try_from(TO_HER.len()).unwrap_or(u64::MAX);
    Ok(Verdict::of(
        "her own page shows what was done to her account",
        "閲覧の記録, in Japanese",
        times,
        found,
    ))
}

/// Consent to a merge, as the page asks for it; the code.
async fn consent(house: &House, session: &SignedIn, side: &str) -> Result<String, Failure> {
    let body = format!("side={side}&password={PASSWORD}");
    let request = Request::new("POST", "/account/merge")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .header("cookie", &session.cookie)
        .body(body.as_bytes());
    let answer = ask(house.target(), &request).await?;
    let mut cookies = answer.header("set-cookie");
    let carried = cookies.find_map(|cookie| cookie.split_once("merge=")?.1.split(';').next());
    let code = carried.and_then(|carried| carried.rsplit('.').next());
    code.map(str::to_owned).ok_or_else(|| Failure::Product(format!("no code to merge: {}", answer.status)))
}

/// What else an operator can do about accounts and about all: each an entry under the name.
async fn everything_else(house: &House, stage: &Stage) -> Result<Verdict, Failure> {
    stage.say("  accounts are merged and parted, less is offered, the key is changed, an account erased");
    let [_, gives, takes, gone, ..] = house.sessions() else {
        return Err(Failure::Product("fewer than four are signed in".to_owned()));
    };
    let both = [consent(house, gives, "gives").await?, consent(house, takes, "takes").await?];
    let codes = house.data().with_extension("codes");
    fs::write(&codes, format!("{}\n{}\n", both[0], both[1])).map_err(Failure::machine("write two codes"))?;
    let (codes, key) =
        (codes.display().to_string(), house.data().with_extension("key-2").display().to_string());
    let [from, into] = [gives, takes].map(|session| session.account.as_str());
    let shares = house.data().with_extension("shares").display().to_string();
    let paper = house.data().with_extension("paper.json").display().to_string();
    let steps: [(&[&str], &str); 9] = [
        (&["account", "merge", "--yes", "--from", from, "--into", into, "--codes", &codes], ",merge"),
        (&["account", "unmerge", "--yes", "1"], ",unmerge"),
        (&["mode", "force", "read_only"], ",mode force read_only"),
        (&["mode", "release"], ",mode release"),
        (
            &["rollout", "allow", "5e0a93d3f1c64c0b8f6a1de27c9b4410"],
            ",rollout allow 5e0a93d3f1c64c0b8f6a1de27c9b4410 for 1 h",
        ),
        (
            &["account", "export", from, "--case", "2026-0117", "--to", &paper],
            ",account export on case 2026-0117",
        ),
        (&["account", "erase", "--yes", &gone.account], ",account erase"),
        (
            &["key", "escrow", "make", "--shares", "3", "--needed", "2", "--to", &shares],
            ",3 2,key escrow made",
        ),
        (&["key", "rotate", "--to", &key], ",key rotate begun"),
    ];
    let mut found = Vec::new();
    for (words, _) in &steps {
        let ran = house.act(*words)?;
        if ran.code != DONE {
            found.push(format!("{} ended with {:?}: {}", words.join(" "), ran.code, ran.err.trim()));
        }
    }
    let acts = house.command(["journal", "acts"])?;
    for (words, note) in &steps {
        let is_it = |line: &str| line.contains(INSIDER) && line.ends_with(note);
        if !acts.out.lines().any(is_it) {
            found.push(format!("{} is no entry under the name", words.join(" ")));
        }
    }
    let entered = ask(house.target(), &sign_in_form(from)).await?;
    found.extend(unsaid(house, &entered, &TO_THE_GIVER).await?);
    let verified = house.command(["journal", "verify"])?;
    if verified.code != DONE {
        found.push(format!("the journal does not verify: {}", verified.err.trim()));
    }
    let times = u64::try_from(steps.len() + TO_THE_GIVER.len()).unwrap_or(u64::MAX);
    Ok(Verdict::of(
        "what else is done at the command line is an entry, and stands on her page",
        "account merge, unmerge, export, erase; mode force, release; key escrow, rotate",
        times,
        found,
    ))
}

/// A sign-in as the page sends it.
fn sign_in_form(login: &str) -> Request {
    let body = format!("login={login}&password={PASSWORD}");
    Request::new("POST", "/sign-in")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(body.as_bytes())
}

/// A new password by one-time code, as the page sends it.
async fn activate(target: Target, login: &str, code: &str) -> Result<Answer, Failure> {
    let body = format!(
        "login={login}&code={code}&password=a-long-password-of-a-drill-7731&repeat=a-long-password-of-a-drill-7731"
    );
    let request = Request::new("POST", "/activate")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(body.as_bytes());
    ask(target, &request).await
}

/// Where nothing can be written down nothing is done: on a copy the checkpoint of each log is emptied.
fn without_journal(house: &House, victim: &str) -> Result<Verdict, Failure> {
    let data = insider::copy(&house.data(), "without-journal")?;
    let what = || Failure::machine("empty the checkpoints of a copy");
    for log in insider::logs(&data).map_err(what())? {
        fs::write(log.join("checkpoint"), []).map_err(what())?;
    }
    let hashes = house.data().with_extension("hashes.csv").display().to_string();
    let paper = house.data().with_extension("unwritten.json");
    let (mut found, mut times) = (Vec::new(), 0);
    let to = paper.display().to_string();
    for words in [
        &["account", "invite", victim][..],
        &["account", "export", victim, "--case", "2026-0117", "--to", &to],
        &["account", "import-hashes", "--yes", &hashes],
        &["journal", "who-saw", victim],
    ] {
        let ran = house.command_on(&data, words)?;
        times += 1;
        if ran.code == DONE || ran.out.contains("code") {
            found.push(format!("{} was done: {}", words.join(" "), ran.out.trim()));
        }
    }
    if paper.exists() {
        found.push("what an account holds is in a file all the same".to_owned());
    }
    fs::remove_dir_all(&data).map_err(Failure::machine("remove a copy"))?;
    Ok(Verdict::of("what cannot be written down is not done", "a journal that takes nothing", times, found))
}

/// One account has a bounded number of acts a day.
fn bounded(house: &House, stage: &Stage, victim: &str) -> Result<Verdict, Failure> {
    stage.say("  more acts about one account than a day allows");
    let list = house.data().with_extension("logins");
    let logins: Vec<String> = (0..TOO_MANY).map(|_| format!("{victim}\n")).collect();
    fs::write(&list, logins.concat()).map_err(Failure::machine("write a list of names"))?;
    let file = list.display().to_string();
    let ran: Ran = house.act(["account", "invite", "--list", &file])?;
    // A heading, and a line for each code that was made.
    let done = ran.out.lines().count().saturating_sub(1);
    let most = printed_bound(house)?;
    let found = if done == 0 || done > most || ran.code == DONE {
        vec![format!("{done} acts about one account were done, the bound is {most}")]
    } else {
        Vec::new()
    };
    let times = u64::try_from(TOO_MANY).unwrap_or(u64::MAX);
    Ok(Verdict::of("acts about one account have a bound", "account invite again and again", times, found)
        .noting(format!("after {done} more: {}", ran.err.trim().lines().last().unwrap_or_default())))
}

/// The bound of acts about one account a day, as `doctor` prints it.
fn printed_bound(house: &House) -> Result<usize, Failure> {
    let ran = house.command(["doctor"])?;
    let number = ran
        .out
        .split_once(" acts about one account a day")
        .and_then(|(before, _)| before.rsplit(' ').next()?.parse().ok());
    number.ok_or_else(|| Failure::Product(format!("doctor prints no bound of acts: {}{}", ran.out, ran.err)))
}

/// A demo is not made of an installation, nor does the published password open it.
fn demo_refused(house: &House, stage: &Stage) -> Result<Verdict, Failure> {
    let data = house.data().with_extension("real");
    let key = house.data().with_extension("real-key");
    let (data, key) = (data.display().to_string(), key.display().to_string());
    said_by(&stage.options.binary, &["init", &data, "--key-file", &key])?;
    let ran = house.command_on(std::path::Path::new(&data), ["demo", "--listen", "127.0.0.1:0"])?;
    let found = if ran.code == Some(1) && ran.err.contains("not a demo") {
        Vec::new()
    } else {
        vec![format!("demo ended with {:?}: {}", ran.code, ran.err.trim())]
    };
    Ok(Verdict::of("demo refuses a real installation", "honnin demo --data REAL", 1, found))
}
