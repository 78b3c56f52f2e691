//! Plots as SVG: lines over a logarithmic axis, and bars. They follow the reader's light or dark colours.
//!
//! A hundred lines of our own: a library of plots brings its typefaces and backends for what is axes, lines and words.

use std::fmt::Write as _;

use super::figure::Short;

/// A line: its name and its points.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

/// What a plot says round what it shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    pub(super) title: &'static str,
    pub(super) across: &'static str,
    pub(super) up: &'static str,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 62.0;
const BOTTOM: f64 = 52.0;

const STYLE: &str = "<style>text{font:13px sans-serif;fill:#1f2328}.t{font-weight:600;font-size:15px}.g{stroke:#d0d7de}\
                     .l{fill:none;stroke-width:2.5}.s0{stroke:#0550ae;fill:#0550ae}.s1{stroke:#bc4c00;fill:#bc4c00}\
                     .s2{stroke:#57606a;fill:#57606a}.l.s2{stroke-dasharray:6 5}.l.s0,.l.s1,.l.s2{fill:none}\
                     @media(prefers-color-scheme:dark){text{fill:#e6edf3}.g{stroke:#444c56}.s0{stroke:#6cb6ff;fill:#6cb6ff}\
                     .s1{stroke:#f69d50;fill:#f69d50}.s2{stroke:#909dab;fill:#909dab}}</style>";

/// The next round number: 1, 2 or 5 with noughts.
fn round_up(number: f64) -> f64 {
    if number <= 0.0 || !number.is_finite() {
        return 1.0;
    }
    let size = 10_f64.powf(number.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|step| number <= step * size * 1.000_001);
    step.unwrap_or(10.0) * size
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

fn begin(words: Words, names: &[&str]) -> String {
    let title = escaped(words.title);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">\
         {STYLE}<text class=\"t\" x=\"{LEFT}\" y=\"22\">{title}</text>\n"
    );
    let mut at = LEFT;
    for (number, name) in names.iter().enumerate() {
        let name = escaped(name);
        let (class, text) = (number.min(2), at + 20.0);
        let _ = writeln!(
            svg,
            "<path class=\"l s{class}\" d=\"M{at} 42h14\"/><text x=\"{text}\" y=\"46\">{name}</text>"
        );
        at += 48.0 + 7.2 * super::stats::count(name.chars().count());
    }
    svg
}

/// The upright axis: five lines with their values.
fn upright(svg: &mut String, words: Words, most: f64) {
    for step in 0..=5 {
        let value = most * f64::from(step) / 5.0;
        let y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * f64::from(step) / 5.0;
        let (end, text, base) = (WIDTH - RIGHT, LEFT - 8.0, y + 4.0);
        let _ = writeln!(
            svg,
            "<path class=\"g\" d=\"M{LEFT} {y:.1}H{end}\"/><text x=\"{text}\" y=\"{base:.1}\" text-anchor=\"end\">{}</text>",
            Short(value)
        );
    }
    let (middle, up, below) = (f64::midpoint(TOP, HEIGHT - BOTTOM), escaped(words.up), HEIGHT - 10.0);
    let _ = writeln!(
        svg,
        "<text text-anchor=\"middle\" transform=\"translate(18 {middle}) rotate(-90)\">{up}</text>\
         <text x=\"{}\" y=\"{below}\" text-anchor=\"middle\">{}</text>",
        f64::midpoint(LEFT, WIDTH - RIGHT),
        escaped(words.across)
    );
}

/// Lines over an axis whose steps double, with a mark at each place that was measured.
pub(super) fn lines(words: Words, lines: &[Line]) -> String {
    let names: Vec<&str> = lines.iter().map(|line| line.name.as_str()).collect();
    let mut svg = begin(words, &names);
    let points = || lines.iter().flat_map(|line| line.points.iter().copied());
    let most = round_up(points().map(|(_, y)| y).fold(0.0, f64::max));
    let (first, last) = points()
        .map(|(x, _)| x)
        .fold((f64::INFINITY, 0.0), |(least, most), x| (f64::min(least, x), f64::max(most, x)));
    upright(&mut svg, words, most);
    let place = |(x, y): (f64, f64)| {
        let wide = if last > first { (x / first).ln() / (last / first).ln() } else { 0.5 };
        let across = LEFT + 12.0 + (WIDTH - LEFT - RIGHT - 24.0) * wide;
        (across, HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * y / most)
    };
    let mut marks: Vec<f64> = points().map(|(x, _)| x).collect();
    marks.sort_by(f64::total_cmp);
    marks.dedup();
    for mark in marks {
        let ((x, _), y) = (place((mark, 0.0)), HEIGHT - BOTTOM + 18.0);
        let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{mark}</text>");
    }
    for (number, line) in lines.iter().enumerate() {
        let class = number.min(2);
        let mut path = String::new();
        for (at, point) in line.points.iter().enumerate() {
            let (x, y) = place(*point);
            let _ = write!(path, "{}{x:.1} {y:.1}", if at == 0 { 'M' } else { 'L' });
        }
        let _ = writeln!(svg, "<path class=\"l s{class}\" d=\"{path}\"/>");
        for (x, y) in line.points.iter().map(|point| place(*point)) {
            let _ = writeln!(svg, "<circle class=\"s{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>");
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// Groups of bars, the values of each line at each name side by side.
pub(super) fn bars(words: Words, lines: &[&str], groups: &[(String, Vec<f64>)]) -> String {
    let mut svg = begin(words, lines);
    let most = round_up(groups.iter().flat_map(|(_, values)| values).copied().fold(0.0, f64::max));
    upright(&mut svg, words, most);
    let each = (WIDTH - LEFT - RIGHT) / super::stats::count(groups.len().max(1));
    let wide = each * 0.7 / super::stats::count(lines.len().max(1));
    for (number, (name, values)) in groups.iter().enumerate() {
        let begins = LEFT + each * super::stats::count(number);
        for (line, value) in values.iter().enumerate() {
            let tall = (HEIGHT - TOP - BOTTOM) * value / most;
            let (class, y) = (line.min(2), HEIGHT - BOTTOM - tall);
            let x = begins + each * 0.15 + wide * super::stats::count(line);
            let _ = writeln!(
                svg,
                "<rect class=\"s{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{tall:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                wide * 0.9,
                x + wide * 0.45,
                y - 5.0,
                Short(*value)
            );
        }
        let (middle, below) = (begins + each / 2.0, HEIGHT - BOTTOM + 18.0);
        let name = escaped(name);
        let _ = writeln!(svg, "<text x=\"{middle:.1}\" y=\"{below}\" text-anchor=\"middle\">{name}</text>");
    }
    svg.push_str("</svg>\n");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: Words = Words { title: "a < b", across: "load", up: "answers" };

    #[test]
    fn the_largest_value_is_at_the_top_and_the_first_at_the_left() {
        let line = Line { name: "ours".to_owned(), points: vec![(0.5, 0.0), (20.0, 100.0)] };
        let svg = lines(WORDS, &[line]);
        assert!(svg.contains("d=\"M88.0 308.0L688.0 62.0\""), "{svg}");
        assert!(svg.contains("a &lt; b") && !svg.contains("a < b"));
        assert!(svg.contains(">0.5</text>") && svg.contains(">20</text>"));
    }

    #[test]
    fn a_bar_is_as_tall_as_its_value() {
        let svg = bars(WORDS, &["bare", "ours"], &[("home".to_owned(), vec![10.0, 20.0])]);
        assert!(svg.contains("height=\"123.0\"") && svg.contains("height=\"246.0\""), "{svg}");
    }

    #[test]
    fn axes_end_at_round_numbers() {
        assert_eq!(
            [0.7, 1.0, 1.1, 4.0, 7.0, 1800.0, 0.0].map(round_up).map(|number| Short(number).to_string()),
            ["1.00", "1.00", "2.00", "5.00", "10.0", "2,000", "1.00"]
        );
    }

    #[test]
    fn a_plot_is_well_formed() {
        let line = || Line { name: "x".to_owned(), points: vec![(1.0, 3.0)] };
        for svg in [lines(WORDS, &[line(), line()]), bars(WORDS, &["x"], &[("y".to_owned(), vec![0.0])])] {
            assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
            assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && !svg.contains("NaN"), "{svg}");
        }
    }
}
