//! The table of the packages, `packages.toml`, and what it says for one format.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Mode of a file when the table says nothing.
const PLAIN_MODE: u32 = 0o644;
/// Mode of a program when the table says nothing.
const PROGRAM_MODE: u32 = 0o755;

/// What is wrong with the table.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// It is not the TOML that it should be.
    #[error("packages.toml: {0}")]
    Syntax(#[from] toml::de::Error),
    /// An entry says too little or too much of where its content comes from.
    #[error("packages.toml: {path}: exactly one of from, program, dir and link")]
    Content {
        /// The entry's path.
        path: String,
    },
    /// A mode that is not octal.
    #[error("packages.toml: {path}: mode {mode} is not octal")]
    Mode {
        /// The entry's path.
        path: String,
        /// What stands there.
        mode: String,
    },
    /// A package needs one that is not in the table.
    #[error("packages.toml: {package} needs {needed}, which is none of the packages")]
    Needs {
        /// The package.
        package: String,
        /// What it needs.
        needed: String,
    },
}

/// The format of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Debian's.
    Deb,
    /// Red Hat's.
    Rpm,
}

/// What an rpm does with a configuration file that the operator has changed, when the package brings a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Config {
    /// The operator's stays.
    NoReplace,
    /// The new one is installed, the operator's kept beside it.
    Replace,
}

/// Where the content of an installed file comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A file that cargo builds, by its name.
    Program(String),
    /// A file of the project, and what stands for each `@NAME@` in it.
    File(PathBuf, BTreeMap<String, String>),
    /// A man page of `packaging/man`, compressed when installed.
    Man(String),
    /// An empty directory.
    Directory,
    /// A symbolic link to this.
    Link(String),
}

/// One file that a package installs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledFile {
    /// Absolute path.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// What is in it.
    pub content: Content,
    /// An rpm's treatment as configuration; none for other files.
    pub config: Option<Config>,
}

/// All packages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// In the table's order.
    #[serde(rename = "package")]
    pub packages: Vec<Package>,
}

/// One package.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    rpm: String,
    deb: String,
    /// One line.
    pub summary: String,
    /// A paragraph.
    pub description: String,
    #[serde(default = "default_section")]
    /// Debian's section.
    pub section: String,
    /// Packages of this table that it needs, by the rpm's name.
    #[serde(default)]
    needs: Vec<String>,
    /// Packages of Debian that it needs.
    #[serde(default)]
    pub deb_needs: Vec<String>,
    /// Other rpms that it needs.
    #[serde(default)]
    pub rpm_needs: Vec<String>,
    /// Tags of lintian that do not hold, or that the contract demands; with what they are about.
    #[serde(default)]
    pub lintian_overrides: Vec<String>,
    #[serde(default)]
    man: Vec<String>,
    /// Units that installing enables, without `.service`.
    #[serde(default)]
    pub enable: Vec<String>,
    /// Shared libraries in it, by soname.
    #[serde(default)]
    pub libraries: Vec<String>,
    files: Vec<Entry>,
}

fn default_section() -> String {
    "admin".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    to: String,
    deb: Option<String>,
    from: Option<PathBuf>,
    program: Option<String>,
    #[serde(default)]
    dir: bool,
    link: Option<String>,
    mode: Option<String>,
    deb_mode: Option<String>,
    config: Option<Config>,
    only: Option<Format>,
    #[serde(default)]
    with: BTreeMap<String, String>,
}

impl Table {
    /// Reads the table.
    ///
    /// # Errors
    /// It is not what it should be.
    pub fn parse(text: &str) -> Result<Self, TableError> {
        let table: Self = toml::from_str(text)?;
        for package in &table.packages {
            for format in [Format::Deb, Format::Rpm] {
                package.files(format)?;
                table.needed(package, format)?;
            }
        }
        Ok(table)
    }

    /// Names of the packages of this table that a package needs.
    ///
    /// # Errors
    /// One is not in the table.
    pub fn needed(&self, package: &Package, format: Format) -> Result<Vec<&str>, TableError> {
        package
            .needs
            .iter()
            .map(|needed| {
                let found = self.packages.iter().find(|other| other.rpm == *needed);
                found
                    .map(|other| other.name(format))
                    .ok_or_else(|| TableError::Needs { package: package.rpm.clone(), needed: needed.clone() })
            })
            .collect()
    }
}

impl Package {
    /// Its name.
    pub fn name(&self, format: Format) -> &str {
        match format {
            Format::Deb => &self.deb,
            Format::Rpm => &self.rpm,
        }
    }

    /// What it installs, man pages included.
    ///
    /// # Errors
    /// An entry of the table is not what it should be.
    pub fn files(&self, format: Format) -> Result<Vec<InstalledFile>, TableError> {
        let entries = self.files.iter().filter(|entry| entry.only.is_none_or(|only| only == format));
        let mut files = entries.map(|entry| entry.resolve(format)).collect::<Result<Vec<_>, _>>()?;
        for page in &self.man {
            let section = page.rsplit('.').next().unwrap_or_default();
            files.push(InstalledFile {
                path: format!("/usr/share/man/man{section}/{page}.gz"),
                mode: PLAIN_MODE,
                content: Content::Man(page.clone()),
                config: None,
            });
        }
        Ok(files)
    }
}

impl Entry {
    fn resolve(&self, format: Format) -> Result<InstalledFile, TableError> {
        let content = match (&self.from, &self.program, self.dir, &self.link) {
            (Some(from), None, false, None) => Content::File(from.clone(), self.with.clone()),
            (None, Some(program), false, None) => Content::Program(program.clone()),
            (None, None, true, None) => Content::Directory,
            (None, None, false, Some(link)) => Content::Link(link.clone()),
            _ => return Err(TableError::Content { path: self.to.clone() }),
        };
        let (path, mode) = match format {
            Format::Deb => {
                (self.deb.as_ref().unwrap_or(&self.to), self.deb_mode.as_ref().or(self.mode.as_ref()))
            }
            Format::Rpm => (&self.to, self.mode.as_ref()),
        };
        let mode = match mode {
            Some(mode) => u32::from_str_radix(mode, 8)
                .map_err(|_| TableError::Mode { path: self.to.clone(), mode: mode.clone() })?,
            None if matches!(content, Content::Program(_) | Content::Directory) => PROGRAM_MODE,
            None => PLAIN_MODE,
        };
        Ok(InstalledFile { path: path.clone(), mode, content, config: self.config })
    }
}
