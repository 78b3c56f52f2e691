//! The Grafana dashboard that ships, made from the table: a new figure is a new panel.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use super::tests::{clean, is_to_write, promtool, root, uncounted};
use super::*;

/// The window of a rate, which Grafana chooses by the time shown.
const WINDOW: &str = "$__rate_interval";

/// Rows of the dashboard: a title, and what the names of its figures begin with. The first that fits takes a figure.
const ROWS: &[(&str, &[&str])] = &[
    ("Requests", &["honnin_request", "honnin_turns", "honnin_documents", "honnin_exports"]),
    ("Sign-in", &["honnin_sign_in"]),
    (
        "Connections",
        &[
            "honnin_connections",
            "honnin_accept",
            "honnin_tls",
            "honnin_frame",
            "honnin_certificate",
            "honnin_door",
        ],
    ),
    ("Journal and keeper", &["honnin_journal", "honnin_checkpoint", "honnin_keeper", "honnin_clock"]),
    (
        "Ledger, store and network",
        &["honnin_ledger", "honnin_store", "honnin_data", "honnin_wish", "honnin_element"],
    ),
    ("The service", &["honnin_"]),
    ("The process", &["process_"]),
];

/// What stands above the rows, large: what it is, what is asked, its unit, and the value from which on its colour is
/// another, a bad one or a good one.
const FIRST: &[(&str, &str, &str, f64, bool)] = &[
    ("Nodes that take requests", "sum(honnin_ready)", "short", 1.0, false),
    ("Personal pages are stopped", "max(honnin_isolated)", "short", 1.0, true),
    ("Alarms in 24 hours", "sum(increase(honnin_alarm_total[24h]))", "short", 1.0, true),
    ("Age of the ledger", "time() - max(honnin_ledger_taken_in_timestamp_seconds)", "s", 129_600.0, true),
    ("Answers a second", "sum(rate(honnin_requests_total[$__rate_interval]))", "reqps", 0.0, false),
];

/// Whether it says when, and not how much.
fn is_moment(figure: &Figure) -> bool {
    figure.name.ends_with("_timestamp_seconds") || figure.name == "process_start_time_seconds"
}

/// What is asked of Prometheus for a figure, and what names each line.
fn asked(figure: &Figure) -> Vec<(String, String)> {
    let Figure { name, labels, .. } = figure;
    let by: Vec<&str> = labels.iter().map(|label| label.name).collect();
    let legend: Vec<String> = by.iter().map(|name| format!("{{{{{name}}}}}")).collect();
    let legend = legend.join(" ");
    match figure.word() {
        "histogram" => {
            let quantile = |share: &str| {
                let by = ["le"].iter().chain(&by).copied().collect::<Vec<_>>().join(", ");
                format!("histogram_quantile({share}, sum by ({by}) (rate({name}_bucket[{WINDOW}])))")
            };
            [("0.5", "half"), ("0.99", "99 of 100")]
                .map(|(share, word)| (quantile(share), format!("{legend} {word}")))
                .to_vec()
        }
        "counter" => vec![(format!("sum by ({}) (rate({name}[{WINDOW}]))", by.join(", ")), legend)],
        _ if is_moment(figure) => vec![(format!("{name} * 1000"), "{{instance}}".into())],
        _ => vec![((*name).into(), format!("{{{{instance}}}} {legend}").trim().into())],
    }
}

/// Grafana's word for the unit.
fn unit(figure: &Figure) -> &'static str {
    match (figure.word(), figure.unit()) {
        (_, Some("bytes")) => "bytes",
        (_, Some("seconds")) if is_moment(figure) => "dateTimeAsIso",
        ("counter", Some("seconds")) => "percentunit",
        (_, Some("seconds")) => "s",
        ("counter", _) => "cps",
        _ => "short",
    }
}

/// Where the next panel stands: rows of 24 units.
struct Grid {
    id: u32,
    x: u32,
    y: u32,
    panels: Vec<Value>,
}

impl Grid {
    fn put(&mut self, (width, height): (u32, u32), mut panel: Value) {
        if self.x + width > 24 {
            (self.x, self.y) = (0, self.y + height);
        }
        panel["id"] = self.id.into();
        panel["gridPos"] = json!({"h": height, "w": width, "x": self.x, "y": self.y});
        if panel["type"] != "row" {
            panel["datasource"] = json!({"type": "prometheus", "uid": "${source}"});
        }
        self.panels.push(panel);
        (self.id, self.x) = (self.id + 1, self.x + width);
    }

    fn line(&mut self, height: u32) {
        if self.x > 0 {
            (self.x, self.y) = (0, self.y + height);
        }
    }
}

fn target(place: usize, expr: &str, legend: &str) -> Value {
    let id = char::from(b'A' + u8::try_from(place).unwrap()).to_string();
    json!({"refId": id, "expr": expr, "legendFormat": legend})
}

fn dashboard() -> Value {
    let mut grid = Grid { id: 1, x: 0, y: 0, panels: Vec::new() };
    for (title, expr, unit, bad_from, is_bad) in FIRST {
        let colours = if *is_bad { ["green", "red"] } else { ["red", "green"] };
        let steps = json!([
            {"color": colours[0], "value": null}, {"color": colours[1], "value": bad_from},
        ]);
        grid.put((4, 4), json!({
            "type": "stat", "title": title, "targets": [target(0, expr, "")],
            "fieldConfig": {"defaults": {"unit": unit, "thresholds": {"mode": "absolute", "steps": steps}}, "overrides": []},
        }));
    }
    grid.line(4);
    for (row, (title, _)) in ROWS.iter().enumerate() {
        grid.put((24, 1), json!({"type": "row", "title": title, "collapsed": false, "panels": []}));
        grid.line(1);
        for figure in TABLE.iter().filter(|figure| row_of(figure) == Some(row)) {
            let targets: Vec<Value> = asked(figure)
                .iter()
                .enumerate()
                .map(|(place, (expr, legend))| target(place, expr, legend))
                .collect();
            grid.put((8, 7), json!({
                "type": "timeseries", "title": figure.says, "description": figure.name, "targets": targets,
                "fieldConfig": {"defaults": {"unit": unit(figure), "min": 0}, "overrides": []},
            }));
        }
        grid.line(7);
    }
    json!({
        "title": "Honnin", "uid": "honnin", "schemaVersion": 39, "version": 1, "editable": true, "refresh": "30s",
        "tags": ["honnin"], "time": {"from": "now-6h", "to": "now"}, "panels": grid.panels,
        "templating": {"list": [
            {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"},
        ]},
        "annotations": {"list": [{
            "name": "Alarms", "enable": true, "iconColor": "red",
            "datasource": {"type": "prometheus", "uid": "${source}"},
            "expr": "increase(honnin_alarm_total[5m]) > 0", "titleFormat": "{{kind}}",
        }]},
    })
}

/// The row a figure stands in.
fn row_of(figure: &Figure) -> Option<usize> {
    ROWS.iter().position(|(_, begins)| begins.iter().any(|begin| figure.name.starts_with(begin)))
}

/// Everything a dashboard asks of Prometheus.
fn questions(dashboard: &Value) -> Vec<&str> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let notes = dashboard["annotations"]["list"].as_array().unwrap();
    targets.chain(notes).map(|target| target["expr"].as_str().unwrap()).collect()
}

#[test]
fn the_dashboard_is_the_table_and_shows_every_figure() {
    let (made, file) = (dashboard(), root().join("examples/monitoring/dashboard.json"));
    if is_to_write() {
        fs::write(&file, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
    }
    let written: Value =
        serde_json::from_str(&fs::read_to_string(&file).unwrap_or_default()).unwrap_or_default();
    assert!(
        written == made,
        "examples/monitoring/dashboard.json: run the tests with HONNIN_WRITE_REFERENCE=1"
    );
    let asked = questions(&made);
    for Figure { name, .. } in TABLE {
        assert!(asked.iter().any(|asked| asked.contains(name)), "no panel shows {name}");
    }
    for (_, asked, ..) in FIRST {
        assert_eq!(uncounted(asked), None, "asked for in {asked}");
    }
    let places: BTreeSet<(u64, u64)> = made["panels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|panel| (panel["gridPos"]["y"].as_u64().unwrap(), panel["gridPos"]["x"].as_u64().unwrap()))
        .collect();
    assert_eq!(places.len(), made["panels"].as_array().unwrap().len(), "two panels stand in one place");
}

#[test]
fn promtool_takes_every_question_of_the_dashboard() {
    use std::fmt::Write as _;

    let made = dashboard();
    let rules = |more: &str| {
        let mut text = String::from("groups:\n  - name: dashboard\n    rules:\n");
        for (number, asked) in questions(&made).into_iter().chain([more]).enumerate() {
            let asked = asked.replace(WINDOW, "5m");
            writeln!(text, "      - record: asked:{number}\n        expr: {asked:?}").unwrap();
        }
        text
    };
    if let Some(output) = promtool(&["check", "rules", "/dev/stdin"], &rules("vector(1)")) {
        clean(&output);
        let broken = promtool(&["check", "rules", "/dev/stdin"], &rules("sum by ( (rate(x[5m]))")).unwrap();
        assert!(!broken.status.success(), "a question that is none passes: {broken:?}");
    }
}
