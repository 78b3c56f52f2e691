//! Files of `docs/reference/` that are made from the source: compared by tests, written anew on demand.

use std::path::PathBuf;

/// Fails where the file differs; writes it instead where `HONNIN_WRITE_REFERENCE` is set.
#[track_caller]
#[expect(
    clippy::disallowed_methods,
    reason = "a test that writes a reference file is asked to by the environment"
)]
pub(super) fn compare(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name);
    if std::env::var_os("HONNIN_WRITE_REFERENCE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "docs/reference/{name} is not what the source says; run the tests with HONNIN_WRITE_REFERENCE=1"
    );
}
