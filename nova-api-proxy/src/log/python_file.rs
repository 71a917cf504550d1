//! A Python logging configuration (`log_config_append`), as far as it has a meaning without Python.
//!
//! Of the root logger its level, and of its handlers their streams and files, their format and date format are used.
//! Handlers and formatters of classes that are not known give lines in the default format.
//!
//! Contract: nova-api-proxy 2, 4.3.

use std::path::Path;

use nfv_common::config::ConfigError;
use nfv_common::config::ini::{Document, Section};
use nfv_common::logging::Facility;

use crate::config::LogConfig;
use crate::error::StartError;

/// Replaces what the options say by what the file says.
///
/// # Errors
/// The file cannot be read or is no ini file.
pub fn apply(path: &Path, log: &mut LogConfig) -> Result<(), StartError> {
    let file = path.display().to_string();
    let content =
        std::fs::read(path).map_err(|cause| ConfigError::Read { file: file.as_str().into(), cause })?;
    let document = Document::parse(&content)
        .map_err(|cause| ConfigError::Syntax { file: file.as_str().into(), cause })?;
    let section = |name: &str| document.section(name).unwrap_or_default();
    let root = section("logger_root");
    log.debug = matches!(root.get("level").map(String::as_str), Some("DEBUG" | "NOTSET"));
    (log.file, log.syslog, log.journal, log.stderr, log.stdout) = (None, None, false, false, false);
    let names = root.get("handlers").map(String::as_str).unwrap_or_default();
    for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let handler = section(&format!("handler_{name}"));
        use_handler(&handler, log);
        if let Some(formatter) = handler.get("formatter") {
            use_formatter(&section(&format!("formatter_{formatter}")), log);
        }
    }
    Ok(())
}

fn use_handler(handler: &Section, log: &mut LogConfig) {
    let text = |key: &str| handler.get(key).map(String::as_str).unwrap_or_default();
    let class = text("class").rsplit('.').next().unwrap_or_default();
    let arguments = text("args");
    match class {
        "StreamHandler" if arguments.contains("stdout") => log.stdout = true,
        "StreamHandler" => log.stderr = true,
        "FileHandler" | "WatchedFileHandler" | "RotatingFileHandler" | "TimedRotatingFileHandler" => {
            log.file = quoted(arguments).map(Into::into);
            log.watch_file = true;
        }
        "SysLogHandler" | "OSSysLogHandler" => {
            let facility = arguments.rsplit("LOG_").next().unwrap_or_default();
            let end = facility.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(facility.len());
            let facility = Facility::parse(&facility[..end].to_ascii_lowercase());
            log.syslog = Some(facility.unwrap_or(Facility::USER));
        }
        _ => {}
    }
}

/// The first quoted text.
fn quoted(text: &str) -> Option<&str> {
    let start = text.find(['\'', '"'])?;
    let quote = &text[start..=start];
    text[start + 1..].split(quote).next().filter(|path| !path.is_empty())
}

fn use_formatter(formatter: &Section, log: &mut LogConfig) {
    if let Some(format) = formatter.get("format") {
        log.line_format.clone_from(format);
    }
    if let Some(format) = formatter.get("datefmt").filter(|format| !format.is_empty()) {
        log.date_format.clone_from(format);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nfv_common::config::OsloConfig;

    fn applied(content: &str) -> LogConfig {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        let mut log = LogConfig::read(&OsloConfig::default()).unwrap();
        apply(file.path(), &mut log).unwrap();
        log
    }

    /// What the helm chart's file looks like.
    #[test]
    fn streams_formats_and_levels() {
        let log = applied(
            "[loggers]\nkeys = root,nova_api_proxy\n[handlers]\nkeys = stdout,null\n[formatters]\nkeys = context,default\n\
             [logger_root]\nlevel = WARNING\nhandlers = stdout\n[logger_nova_api_proxy]\nlevel = INFO\nhandlers = stdout\n\
             qualname = nova_api_proxy\n[handler_null]\nclass = logging.NullHandler\nformatter = default\nargs = ()\n\
             [handler_stdout]\nclass = StreamHandler\nargs = (sys.stdout,)\nformatter = context\n[formatter_context]\n\
             class = oslo_log.formatters.ContextFormatter\ndatefmt = %Y\n[formatter_default]\nformat = %(message)s\n",
        );
        assert!(log.stdout && !log.stderr && !log.debug);
        assert_eq!(log.date_format, "%Y");
        assert!(log.line_format.starts_with("%(asctime)s."));
        let log = applied(
            "[logger_root]\nlevel=DEBUG\nhandlers=file,sys\n[handler_file]\nclass=handlers.WatchedFileHandler\n\
             args=('/var/log/x.log',)\nformatter=f\n[handler_sys]\nclass=handlers.SysLogHandler\n\
             args=('/dev/log', handlers.SysLogHandler.LOG_LOCAL5)\n[formatter_f]\nformat=%(message)s\n",
        );
        assert_eq!((log.file, log.syslog.map(Facility::number)), (Some("/var/log/x.log".into()), Some(21)));
        assert!(log.debug && log.line_format == "%(message)s");
    }
}
