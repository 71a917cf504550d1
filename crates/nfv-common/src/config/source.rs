//! An ini file as a source of the configuration library.

use std::path::{Path, PathBuf};

use config::{Map, Source, Value, ValueKind};

use super::ConfigError;
use super::ini::{Document, Section};

/// The one key under which all sections are handed over.
///
/// The library reads top-level keys as paths (`a.b[0]`); section names are plain text and may look like one.
pub(super) const ROOT: &str = "sections";

/// What to do with `%` in values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interpolation {
    /// Values are raw: the rule for every file but debug.ini.
    #[default]
    Off,
    /// References are resolved in these sections; all others stay raw, so that nothing in them can fail.
    Sections(&'static [&'static str]),
}

/// An ini file, read when the configuration is built. A missing file is an empty one.
#[derive(Clone, Debug)]
pub struct IniFile {
    path: PathBuf,
    interpolation: Interpolation,
}

impl IniFile {
    /// The file at `path`, values raw.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), interpolation: Interpolation::Off }
    }

    /// The same file with references resolved.
    pub fn with_interpolation(mut self, interpolation: Interpolation) -> Self {
        self.interpolation = interpolation;
        self
    }

    /// Path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn file(&self) -> String {
        self.path.display().to_string()
    }

    fn read(&self) -> Result<Document, ConfigError> {
        let content = match std::fs::read(&self.path) {
            Ok(content) => content,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(cause) => return Err(ConfigError::Read { file: self.file().into(), cause }),
        };
        Document::parse(&content).map_err(|cause| ConfigError::Syntax { file: self.file().into(), cause })
    }

    fn values(&self, document: &Document, name: &str) -> Result<Section, ConfigError> {
        if !matches!(self.interpolation, Interpolation::Sections(names) if names.contains(&name)) {
            return Ok(document.section(name).unwrap_or_default());
        }
        let wrong = |key: &str, cause| ConfigError::Interpolation {
            file: self.file().into(),
            section: name.into(),
            key: key.into(),
            cause,
        };
        let resolved = document.resolved(name).unwrap_or_default().into_iter();
        resolved
            .map(|(key, value)| match value {
                Ok(value) => Ok((key, value)),
                Err(cause) => Err(wrong(&key, cause)),
            })
            .collect()
    }

    fn sections(&self) -> Result<Map<String, Value>, ConfigError> {
        let origin = self.file();
        let document = self.read()?;
        let mut sections = Map::new();
        for name in document.section_names() {
            let values: Map<String, Value> = self
                .values(&document, name)?
                .into_iter()
                .map(|(key, value)| (key, Value::new(Some(&origin), value)))
                .collect();
            sections.insert(name.to_owned(), Value::new(Some(&origin), values));
        }
        Ok(sections)
    }
}

impl Source for IniFile {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        let sections = self.sections().map_err(|error| config::ConfigError::Foreign(Box::new(error)))?;
        Ok(Map::from_iter([(ROOT.to_owned(), Value::new(Some(&self.file()), ValueKind::Table(sections)))]))
    }
}
