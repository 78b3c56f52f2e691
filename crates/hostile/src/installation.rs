//! The parts of an installation, wired as the binary wires them, in this process and with what tests can afford: for the
//! house of the fuzz bodies and for the tests of what real systems do to files.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use honnin_access::{Authorities, FeedAuthority};
use honnin_care::{Care, CareParts};
use honnin_front::{Bounds, Entrance, Front, listen};
use honnin_intake::{Feed, Mapping, PARTITION_OCTETS, RunError, Summary};
use honnin_node::{PublicPath, Standing};
use honnin_overload::{RoomBounds, WaitingRoom};
use honnin_pages::format::Currency;
use honnin_pages::page::brand::Brand;
use honnin_pages::page::{Contact, Operator};
use honnin_pages::words::Language;
use honnin_stand::{Ground, Stand, exports, gate, sign_in, the_log};
use honnin_store_sqlite::Sqlite;
use honnin_terms::{Clock as _, Id as _, RequestId, Zone};
use honnin_testkit::FixedClock;
use honnin_web::route::{App, DeskBounds, Wiring, serve};

use crate::Failure;

/// What differs between the sites of installations.
#[derive(Debug)]
pub struct Site {
    /// The operator's name.
    pub name: &'static str,
    /// How the operator is reached.
    pub contact: Contact,
    /// Whom to tell of a weakness.
    pub security_contact: Option<String>,
}

/// An installation on the embedded engine.
pub type Installation = Stand<Sqlite>;

/// Creates an installation that shows that moment.
pub fn installed(ground: &Ground, clock: FixedClock) -> Installation {
    Stand::on(ground, clock, honnin_store_sqlite::Bounds::default(), |sqlite| sqlite)
}

/// Takes in an extract.
///
/// # Errors
/// [`RunError`] as every run tells it.
pub fn take(
    stand: &Installation,
    authority: &FeedAuthority,
    mapping: &Mapping,
    dirs: &[PathBuf],
) -> Result<Summary, RunError> {
    let permit = authority.append(stand.clock.now(), RequestId::from_octets([1; 16]));
    let feed = Feed {
        permit: &permit,
        keeper: &stand.ground.keeper,
        store: &*stand.store,
        entropy: &*stand.ground.entropy,
        spill_dir: stand.dir.path(),
        partition_octets: PARTITION_OCTETS,
    };
    feed.take(mapping, dirs, &mut |_| {})
}

/// What subscribers can do in it, with a new journal.
pub fn care(stand: &Installation, zone: Zone) -> Arc<Care> {
    let Authorities { subscriber, gate: out, node, .. } = stand.authorities(sign_in());
    let journal = stand.journal(the_log());
    let standing = Standing::new(None, Arc::new(PublicPath::unwatched()), Arc::clone(&journal), |_| {});
    let gate = gate(out, &journal, Arc::new(standing));
    Arc::new(Care::new(CareParts { zone, wish_seconds: 0, ..stand.care(subscriber, gate, exports(node)) }))
}

/// Opens a door to what subscribers can do; its connections live on the runtime in whose context this is called.
///
/// # Errors
/// [`Failure`] where the machine does not give it.
pub fn begin(
    stand: &Installation,
    care: &Arc<Care>,
    front: Front,
    site: Site,
) -> Result<SocketAddr, Failure> {
    let key = stand.ground.keeper.waiting_room_key()?;
    let stamp = move |text: &[u8]| key.tag([text]).first_chunk().copied().unwrap_or_default();
    let wiring = Wiring {
        documents: DeskBounds::default(),
        front,
        bounds: Bounds::default(),
        room: Arc::new(WaitingRoom::new(RoomBounds::default(), Box::new(stamp))),
        care: Arc::clone(care),
        operator: Operator {
            name: site.name.to_owned(),
            host: "my.example.jp".to_owned(),
            contact: site.contact,
            top_up: None,
            texts: Language::JA,
            currency: Currency::JPY,
            brand: Brand::default(),
            status_page: None,
            demo: false,
        },
        notices: Arc::default(),
        simulated: true,
        shared_prefixes: Vec::new(),
        allowed_origins: Vec::new(),
        security_contact: site.security_contact,
    };
    let listener = listen("127.0.0.1:0".parse()?, 64)?;
    let at = listener.local_addr()?;
    let entrance = Entrance { listeners: vec![listener], ..Entrance::default() };
    let app = App::new(wiring, Arc::clone(&stand.ground.entropy))?;
    tokio::spawn(serve(entrance, Arc::new(app), std::future::pending()));
    Ok(at)
}
