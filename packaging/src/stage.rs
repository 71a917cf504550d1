//! Lays a package out in a directory: its files as they are to be installed, and the manifest by which cargo-deb or
//! cargo-generate-rpm packs them.

use crate::scripts;
use crate::table::{Config, Content, Format, InstalledFile, Package, Table};
use anyhow::{Context, bail};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Who answers for the packages.
const MAINTAINER: &str = "The nfv developers <nfv@example.org>";
/// The original's packages have versions up to 3.0.1: with an epoch ours are newer to dpkg and rpm.
pub const EPOCH: u32 = 1;

/// What stands in the package's copyright file after who holds it.
const DEBIAN_LICENSE: &str = "Licensed under the Apache License, Version 2.0. On Debian systems its text is in\n\
                              /usr/share/common-licenses/Apache-2.0.\n";

/// Name of the staged file of lintian's overrides.
const OVERRIDES: &str = "lintian-overrides";

/// Where the contents come from.
#[derive(Debug)]
pub struct Sources<'a> {
    /// The project.
    pub root: &'a Path,
    /// Where cargo has put what it built.
    pub programs: &'a Path,
}

impl Sources<'_> {
    /// Where this content lies; none for what needs no file.
    pub fn path(&self, content: &Content) -> Option<PathBuf> {
        match content {
            Content::Program(name) => Some(self.programs.join(name)),
            Content::File(path, _) => Some(self.root.join(path)),
            Content::Man(page) => Some(self.root.join("packaging/man").join(page)),
            Content::Directory | Content::Link(_) => None,
        }
    }

    /// Those of the files whose content is not there.
    pub fn missing<'f>(&self, files: &'f [InstalledFile]) -> Vec<&'f InstalledFile> {
        files.iter().filter(|file| self.path(&file.content).is_some_and(|path| !path.is_file())).collect()
    }
}

/// Lays the package out in `directory` with these of its files.
///
/// # Errors
/// A file cannot be read or written, or a program that helps fails.
pub fn package(
    table: &Table,
    package: &Package,
    format: Format,
    files: &[InstalledFile],
    sources: &Sources<'_>,
    directory: &Path,
) -> anyhow::Result<()> {
    if directory.exists() {
        std::fs::remove_dir_all(directory)
            .with_context(|| format!("cannot empty {}", directory.display()))?;
    }
    std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    for (number, file) in files.iter().enumerate() {
        if let Some(source) = sources.path(&file.content) {
            contents(file, &source, &directory.join(staged_name(number, file)))
                .with_context(|| format!("cannot stage {} from {}", file.path, source.display()))?;
        }
    }
    let write = |name: &str, text: &str| {
        std::fs::write(directory.join(name), text)
            .with_context(|| format!("cannot write {name} in {}", directory.display()))
    };
    write("lib.rs", "")?;
    match format {
        // Debian has the licence's text in a place of its own
        Format::Deb => write("LICENSE", DEBIAN_LICENSE)?,
        Format::Rpm => {
            let license = sources.root.join("LICENSE");
            std::fs::copy(&license, directory.join("LICENSE"))
                .with_context(|| format!("cannot copy {}", license.display()))?;
        }
    }
    let mut manifest = head(package, format);
    let scripts = scripts::of(package, format, files);
    match format {
        Format::Deb => {
            let version = env!("CARGO_PKG_VERSION");
            let changelog = format!(
                "{} ({EPOCH}:{version}-1) unstable; urgency=medium\n\n  * See /usr/share/doc/nfv-common.\n\n \
                 -- {MAINTAINER}  Thu, 01 Jan 2026 00:00:00 +0000\n",
                package.name(format)
            );
            write("changelog", &changelog)?;
            let parts = [
                ("postinst", &scripts.post_install),
                ("prerm", &scripts.pre_remove),
                ("postrm", &scripts.post_remove),
            ];
            let any = parts.iter().any(|(_, text)| text.is_some());
            if any {
                std::fs::create_dir(directory.join("scripts"))?;
            }
            for (name, text) in parts {
                if let Some(text) = text {
                    write(&format!("scripts/{name}"), text)?;
                }
            }
            if !package.libraries.is_empty() {
                write("triggers", "activate-noawait ldconfig\n")?;
            }
            let overrides: String = package
                .lintian_overrides
                .iter()
                .map(|tag| format!("{}: {tag}\n", package.name(format)))
                .collect();
            if !overrides.is_empty() {
                write(OVERRIDES, &overrides)?;
            }
            deb(&mut manifest, table, package, files, any)?;
        }
        Format::Rpm => {
            let native =
                files.iter().any(|file| matches!(file.content, Content::Program(_) | Content::Link(_)));
            write("arch", if native { std::env::consts::ARCH } else { "noarch" })?;
            rpm(&mut manifest, table, package, files, &scripts)?;
        }
    }
    write("Cargo.toml", &manifest)
}

/// The name of a file in the stage: its own name, so that tools know what it is, behind a number of its own.
fn staged_name(number: usize, file: &InstalledFile) -> String {
    format!("{number:02}-{}", file.path.rsplit('/').next().unwrap_or_default())
}

fn contents(file: &InstalledFile, source: &Path, to: &Path) -> anyhow::Result<()> {
    match &file.content {
        Content::Program(_) => {
            run(Command::new("strip").arg("--strip-unneeded").arg("-o").arg(to).arg(source))?;
        }
        Content::Man(_) => {
            let output = Command::new("gzip").args(["-9", "-n", "-c"]).arg(source).output()?;
            if !output.status.success() {
                bail!("gzip: {}", String::from_utf8_lossy(&output.stderr));
            }
            std::fs::write(to, output.stdout)?;
        }
        Content::File(_, with) if !with.is_empty() => {
            std::fs::write(to, substitute(&std::fs::read_to_string(source)?, with))?;
        }
        Content::File(..) => {
            std::fs::copy(source, to)?;
        }
        Content::Directory | Content::Link(_) => {}
    }
    Ok(())
}

/// The text with each `@NAME@` replaced.
pub fn substitute(text: &str, with: &std::collections::BTreeMap<String, String>) -> String {
    with.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("@{name}@"), value))
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output().with_context(|| format!("cannot run {:?}", command.get_program()))?;
    if !output.status.success() {
        bail!("{:?}: {}", command.get_program(), String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// A manifest of its own, with no code: the packers read the name and their tables from it.
fn head(package: &Package, format: Format) -> String {
    format!(
        "[package]\nname = {:?}\nversion = {:?}\nedition = \"2024\"\nlicense = \"Apache-2.0\"\n\
         license-file = \"LICENSE\"\ndescription = {:?}\nauthors = [{MAINTAINER:?}]\npublish = false\n\
         [lib]\npath = \"lib.rs\"\n[workspace]\n",
        package.name(format),
        env!("CARGO_PKG_VERSION"),
        package.summary,
    )
    .replace(
        "license = \"Apache-2.0\"\n",
        if format == Format::Rpm { "license = \"Apache-2.0\"\n" } else { "" },
    )
}

fn deb(
    manifest: &mut String,
    table: &Table,
    package: &Package,
    files: &[InstalledFile],
    scripts: bool,
) -> anyhow::Result<()> {
    let mut depends = Vec::new();
    if files.iter().any(|file| matches!(file.content, Content::Program(_))) {
        depends.push("$auto".to_owned());
    }
    let own = format!("{EPOCH}:{}-1", env!("CARGO_PKG_VERSION"));
    depends.extend(table.needed(package, Format::Deb)?.iter().map(|name| format!("{name} (>= {own})")));
    depends.extend(package.deb_needs.iter().cloned());
    write!(
        manifest,
        "[package.metadata.deb]\nmaintainer = {MAINTAINER:?}\ncopyright = \"2026 The nfv developers\"\n\
         license-file = [\"LICENSE\", \"0\"]\nsection = {:?}\npriority = \"optional\"\ndepends = {:?}\n\
         extended-description = {:?}\nchangelog = \"changelog\"\n",
        package.section,
        depends.join(", "),
        package.description,
    )?;
    if scripts {
        manifest.push_str("maintainer-scripts = \"scripts\"\n");
    }
    if !package.libraries.is_empty() {
        manifest.push_str("triggers-file = \"triggers\"\n");
    }
    manifest.push_str("assets = [\n");
    for (number, file) in files.iter().enumerate() {
        match &file.content {
            Content::Directory => {}
            Content::Link(target) => {
                writeln!(manifest, "{{ dest = {:?}, link_name = {target:?} }},", &file.path[1..])?
            }
            Content::Program(_) | Content::File(..) | Content::Man(_) => writeln!(
                manifest,
                "[{:?}, {:?}, \"{:o}\"],",
                staged_name(number, file),
                &file.path[1..],
                file.mode
            )?,
        }
    }
    if !package.lintian_overrides.is_empty() {
        let to = format!("usr/share/lintian/overrides/{}", package.name(Format::Deb));
        writeln!(manifest, "[{OVERRIDES:?}, {to:?}, \"644\"],")?;
    }
    manifest.push_str("]\n");
    Ok(())
}

fn rpm(
    manifest: &mut String,
    table: &Table,
    package: &Package,
    files: &[InstalledFile],
    scripts: &scripts::Scripts,
) -> anyhow::Result<()> {
    write!(
        manifest,
        "[package.metadata.generate-rpm]\nepoch = {EPOCH}\nrelease = \"1\"\nvendor = \"nfv\"\nsummary = {:?}\n",
        package.summary
    )?;
    let parts = [
        ("post_install_script", &scripts.post_install),
        ("pre_uninstall_script", &scripts.pre_remove),
        ("post_uninstall_script", &scripts.post_remove),
        ("post_trans_script", &scripts.post_transaction),
    ];
    for (key, text) in parts {
        if let Some(text) = text {
            writeln!(manifest, "{key} = {text:?}")?;
        }
    }
    manifest.push_str("assets = [\n");
    for (number, file) in files.iter().enumerate() {
        let source = match &file.content {
            Content::Link(_) | Content::Directory => continue,
            Content::Program(_) | Content::File(..) | Content::Man(_) => {
                format!("source = {:?}, ", staged_name(number, file))
            }
        };
        let config = match file.config {
            Some(Config::NoReplace) => ", config = \"noreplace\"",
            Some(Config::Replace) => ", config = true",
            None => "",
        };
        let doc = if file.path.starts_with("/usr/share/doc/") || matches!(file.content, Content::Man(_)) {
            ", doc = true"
        } else {
            ""
        };
        writeln!(manifest, "{{ {source}dest = {:?}, mode = \"{:o}\"{config}{doc} }},", file.path, file.mode)?;
    }
    writeln!(
        manifest,
        "{{ source = \"LICENSE\", dest = \"/usr/share/licenses/{}/LICENSE\", mode = \"644\", doc = true }},\n]",
        package.name(Format::Rpm)
    )?;
    manifest.push_str("[package.metadata.generate-rpm.requires]\n");
    for name in &package.rpm_needs {
        writeln!(manifest, "{name:?} = \"*\"")?;
    }
    for name in table.needed(package, Format::Rpm)? {
        writeln!(manifest, "{name:?} = \">= {EPOCH}:{}\"", env!("CARGO_PKG_VERSION"))?;
    }
    Ok(())
}
