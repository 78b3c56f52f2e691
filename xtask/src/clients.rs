//! Clients that nobody here wrote: made of a demo's own description for three languages, each does the whole round.
//! Before that the description is read by linters that nobody here wrote either.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::demo::Demo;
use crate::{Failure, tidy, tool};

/// What is taken from npm, at the versions that were tried.
const FROM_NPM: [&str; 6] = [
    "@redocly/cli@2.77.0",
    "@stoplight/spectral-cli@6.16.3",
    "@stoplight/spectral-owasp-ruleset@2.0.1",
    "openapi-typescript@7.13.0",
    "openapi-fetch@0.17.0",
    "typescript@5.9.3",
];

/// What is taken from the index of Python packages.
const FROM_PYPI: [&str; 3] =
    ["openapi-spec-validator==0.9.0", "openapi-python-client==0.29.1", "openapi-generator-cli==7.26.0"];

/// Who signs in, one for each language: a wish is taken once a minute for each line.
const PEOPLE: [&str; 3] = ["mio10482913", "mio30617284", "mio58830247"];

/// What everybody's password is in a demo.
const PASSWORD: &str = "honnin-demo-only";

const FILES: [(&str, &str); 6] = [
    (".spectral.yaml", include_str!("clients/spectral.yaml")),
    ("package.json", "{ \"private\": true, \"type\": \"module\" }\n"),
    ("tsconfig.json", include_str!("clients/tsconfig.json")),
    ("round.ts", include_str!("clients/round.ts")),
    ("round.py", include_str!("clients/round.py")),
    ("generator.yaml", include_str!("clients/generator.yaml")),
];

const MANIFEST: &str = "[package]\nname = \"round\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
    honnin_client = { path = \"../rust\", default-features = false }\nserde_json = \"1\"\n\
    tokio = { version = \"1\", features = [\"macros\", \"rt\", \"time\"] }\n\n[workspace]\n";

/// `cargo xtask clients`.
pub(crate) fn command() -> Result<(), Failure> {
    for line in run()? {
        println!("{line}");
    }
    Ok(())
}

/// Reads the description with every linter and does every round; what each said.
///
/// # Errors
/// The first that is not well.
pub(crate) fn run() -> Result<Vec<String>, Failure> {
    let place = Place::made()?;
    let demo = Demo::start(None)?;
    let text = ureq::get(demo.address("/openapi.json")).call()?.body_mut().read_to_string()?;
    fs::write(place.at("openapi.json"), &text)?;
    // As an installation with an address of its own says it: linters ask for https there.
    fs::write(place.at("public.json"), served_at(&text, "https://my.operator.jp")?)?;
    let mut said = Vec::new();
    for description in ["openapi.json", "public.json"] {
        said.extend(place.linted(description)?);
    }
    let site = demo.address("");
    let [first, second, third] = PEOPLE;
    said.push(place.typescript(&[&site, first, PASSWORD])?);
    said.push(place.python(&[&site, second, PASSWORD])?);
    said.push(place.rust(&[&site, third, PASSWORD])?);
    Ok(said)
}

fn served_at(description: &str, site: &str) -> Result<String, Failure> {
    let mut description: Value = serde_json::from_str(description)?;
    for (at, value) in [("/servers/0/url", json!(site)), ("/info/contact/url", json!(format!("{site}/help")))]
    {
        if let Some(place) = description.pointer_mut(at) {
            *place = value;
        }
    }
    Ok(description.to_string())
}

/// Where the tools and what they make lie.
struct Place(PathBuf);

impl Place {
    /// The directory with every tool in it, installed where it is not there yet.
    fn made() -> Result<Self, Failure> {
        let place = Self(tidy::root().join("target/clients"));
        fs::create_dir_all(&place.0)?;
        for (name, text) in FILES {
            fs::write(place.at(name), text)?;
        }
        tool::needs("npm", &["--version"], "apt-get install -y --no-install-recommends nodejs npm")?;
        tool::needs(
            "java",
            &["-version"],
            "apt-get install -y --no-install-recommends default-jre-headless",
        )?;
        let venv = "apt-get install -y --no-install-recommends python3 python3-venv";
        tool::needs("python3", &["-m", "venv", "--help"], venv)?;
        let wanted = FROM_NPM.iter().chain(&FROM_PYPI).copied().collect::<Vec<_>>().join("\n");
        let mark = place.at("installed");
        if fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
            return Ok(place);
        }
        println!("installing linters and generators into {}", place.0.display());
        let mut npm = place.command("npm");
        tool::said(npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts"]).args(FROM_NPM))?;
        tool::said(place.command("python3").args(["-m", "venv", "python"]))?;
        let mut pip = place.command("python/bin/python");
        tool::said(pip.args(["-m", "pip", "install", "--quiet"]).args(FROM_PYPI))?;
        fs::write(mark, wanted)?;
        Ok(place)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A program of the place, or of the machine, at work there.
    fn command(&self, program: &str) -> Command {
        let ours = self.at(program);
        let mut command = Command::new(if ours.exists() { ours } else { program.into() });
        command.current_dir(&self.0).env("REDOCLY_TELEMETRY", "off").env("CI", "1");
        command
    }

    fn bin(&self, program: &str) -> Command {
        self.command(&format!("node_modules/.bin/{program}"))
    }

    /// Each linter has to find no error.
    fn linted(&self, description: &str) -> Result<Vec<String>, Failure> {
        tool::said(self.bin("redocly").args(["lint", "--extends", "recommended-strict", description]))?;
        // Warnings are told and pass: they ask for patterns of names and for refusals that cannot come.
        tool::said(self.bin("spectral").args(["lint", "--fail-severity", "error", description]))?;
        tool::said(self.command("python/bin/openapi-spec-validator").arg(description))?;
        let names = ["Redocly recommended-strict", "Spectral oas and OWASP", "openapi-spec-validator"];
        Ok(names.iter().map(|name| format!("{name}: 0 errors in {description}")).collect())
    }

    fn typescript(&self, words: &[&str]) -> Result<String, Failure> {
        tool::said(self.bin("openapi-typescript").args(["openapi.json", "-o", "schema.d.ts"]))?;
        tool::said(self.bin("tsc").args(["-p", "."]))?;
        round(self.command("node").arg("out/round.js").args(words))
    }

    fn python(&self, words: &[&str]) -> Result<String, Failure> {
        remove(&self.at("honnin_client"))?;
        let mut generator = self.command("python/bin/openapi-python-client");
        generator.args([
            "generate",
            "--path",
            "openapi.json",
            "--config",
            "generator.yaml",
            "--meta",
            "none",
        ]);
        tool::said(generator.args(["--output-path", "honnin_client", "--fail-on-warning"]))?;
        round(self.command("python/bin/python").arg("round.py").args(words))
    }

    fn rust(&self, words: &[&str]) -> Result<String, Failure> {
        remove(&self.at("rust"))?;
        let mut generator = self.command("python/bin/openapi-generator-cli");
        generator.args([
            "generate",
            "-g",
            "rust",
            "-i",
            "openapi.json",
            "-o",
            "rust",
            "--library",
            "reqwest",
        ]);
        tool::said(generator.arg("--additional-properties=packageName=honnin_client"))?;
        let round_dir = self.at("round");
        fs::create_dir_all(round_dir.join("src"))?;
        fs::write(round_dir.join("Cargo.toml"), MANIFEST)?;
        fs::write(round_dir.join("src/main.rs"), include_str!("clients/round.txt"))?;
        let mut cargo = Command::new("cargo");
        round(cargo.args(["run", "--quiet", "--"]).args(words).current_dir(round_dir))
    }
}

/// Does a round; the line it ends with.
fn round(command: &mut Command) -> Result<String, Failure> {
    let said = tool::said(command)?;
    let last = said.lines().last().filter(|line| line.contains(": the whole round,"));
    last.map(str::to_owned).ok_or_else(|| format!("{command:?} did no round: {said}").into())
}

fn remove(dir: &Path) -> Result<(), Failure> {
    if dir.exists() {
        fs::remove_dir_all(dir)?;
    }
    Ok(())
}
