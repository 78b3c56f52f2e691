use super::*;

fn refused(text: &str) -> String {
    let problems = Settings::of_tree(text.parse().unwrap()).unwrap_err();
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_default_file_says_what_the_program_does() {
    assert_eq!(
        Settings::default().commented(),
        include_str!("../../../../docs/reference/settings.toml"),
        "write it anew: cargo run -- config default > docs/reference/settings.toml"
    );
}

#[test]
fn the_default_file_reads_back_as_the_defaults() {
    let tree = Settings::default().commented().parse().unwrap();
    assert_eq!(Settings::of_tree(tree), Ok(Settings::default()));
}

#[test]
fn every_default_lies_within_its_own_bounds() {
    // Reading checks bounds; the commented file names each key.
    let printed = Settings::default().effective();
    assert!(printed.lines().count() > 60, "{printed}");
    for line in printed.lines() {
        let (key, value) = line.split_once(" = ").unwrap();
        let (section, key) = key.split_once('.').unwrap();
        let tree = format!("[{section}]\n{key} = {value}\n").parse().unwrap();
        assert_eq!(Settings::of_tree(tree), Ok(Settings::default()), "{line}");
    }
}

#[test]
fn what_is_set_holds_and_the_rest_keeps_its_default() {
    let settings =
        Settings::of_tree("[server]\nheader = \"2 s\"\n[listen]\npublic = [\"[::1]:0\"]".parse().unwrap())
            .unwrap();
    assert_eq!(settings.server.header.to_string(), "2 s");
    assert_eq!(settings.server.body, Server::default().body);
    assert_eq!(settings.listen.public, ["[::1]:0".parse().unwrap()]);
    assert!(settings.effective().contains("server.header = \"2 s\"\n"));
}

#[test]
fn everything_wrong_is_told_at_once_with_key_found_and_what_to_write() {
    let told = refused(
        "[server]\nconections = 5\nheader = 10\nconnections = 0\n[sesions]\nidle = \"1 h\"\n[logs]\nfiles = \"8\"",
    );
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 5, "{told}");
    assert!(lines[0].starts_with("server.connections: found 0, write from 1 to 1_000_000"), "{told}");
    assert!(lines[1].starts_with("server.header: found 10, write a time with its unit such as"), "{told}");
    assert!(lines[2].starts_with("server.conections: is not known; known here: threads, "), "{told}");
    assert!(lines[3].starts_with("logs.files: found \"8\", write a whole number"), "{told}");
    assert!(
        lines[4].starts_with("sesions: is not known; known here: tenant, node, listen, canary, server, "),
        "{told}"
    );
}

#[test]
fn a_section_that_is_no_section_is_told() {
    assert_eq!(refused("store = 5"), "store: found 5, write a section: [store]");
}

#[test]
fn a_file_that_is_not_there_says_how_to_make_one() {
    let error = Settings::load(Path::new("/nowhere/honnin.toml")).unwrap_err().to_string();
    assert!(error.contains("/nowhere/honnin.toml") && error.contains("honnin init"), "{error}");
}

#[test]
fn names_addresses_and_files_are_each_nodes_own() {
    let own = "[node]\nname = \"2\"\n[listen]\npublic = [\"[::1]:0\"]\nmetrics = \"[::1]:9\"\ndoor = \"d\"\ntls_key = \"k\"\n\
               [tenant]\nlogo = \"l.svg\"\n[keys]\nkey_file = \"k\"\n[store]\nurl = \"postgresql://a@/b\"\n\
               [status]\ndirectory = \"s\"\n[journal]\ncheckpoints = \"c\"\n[logs]\ndirectory = \"l\"\n\
               [server]\nthreads = 7\n[sign_in]\nhash_threads = 7\n";
    let settings = Settings::of_tree(own.parse().unwrap()).unwrap();
    assert_eq!(settings.shared(), Settings::default().shared());
}

#[test]
fn what_decides_what_people_see_and_may_is_compared_between_nodes() {
    let usual = Settings::default().shared();
    for (section, key, value) in [
        ("tenant", "name", "\"X\""),
        ("tenant", "public_url", "\"https://x.example\""),
        ("sessions", "idle", "\"1 h\""),
        ("sign_in", "second_factor", "\"required\""),
        ("sign_in", "passkeys", "false"),
        ("sign_in", "leaked_passwords", "\"p\""),
        ("canary", "patience", "\"1 s\""),
        ("journal", "retention_days", "30"),
        ("journal", "checkpoint_required", "true"),
        ("exports", "keep", "\"2 h\""),
        ("network", "element", "\"x\""),
        ("store", "poll", "\"1 s\""),
    ] {
        let text = format!("[{section}]\n{key} = {value}\n");
        let shared = Settings::of_tree(text.parse().unwrap()).unwrap().shared();
        let apart: Vec<&String> =
            shared.iter().zip(&usual).filter(|(a, b)| a != b).map(|((name, _), _)| name).collect();
        assert_eq!(apart, [&format!("{section}.{key}")], "{text}");
    }
}

#[test]
fn where_a_list_lies_is_each_nodes_own_and_whether_there_is_one_is_not() {
    let shared = |path: &str| {
        let text = format!("[sign_in]\nleaked_passwords = {path:?}\n");
        Settings::of_tree(text.parse().unwrap()).unwrap().shared()
    };
    assert_eq!(shared("/here/list"), shared("there.txt"));
    assert_ne!(shared("/here/list"), shared(""));
}
