//! The table of assets, and how it is written as Rust.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::{fs, io};

use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest as _, Sha256};

/// One file as it is served.
pub(crate) struct Asset {
    name: String,
    path: String,
    kind: &'static str,
    body: Vec<u8>,
}

/// All files, in the order they were made: later ones may name earlier ones.
#[derive(Default)]
pub(crate) struct Table {
    assets: Vec<Asset>,
    styles: Vec<(&'static str, String)>,
    fragments: Vec<(&'static str, String)>,
}

impl Table {
    /// Adds a file whose path holds the hash of its content: it may be kept for ever.
    pub(crate) fn hashed(&mut self, name: &str, kind: &'static str, body: &[u8]) {
        let hash = HEXLOWER.encode(&Sha256::digest(body));
        let path = format!("/a/{}/{name}", hash.get(..10).unwrap_or(&hash));
        self.assets.push(Asset { name: name.to_owned(), path, kind, body: body.to_vec() });
    }

    /// Adds a file at a path that stays while its content changes: it is asked for anew each time.
    pub(crate) fn fixed(&mut self, name: &str, kind: &'static str, body: &[u8]) {
        let path = format!("/{name}");
        self.assets.push(Asset { name: name.to_owned(), path, kind, body: body.to_vec() });
    }

    /// Adds a style that a page carries in itself, allowed by its hash.
    pub(crate) fn style(&mut self, name: &'static str, css: &str) {
        self.styles.push((name, css.trim().to_owned()));
    }

    /// Adds a part of every page that names files: their paths are written into it now, not for each page anew.
    pub(crate) fn fragment(&mut self, name: &'static str, html: &str) -> Result<(), Box<dyn Error>> {
        let whole = self.with_paths(html)?;
        self.fragments.push((name, whole));
        Ok(())
    }

    /// Writes the paths of earlier files for `@{name}`, and for `@{precache}` the list the worker keeps.
    pub(crate) fn with_paths(&self, text: &str) -> Result<String, Box<dyn Error>> {
        let kept = ["app.css", "page.mjs", "icon.svg"];
        let list = self.assets.iter().filter(|asset| kept.contains(&asset.name.as_str()));
        let list: Vec<String> = list.map(|asset| format!("\"{}\"", asset.path)).collect();
        let mut whole = text.replace("@{precache}", &list.join(","));
        let all: String = self.assets.iter().map(|asset| asset.path.as_str()).collect();
        let digest = HEXLOWER.encode(&Sha256::digest(all.as_bytes()));
        whole = whole.replace("@{version}", digest.get(..10).unwrap_or(&digest));
        for asset in &self.assets {
            whole = whole.replace(&format!("@{{{}}}", asset.name), &asset.path);
        }
        if whole.contains("@{") {
            return Err(format!("find every file named in: {whole}").into());
        }
        Ok(whole)
    }

    /// Writes the bodies and `assets.rs` into the folder.
    pub(crate) fn write(&self, out: &Path) -> Result<(), Box<dyn Error>> {
        let mut rust = String::from("/// Every file there is.\nstatic ALL: &[Asset] = &[\n");
        let mut names = String::new();
        for Asset { name, path, kind, body } in &self.assets {
            let text = !kind.starts_with("image/png");
            let stored = |ending: &str, octets: Vec<u8>| -> io::Result<String> {
                let file = out.join(format!("{name}{ending}"));
                fs::write(&file, octets)?;
                Ok(format!("include_bytes!({:?})", file.display().to_string()))
            };
            let plain = stored("", body.clone())?;
            let (br, gz) = if text {
                let br = stored(".br", brotli(body)?)?;
                let gz = stored(".gz", gzip(body)?)?;
                (format!("Some({br})"), format!("Some({gz})"))
            } else {
                ("None".to_owned(), "None".to_owned())
            };
            writeln!(
                rust,
                "Asset {{ path: {path:?}, kind: {kind:?}, plain: {plain}, br: {br}, gz: {gz} }},"
            )?;
            let constant = name.replace(['.', '-'], "_").to_uppercase();
            writeln!(names, "/// Path of `{name}`.\npub const {constant}: &str = {path:?};")?;
        }
        rust.push_str("];\n");
        rust.push_str(&names);
        for (name, html) in &self.fragments {
            writeln!(rust, "/// A part of every page that names files.\npub const {name}: &str = {html:?};")?;
        }
        for (name, css) in &self.styles {
            let hash = BASE64.encode(&Sha256::digest(css.as_bytes()));
            writeln!(
                rust,
                "/// The style a page carries in itself.\npub const {name}_STYLE: &str = {css:?};"
            )?;
            writeln!(
                rust,
                "/// Policy of a page that carries its style in itself and takes nothing else.\npub const {name}_CSP: &str = \
                 \"default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'\";"
            )?;
        }
        fs::write(out.join("assets.rs"), rust)?;
        Ok(())
    }
}

fn brotli(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut out, 4096, 11, 18);
    writer.write_all(body)?;
    writer.flush()?;
    drop(writer);
    Ok(out)
}

fn gzip(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(body)?;
    writer.finish()
}
