//! Makes the assets: draws the icons, names each file by its content, compresses it, and writes the table
//! that `src/assets.rs` takes in. Nothing here runs in the product.

#[path = "build/icon.rs"]
mod icon;
#[path = "build/languages.rs"]
mod languages;
#[path = "build/table.rs"]
mod table;

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use table::Table;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=assets");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=src/words/languages");
    #[expect(
        clippy::disallowed_methods,
        reason = "a build script learns its folder from the environment only"
    )]
    let out = env::var("OUT_DIR")?;
    let out = Path::new(&out);
    let read = |name: &str| fs::read_to_string(Path::new("assets").join(name)).map(|text| lean(&text));

    let mut table = Table::default();
    table.hashed("icon.svg", "image/svg+xml", read("icon.svg")?.as_bytes());
    for (name, size, shape) in [
        ("icon-180.png", 180, icon::Shape::Square),
        ("icon-192.png", 192, icon::Shape::Rounded),
        ("icon-512.png", 512, icon::Shape::Rounded),
        ("icon-512-maskable.png", 512, icon::Shape::Square),
    ] {
        table.hashed(name, "image/png", &icon::png(size, shape)?);
    }
    table.hashed("app.css", "text/css; charset=utf-8", read("app.css")?.as_bytes());
    for name in ["page.mjs", "live.mjs", "passkey.mjs"] {
        table.hashed(name, "text/javascript; charset=utf-8", read(name)?.as_bytes());
    }
    for (name, kind) in [
        ("offline.html", "text/html; charset=utf-8"),
        ("sw.js", "text/javascript; charset=utf-8"),
        ("robots.txt", "text/plain; charset=utf-8"),
    ] {
        let text = table.with_paths(&read(name)?)?;
        table.fixed(name, kind, text.as_bytes());
    }
    table.fragment("LINKS", &read("links.html")?)?;
    table.style("ALONE", &read("alone.css")?);
    table.style("PLACE", &read("place.css")?);
    table.write(out)?;
    let folder = env::current_dir()?.join("src/words/languages");
    fs::write(out.join("languages.rs"), languages::listed(&folder)?)?;
    Ok(())
}

/// Takes comments and indentation away; strings in our own files never span lines.
fn lean(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut in_comment = false;
    for line in text.lines().map(str::trim) {
        if in_comment {
            in_comment = !line.ends_with("*/");
            continue;
        }
        if line.starts_with("/*") {
            in_comment = !line.ends_with("*/");
            continue;
        }
        if line.is_empty() || line.starts_with("//") {
            continue;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}
