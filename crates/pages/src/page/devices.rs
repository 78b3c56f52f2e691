//! Devices that are signed in.

use askama::Template;
use honnin_care::facts::Device;

use super::paths::Address;
use super::{Nav, Shell, Theme, rendered};
use crate::format::Text;

/// Devices that are signed in.
#[derive(Debug, Clone, Template)]
#[template(path = "devices.html", whitespace = "minimize")]
pub struct DevicesPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// What is shown.
    pub facts: &'a [Device],
}

impl DevicesPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 8 * 1024)
    }

    /// Browsers and programs that signed in; tokens have a page of their own.
    fn devices(&self) -> impl Iterator<Item = &Device> {
        self.facts.iter().filter(|device| !device.is_token())
    }

    fn has_others(&self) -> bool {
        self.facts.iter().any(|device| !device.current)
    }

    /// What the device calls itself; a word of ours where it says nothing.
    fn name<'d>(&'d self, device: &'d Device) -> &'d str {
        let unnamed = self.shell.words().devices.unnamed.text();
        Some(device.name.trim()).filter(|name| !name.is_empty()).unwrap_or(unnamed)
    }
}
