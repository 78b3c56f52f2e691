//! The schema, and every statement on it.

use honnin_store_postgres::{copying_statements, statements};
use honnin_testkit::PostgresServer;

use crate::opened;

/// Tables that name nobody: what a process counts, and the version of the schema.
const NOBODYS: [&str; 2] = ["change", "schema_version"];

#[test]
fn every_statement_is_served_by_an_index() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    let mut asked = "set enable_seqscan = off; set plan_cache_mode = force_generic_plan; \
        set search_path = pg_catalog, pg_temp; set honnin.tenant = '1'; set honnin.reach = 'house';"
        .to_owned();
    let mut names = Vec::new();
    let written = statements().iter().map(|statement| (statement.name.to_owned(), statement.sql.to_owned()));
    for (name, sql) in written.chain(copying_statements()) {
        let numbers = sql.split('$').skip(1);
        let number = |rest: &str| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<usize>().unwrap_or(0)
        };
        let most = numbers.map(number).max().unwrap_or(0);
        let nulls = vec!["null"; most].join(", ");
        let with = if most == 0 { String::new() } else { format!("({nulls})") };
        let explained = format!("explain (costs off) execute \"{name}\" {with};");
        asked.extend([format!("prepare \"{name}\" as {sql}; select '== {name}';"), explained]);
        assert!(!names.contains(&name), "{name} is there twice");
        names.push(name);
    }
    let said = server.sql(&database, &asked);
    assert_eq!(said.matches("== ").count(), names.len());
    let mut name = "";
    for line in said.lines() {
        name = line.strip_prefix("== ").unwrap_or(name);
        let scanned = line.trim().trim_start_matches("-> ").trim().strip_prefix("Seq Scan on ");
        let nobodys = scanned.is_none_or(|table| NOBODYS.iter().any(|nobodys| table.starts_with(nobodys)));
        assert!(nobodys, "{name} goes through a whole table:\n{said}");
    }
}

#[test]
fn a_store_prepared_twice_is_as_one_prepared_once() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = server.database();
    let looked = || {
        server.sql(
            &database,
            "select table_name, column_name, data_type, is_nullable, column_default, collation_name \
                 from information_schema.columns where table_schema = 'honnin' order by 1, ordinal_position; \
             select tablename, indexdef from pg_indexes where schemaname = 'honnin' order by 1, 2; \
             select tablename, policyname, permissive, roles, cmd, qual, with_check from pg_policies order by 1, 2; \
             select relname, relrowsecurity, relforcerowsecurity, relacl from pg_class \
                 where relnamespace = 'honnin'::regnamespace order by 1; \
             select * from honnin.schema_version",
        )
    };
    let prepare =
        || honnin_store_postgres::prepare(&opened::target(&server, "owner", &database), "honnin").unwrap();
    prepare();
    let once = looked();
    prepare();
    assert_eq!(looked(), once);
    assert!(once.contains("session|floor|RESTRICTIVE|{public}|ALL|"), "{once}");
}

#[test]
fn every_column_of_the_engine_has_a_decision_on_privacy() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    let found = server.sql(
        &database,
        "select table_name || '.' || column_name from information_schema.columns \
         where table_schema = 'honnin' order by 1",
    );
    let mut decided = Vec::new();
    for register in [include_str!("../../../store-sqlite/privacy.toml"), include_str!("../../privacy.toml")] {
        let register: toml::Table = register.parse().unwrap();
        for (table, columns) in &register {
            decided.extend(columns.as_table().unwrap().keys().map(|column| format!("{table}.{column}")));
        }
    }
    let mut found: Vec<_> = found.lines().map(str::to_owned).collect();
    found.sort();
    decided.sort();
    assert_eq!(found, decided);
}
