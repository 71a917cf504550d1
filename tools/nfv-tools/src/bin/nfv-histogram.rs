//! `nfv-histogram`: tables and plots of the histograms in the VIM's log. Contract: deployment 7.3, 7.4.

use anyhow::{Context, bail};
use jiff::civil::Date;
use nfv_tools::histogram::{self, Plot, Quantity, Selection, Series, Style};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use structopt::StructOpt;

#[derive(Debug, StructOpt)]
#[structopt(name = "nfv-histogram", about = "Tables and plots of the histograms in nfv-vim.log")]
enum Command {
    /// Reads nfv-vim.log and its rotated files and writes a table for each histogram.
    Table {
        /// Logs, the oldest first; without any, those in the directory.
        #[structopt(parse(from_os_str))]
        logs: Vec<PathBuf>,
        /// Where the logs are.
        #[structopt(long, parse(from_os_str), default_value = ".")]
        directory: PathBuf,
        /// Where the tables go.
        #[structopt(long, parse(from_os_str), default_value = "csv")]
        tables: PathBuf,
    },
    /// Draws tables as SVG.
    Plot(PlotOptions),
    /// Adds the histograms of which there are tables to logplot.cfg, marked N.
    Update {
        /// Where the tables are.
        #[structopt(long, parse(from_os_str), default_value = "csv")]
        tables: PathBuf,
        /// The list.
        #[structopt(long, parse(from_os_str), default_value = "logplot.cfg")]
        list: PathBuf,
    },
}

#[derive(Debug, StructOpt)]
struct PlotOptions {
    /// Where the tables are.
    #[structopt(long, parse(from_os_str), default_value = "csv")]
    tables: PathBuf,
    /// The list of histograms: those marked Y are drawn when no others are named.
    #[structopt(long, parse(from_os_str), default_value = "logplot.cfg")]
    list: PathBuf,
    /// Draw this histogram, named as in the log or as its table (may be repeated).
    #[structopt(long, number_of_values = 1)]
    process: Vec<String>,
    /// Draw the histograms of this group of the list (may be repeated).
    #[structopt(long, number_of_values = 1)]
    group: Vec<String>,
    /// Draw all histograms.
    #[structopt(long)]
    all: bool,
    /// Not before this day, YYYY-MM-DD.
    #[structopt(long)]
    from: Option<Date>,
    /// Not after this day, YYYY-MM-DD.
    #[structopt(long)]
    to: Option<Date>,
    /// Draw average execution times (done when nothing else is asked for).
    #[structopt(long)]
    times: bool,
    /// Draw hits from one display to the next.
    #[structopt(long)]
    hits: bool,
    /// Times and hits in one panel with an axis each.
    #[structopt(long)]
    one_axis: bool,
    /// Join the values by lines.
    #[structopt(long)]
    lines: bool,
    /// A dot for each value (done when no lines are asked for).
    #[structopt(long)]
    markers: bool,
    /// The drawing.
    #[structopt(long, parse(from_os_str), default_value = "histograms.svg")]
    output: PathBuf,
}

fn main() -> ExitCode {
    let done = match Command::from_args() {
        Command::Table { logs, directory, tables } => table(logs, &directory, &tables),
        Command::Plot(options) => plot(&options),
        Command::Update { tables, list } => update(&tables, &list),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("nfv-histogram: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn table(logs: Vec<PathBuf>, directory: &Path, tables: &Path) -> anyhow::Result<()> {
    let logs = if logs.is_empty() { histogram::logs_in(directory)? } else { logs };
    if logs.is_empty() {
        bail!("there is no nfv-vim.log in {}", directory.display());
    }
    let samples = histogram::read_logs(&logs)?;
    if samples.by_name.is_empty() {
        let shown: Vec<_> = logs.iter().map(|log| log.display().to_string()).collect();
        println!("No histograms are in {}. `kill -USR1` of nfv-vim writes them.", shown.join(", "));
        return Ok(());
    }
    for path in samples.write(tables)? {
        println!("{}", path.display());
    }
    Ok(())
}

fn read_list(path: &Path) -> anyhow::Result<Selection> {
    if !path.exists() {
        return Ok(Selection::default());
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Selection::parse(&text))
}

/// Names of the tables, sorted; at least one.
fn names(tables: &Path) -> anyhow::Result<Vec<String>> {
    const FIRST: &str = "make tables first, see `nfv-histogram table`";
    let entries =
        std::fs::read_dir(tables).with_context(|| format!("cannot list {}: {FIRST}", tables.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "csv") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    if names.is_empty() {
        bail!("there are no tables in {}: {FIRST}", tables.display());
    }
    names.sort();
    Ok(names)
}

/// The first names of many.
fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn update(tables: &Path, list: &Path) -> anyhow::Result<()> {
    let mut selection = read_list(list)?;
    let added = selection.add_missing(names(tables)?.iter().map(String::as_str));
    std::fs::write(list, selection.text()).with_context(|| format!("cannot write {}", list.display()))?;
    println!("{}: {added} added", list.display());
    Ok(())
}

fn plot(options: &PlotOptions) -> anyhow::Result<()> {
    let known = names(&options.tables)?;
    let mut wanted: Vec<_> = options.process.iter().map(|name| histogram::table_name(name)).collect();
    if options.all {
        wanted.extend(known.iter().cloned());
    }
    let list = read_list(&options.list)?;
    for group in &options.group {
        let members = list
            .groups
            .get(group)
            .with_context(|| format!("{} has no group {group}", options.list.display()))?;
        wanted.extend(members.iter().cloned());
    }
    if wanted.is_empty() {
        wanted.extend(list.chosen().map(str::to_owned));
    }
    if wanted.is_empty() {
        bail!(
            "no histogram is chosen: --process NAME, --group NAME, --all, or mark some Y in {}; there are {}",
            options.list.display(),
            some_of(&known)
        );
    }
    let mut series = Vec::new();
    for name in wanted {
        if !known.contains(&name) {
            eprintln!("nfv-histogram: there is no table of {name} in {}", options.tables.display());
            continue;
        }
        let mut one = Series::read(&options.tables.join(format!("{name}.csv")))?;
        one.points.retain(|point| {
            options.from.is_none_or(|from| point.time.date() >= from)
                && options.to.is_none_or(|to| point.time.date() <= to)
        });
        series.push(one);
    }
    if series.is_empty() {
        bail!("none of the histograms chosen has a table; there are {}", some_of(&known));
    }
    let mut quantities = Vec::new();
    if options.times || !options.hits {
        quantities.push(Quantity::Time);
    }
    if options.hits {
        quantities.push(Quantity::Hits);
    }
    let title = options.output.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let style = Style { lines: options.lines, markers: options.markers || !options.lines };
    let drawing = Plot { title, quantities, one_panel: options.one_axis, style }.draw(&series)?;
    std::fs::write(&options.output, drawing)
        .with_context(|| format!("cannot write {}", options.output.display()))?;
    println!("{}", options.output.display());
    Ok(())
}
