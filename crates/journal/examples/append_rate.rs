//! Prints how many entries a second become durable, and what an entry costs the processor.
//!
//! `cargo run --release -p honnin-journal --example append_rate [directory]`

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use honnin_journal::{
    Act, Bounds, Details, Entry, EpochKeys, FileAnchor, Journal, Kind, LogKeys, Opening, Party, Trust, verify,
};
use honnin_seal::{IndexKey, KeeperKey, MacKey, Secret, SigningKey};
use honnin_terms::{
    AccountId, DeviceId, Entropy, EntryRef, HoldingId, Id, LogId, Moment, RequestId, SessionId, TenantId,
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Octets that differ each time; nothing here is secret.
#[derive(Default)]
struct Counting(AtomicU64);
impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let next = self.0.fetch_add(1, Ordering::Relaxed);
        bytes.iter_mut().zip(next.to_le_bytes().into_iter().cycle()).for_each(|(to, from)| *to = from);
    }
}

#[expect(clippy::disallowed_methods, reason = "a measurement is made with a real clock")]
fn now() -> Instant {
    Instant::now()
}

/// Seconds of processor time of all threads of this process (proc(5): utime and stime, hundredths of a second).
fn processor_time() -> Result<f64, Failure> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(") ").ok_or("an unknown shape of the process's status")?;
    Ok(fields.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0)
}

fn keys(root: &Secret) -> Result<EpochKeys, Failure> {
    Ok(EpochKeys {
        tenant: TenantId::FIRST,
        epoch: 1,
        pseudonym: IndexKey::of_root(root, TenantId::FIRST, "journal pseudonym 1")?,
        body: KeeperKey::of_root(root, TenantId::FIRST, "journal body 1")?,
    })
}

fn seal(keys: &EpochKeys, entropy: &Counting, number: u64) -> Result<Entry, Failure> {
    let mut id = [0; 16];
    id.iter_mut().zip((number % 100_000).to_be_bytes()).for_each(|(to, from)| *to = from);
    let account = AccountId::from_octets(id);
    let details = Details {
        holding: Some(HoldingId::from_octets([7; 16])),
        request: Some(RequestId::from_octets([7; 16])),
        session: Some(SessionId::from_octets([7; 16])),
        device: Some(DeviceId::from_octets([7; 16])),
        ..Details::default()
    };
    let (moment, who) = (Moment::EPOCH.plus_seconds(1_800_000_000), Party::Account(account));
    let act = Act { what: 1, channel: 1, ..Act::new(Kind::Disclosure, moment, who, who, &details) };
    Ok(keys.seal(&act, entropy)?)
}

#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn main() -> Result<(), Failure> {
    let dir = std::env::args().nth(1).map_or_else(
        || std::env::temp_dir().join(format!("honnin-append-rate-{}", std::process::id())),
        PathBuf::from,
    );
    let root = Secret::from_octets([7; 32]);
    let (keys, entropy) = (keys(&root)?, Counting::default());

    let (started, used) = (now(), processor_time()?);
    let entries: Arc<Vec<Entry>> =
        Arc::new((0..200_000).map(|number| seal(&keys, &entropy, number)).collect::<Result<_, _>>()?);
    println!("directory {}", dir.display());
    println!("entry {} octets", entries.first().map_or(0, |entry| entry.octets().len()));
    println!(
        "pseudonym and seal  {:>9.0} /s  {:>6.2} µs of processor each",
        200_000.0 / started.elapsed().as_secs_f64(),
        (processor_time()? - used) * 5.0
    );

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
    for (waiting, count) in [(1u32, 20_000u32), (16, 200_000), (128, 800_000), (1024, 1_600_000)] {
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        let key = SigningKey::of_seed(&root)?;
        let verifying_key = key.verifying_key()?;
        let chain = MacKey::of_secret(&root);
        let trust = Trust { chain: Some(chain.again()), ..Trust::of_key(verifying_key) };
        let journal = Arc::new(Journal::open(Opening {
            root: dir.join("journal"),
            log: LogId::from_octets([1; 16]),
            origin: "append-rate.example".to_owned(),
            keys: LogKeys { signing: key, chain },
            bounds: Bounds::default(),
            anchor: Arc::new(FileAnchor(dir.join("anchors"))),
            steady: None,
            as_it_is: false,
        })?);
        let (started, used) = (now(), processor_time()?);
        runtime.block_on(append(&journal, &entries, waiting, count))?;
        let (elapsed, appended) = (started.elapsed().as_secs_f64(), processor_time()? - used);
        Arc::into_inner(journal).ok_or("the journal is still in use")?.close()?;
        let whole = processor_time()? - used;
        let count = f64::from(count);
        println!(
            "{waiting:>5} waiting  {:>9.0} entries/s  {:>6.2} µs each until durable, {:>6.2} µs published and closed",
            count / elapsed,
            appended * 1e6 / count,
            whole * 1e6 / count
        );
        let started = now();
        let report = verify(&dir.join("journal"), &trust, None)?;
        println!(
            "               verified {} entries in {:.2} s",
            report.entries(),
            started.elapsed().as_secs_f64()
        );
    }
    Ok(fs::remove_dir_all(&dir)?)
}

/// Appends `count` entries from `waiting` tasks, each of which waits for its entry before the next.
async fn append(
    journal: &Arc<Journal>,
    entries: &Arc<Vec<Entry>>,
    waiting: u32,
    count: u32,
) -> Result<(), Failure> {
    let each = count / waiting;
    let tasks: Vec<_> = (0..waiting)
        .map(|task| {
            let (journal, entries) = (Arc::clone(journal), Arc::clone(entries));
            tokio::spawn(async move {
                let from = usize::try_from(task)?;
                for entry in entries.iter().cycle().skip(from).take(usize::try_from(each)?) {
                    // The loss of one is the end of the measurement; a full queue is part of it.
                    let _: EntryRef = journal.append(entry).await?;
                }
                Ok::<(), Failure>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}
