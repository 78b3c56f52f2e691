//! The report as one HTML page that needs nothing else: to be filed, printed, sent.

use std::fmt::{self, Display, Write};

use super::report::{Outcome, Report, Run, Verdict};

const STYLE: &str = "\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#16202a;background:#fff}\
h1{font-size:1.5rem}h2{font-size:1.15rem;margin:2rem 0 .25rem}dl{display:grid;grid-template-columns:max-content 1fr;\
gap:.1rem 1rem}dt{color:#46525e}dd{margin:0;overflow-wrap:anywhere}table{border-collapse:collapse;width:100%}\
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem .35rem 0;border-top:1px solid #c6ced6}\
td.n{text-align:right;font-variant-numeric:tabular-nums}.pass{color:#0b6b3a}.FAIL{color:#a1122a;font-weight:700}\
.not{color:#46525e}ul{margin:0;padding-left:1.1rem}@media print{h2{break-after:avoid}tr{break-inside:avoid}}";

/// Text, escaped for HTML.
struct Escaped<T>(T);

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.to_string().chars() {
            match character {
                '<' => f.write_str("&lt;"),
                '>' => f.write_str("&gt;"),
                '&' => f.write_str("&amp;"),
                '"' => f.write_str("&quot;"),
                '\'' => f.write_str("&#39;"),
                other => f.write_char(other),
            }?;
        }
        Ok(())
    }
}

/// Writes the page.
///
/// # Errors
/// Those of `out`; a `String` has none.
pub fn page(report: &Report, out: &mut impl Write) -> fmt::Result {
    let Report { product, build, configuration, seed, seconds, began, ended, drills } = report;
    let count = |word: &str| drills.iter().filter(|outcome| outcome.word() == word).count();
    let (passed, failed, not_yet) = (count("pass"), count("FAIL"), count("not yet"));
    let skipped = match count("skipped") {
        0 => String::new(),
        skipped => format!("{skipped} skipped, "),
    };
    let (word, class) = if report.failed() {
        ("FAIL", "FAIL")
    } else if passed > 0 {
        ("pass", "pass")
    } else {
        ("nothing was run", "not")
    };
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>Drills: {word}</title><style>{STYLE}</style></head><body>\n\
         <h1>Drills: <span class=\"{class}\">{word}</span></h1>\n<dl>"
    )?;
    let summary = format!("{passed} passed, {failed} failed, {skipped}{not_yet} not built yet");
    let seconds = format!("{seconds} seconds of load for each drill");
    let seed = seed.to_string();
    for (term, value) in [
        ("Result", &summary),
        ("Product", product),
        ("Build", build),
        ("Configuration", configuration),
        ("Seed", &seed),
        ("Length", &seconds),
        ("Began", began),
        ("Ended", ended),
    ] {
        write!(out, "<dt>{term}</dt><dd>{}</dd>", Escaped(value))?;
    }
    out.write_str("</dl>\n")?;
    drills.iter().try_for_each(|outcome| drill(outcome, out))?;
    out.write_str("</body></html>\n")
}

fn drill(outcome: &Outcome, out: &mut impl Write) -> fmt::Result {
    let word = outcome.word();
    let class = if matches!(word, "not yet" | "skipped") { "not" } else { word };
    let Outcome { drill, incident, began, ended, run } = outcome;
    writeln!(out, "<h2>{} <span class=\"{class}\">{word}</span></h2>", Escaped(drill))?;
    writeln!(out, "<p>{}</p>", Escaped(incident))?;
    match run {
        Run::NotYet => writeln!(out, "<p class=\"not\">This drill is not built yet. It says nothing.</p>"),
        Run::Skipped { why } => {
            writeln!(out, "<p class=\"not\">It was not run, so it says nothing: {}</p>", Escaped(why))
        }
        Run::Broken { why } => {
            writeln!(out, "<p class=\"FAIL\">It could not be run to its end: {}</p>", Escaped(why))
        }
        Run::Done { verdicts } => {
            writeln!(out, "<p>From {} to {}.</p>", Escaped(began), Escaped(ended))?;
            out.write_str(
                "<table><thead><tr><th>Check</th><th>Verdict</th><th>Tried</th><th>Times</th><th>Found</th></tr></thead><tbody>\n",
            )?;
            verdicts.iter().try_for_each(|verdict| row(verdict, out))?;
            out.write_str("</tbody></table>\n")
        }
    }
}

fn row(verdict: &Verdict, out: &mut impl Write) -> fmt::Result {
    let Verdict { check, pass, tried, times, found, noted } = verdict;
    let word = if *pass { "pass" } else { "FAIL" };
    write!(
        out,
        "<tr><td>{}</td><td class=\"{word}\">{word}</td><td>{}</td><td class=\"n\">{times}</td><td>",
        Escaped(check),
        Escaped(tried)
    )?;
    if found.is_empty() {
        out.write_str("nothing")?;
    } else {
        out.write_str("<ul>")?;
        found.iter().try_for_each(|found| write!(out, "<li>{}</li>", Escaped(found)))?;
        out.write_str("</ul>")?;
    }
    noted.iter().try_for_each(|noted| write!(out, "<p class=\"not\">{}</p>", Escaped(noted)))?;
    out.write_str("</td></tr>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_everything_and_escapes_what_was_found() {
        let verdicts = vec![
            Verdict::of("only oneself", "GET /", 1234, vec![]).noting("all <well>".into()),
            Verdict::of("no <script>", "GET /?'", 7, vec!["<script>alert(\"1\")</script>".into()]),
        ];
        let outcome = |drill: &str, run| Outcome {
            drill: drill.into(),
            incident: "something happened".into(),
            began: "2026-11-20T06:00:00Z".into(),
            ended: "2026-11-20T06:00:05Z".into(),
            run,
        };
        let report = Report {
            product: "honnin 0.1.0".into(),
            build: "ab12".into(),
            configuration: "cd34".into(),
            seed: 42,
            seconds: 5,
            began: "2026-11-20T06:00:00Z".into(),
            ended: "2026-11-20T06:00:09Z".into(),
            drills: vec![
                outcome("D01", Run::Done { verdicts }),
                outcome("D02", Run::NotYet),
                outcome("D03", Run::Broken { why: "the port <taken>".into() }),
            ],
        };
        let mut html = String::new();
        page(&report, &mut html).unwrap();
        for said in [
            "0 passed, 2 failed, 1 not built yet",
            "honnin 0.1.0",
            "ab12",
            "cd34",
            ">42<",
            "1234",
            "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;",
            "the port &lt;taken&gt;",
            "all &lt;well&gt;",
            "not built yet. It says nothing",
        ] {
            assert!(html.contains(said), "{said}");
        }
        assert!(!html.contains("<script") && !html.contains("http"), "it needs nothing from elsewhere");
        assert_eq!(serde_json::from_str::<Report>(&report.json().unwrap()).unwrap(), report);
    }
}
