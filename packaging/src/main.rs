//! `nfv-package`: lays out what the packages install; `tools/package` calls it.

use anyhow::Context;
use nfv_packaging::stage::{self, Sources};
use nfv_packaging::{Content, Format, Table};
use std::path::PathBuf;
use std::process::ExitCode;
use structopt::StructOpt;

/// What is missing makes it end with this.
const MISSING: u8 = 3;

#[derive(Debug, StructOpt)]
#[structopt(
    name = "nfv-package",
    about = "Lays out what the packages install, after packaging/packages.toml"
)]
struct Options {
    /// the project
    #[structopt(long, parse(from_os_str), default_value = ".")]
    root: PathBuf,
    /// where cargo has put what it built
    #[structopt(long, parse(from_os_str), default_value = "target/release")]
    programs: PathBuf,
    /// where each package gets a directory
    #[structopt(long, parse(from_os_str), default_value = "target/stage")]
    out: PathBuf,
    /// only show what each package installs: package, mode, path
    #[structopt(long)]
    list: bool,
    /// deb or rpm
    #[structopt(long)]
    format: String,
    /// leave out what is missing, and packages all of whose programs are
    #[structopt(long)]
    partial: bool,
    /// packages, by their names in this format; all when none is named
    names: Vec<String>,
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::from_args();
    let format = match options.format.as_str() {
        "deb" => Format::Deb,
        "rpm" => Format::Rpm,
        other => anyhow::bail!("--format is deb or rpm, not {other}"),
    };
    let file = options.root.join("packaging/packages.toml");
    let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let table = Table::parse(&text)?;
    for name in &options.names {
        anyhow::ensure!(
            table.packages.iter().any(|package| package.name(format) == name),
            "no package {name}"
        );
    }
    let sources = Sources { root: &options.root, programs: &options.programs };
    let mut lacking = false;
    for package in &table.packages {
        let name = package.name(format);
        if !options.names.is_empty() && !options.names.iter().any(|wanted| wanted == name) {
            continue;
        }
        let mut files = package.files(format)?;
        if options.list {
            for file in &files {
                println!("{name} {:o} {}", file.mode, file.path);
            }
            continue;
        }
        let missing: Vec<_> = sources.missing(&files).into_iter().cloned().collect();
        for file in &missing {
            let path = sources.path(&file.content).unwrap_or_default();
            let kind = match file.content {
                Content::Program(_) => "is not built",
                _ => "does not exist",
            };
            eprintln!("{name}: {} wants {}, which {kind}", file.path, path.display());
        }
        lacking |= !missing.is_empty();
        if !missing.is_empty() && !options.partial {
            continue;
        }
        files.retain(|file| !missing.contains(file));
        // links to what is not there, and a package of nothing but scripts, are of no use to anybody
        let whole = files.iter().any(|file| matches!(file.content, Content::Program(_)))
            || !missing.iter().any(|file| matches!(file.content, Content::Program(_)));
        if !whole || files.iter().all(|file| matches!(file.content, Content::Link(_))) {
            eprintln!("{name}: left out");
            continue;
        }
        let directory = options.out.join(name);
        stage::package(&table, package, format, &files, &sources, &directory)?;
        println!("{}", directory.display());
    }
    Ok(if lacking && !options.partial { ExitCode::from(MISSING) } else { ExitCode::SUCCESS })
}
