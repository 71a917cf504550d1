//! What the command line can say.
//!
//! Contract: vim-api 4.1.

use crate::question::{self, Question};
use crate::strategy_name::StrategyName;
use nfv_common::argparse::{Matches, Opt, Parser, Stop, Takes};
use std::time::Duration;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// Of which kind of strategy.
    pub strategy: StrategyName,
    /// What to do.
    pub command: Command,
    /// How the outcome is told.
    pub format: Format,
    /// Whether to follow what goes on.
    pub watch: Option<Watch>,
}

/// What to do with a strategy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Make one.
    Create(Plan),
    /// Remove it.
    Delete {
        /// Also when it is being built, applied or aborted.
        force: bool,
    },
    /// Carry it out.
    Apply {
        /// This stage only; text as it was given.
        stage: Option<String>,
    },
    /// Break it off.
    Abort {
        /// This stage only; text as it was given.
        stage: Option<String>,
    },
    /// Tell of it.
    Show {
        /// With all stages and steps.
        details: bool,
    },
}

impl Command {
    /// Its name on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Create(_) => "create",
            Command::Delete { .. } => "delete",
            Command::Apply { .. } => "apply",
            Command::Abort { .. } => "abort",
            Command::Show { .. } => "show",
        }
    }
}

/// What a new strategy is made of; texts as the API takes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// `serial` or `ignore`; only patch strategies have it.
    pub controllers: String,
    /// `serial`, `parallel` or `ignore`
    pub storage: String,
    /// `serial`, `parallel` or `ignore`
    pub workers: String,
    /// Workers at a time when they go in parallel.
    pub max_parallel_workers: Option<i64>,
    /// `migrate` or `stop-start`; only patch strategies have it.
    pub instance_action: String,
    /// `strict` or `relaxed`
    pub alarm_restrictions: String,
    /// Only upgrade strategies have it.
    pub complete_upgrade: bool,
}

/// How the outcome is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// As the original does.
    #[default]
    Text,
    /// As JSON of a documented shape.
    Json,
}

/// How a strategy is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// From one look to the next.
    pub interval: Duration,
    /// For how long the VIM may not answer, as when the controllers change roles.
    pub patience: Duration,
}

const SERIAL_OR_IGNORE: Takes = Takes::Choice(&["serial", "ignore"]);
const APPLY_TYPES: Takes = Takes::Choice(&["serial", "parallel", "ignore"]);
const FORMATS: Takes = Takes::Choice(&["text", "json"]);
const DEFAULT_INTERVAL: Duration = Duration::from_secs(2);
const DEFAULT_PATIENCE: Duration = Duration::from_secs(900);
/// Longest times that can be asked for, in seconds.
pub(crate) const MAX_TIMEOUT: u64 = 3600;
const MAX_INTERVAL: i64 = 3600;
const MAX_PATIENCE: i64 = 86_400;

/// Told by `--help-additions`.
pub const ADDITIONS: &str = "\
Options beyond those of --help. They are written in full, not abbreviated.

before the command:
  --help-additions      show this text and exit
  --os-cacert FILE      trust the certificates in FILE instead of the system's
                        (else OS_CACERT, REQUESTS_CA_BUNDLE)
  --timeout SECONDS     longest wait for an answer (else SW_MANAGER_TIMEOUT;
                        30 for keystone and 40 for the VIM if neither is given)

after create, delete, apply, abort, show:
  --format {text,json}  how the outcome is told

after create, apply, abort, show:
  --watch               follow the strategy until nothing is under way; exit
                        code 1 if it went wrong
  --watch-interval SECONDS
                        from one look to the next, 2 if not given
  --watch-patience SECONDS
                        how long the VIM may not answer, 900 if not given

after apply:
  --preview             show what applying the strategy would do, and do nothing

Commands beyond those of --help; --format goes with each, and --help tells more.

  history host NAME     what was decided about a host, and why
  history instance UUID
                        what was decided about an instance, and why
  host-lock NAME --preview
                        show what locking the host would do, and do nothing
";

/// The whole command line of a program of that name.
pub fn parser(prog: &str) -> Parser {
    let mut parser = Parser::new(prog).option(Opt::new(&["--debug"], Takes::Flag));
    for name in [
        "--os-auth-url",
        "--os-project-name",
        "--os-project-domain-name",
        "--os-username",
        "--os-password",
        "--os-user-domain-name",
        "--os-region-name",
        "--os-interface",
    ] {
        parser = parser.option(Opt::new(&[name], Takes::Text));
    }
    parser
        .option(Opt::new(&["--help-additions"], Takes::Flag).addition())
        .option(Opt::new(&["--os-cacert"], Takes::Text).addition())
        .option(Opt::new(&["--timeout"], Takes::Range(1, MAX_TIMEOUT as i64)).addition())
        .commands(
            "Commands",
            vec![
                ("patch-strategy", "Patch Strategy", commands("Software Patch Commands", patch_create())),
                (
                    "upgrade-strategy",
                    "Upgrade Strategy",
                    commands("Software Upgrade Commands", upgrade_create()),
                ),
            ],
        )
        .additional_commands(question::commands())
}

fn commands(title: &'static str, create: Parser) -> Parser {
    let delete = Parser::new("").option(Opt::new(&["--force"], Takes::Flag).hidden());
    let apply = Parser::new("").option(stage("stage identifier to apply"));
    let abort = Parser::new("").option(stage("stage identifier to abort"));
    let show = Parser::new("").option(Opt::new(&["--details"], Takes::Flag).help("show strategy details"));
    Parser::new("").commands(
        title,
        vec![
            ("create", "Create a strategy", watched(create)),
            ("delete", "Delete a strategy", formatted(delete)),
            ("apply", "Apply a strategy", watched(apply).option(question::preview().addition())),
            ("abort", "Abort a strategy", watched(abort)),
            ("show", "Show a strategy", watched(show)),
        ],
    )
}

fn patch_create() -> Parser {
    Parser::new("")
        .option(Opt::new(&["--controller-apply-type"], SERIAL_OR_IGNORE).help("defaults to serial"))
        .option(Opt::new(&["--storage-apply-type"], APPLY_TYPES).help("defaults to serial"))
        .option(Opt::new(&["--worker-apply-type"], APPLY_TYPES).help("defaults to serial"))
        .option(
            Opt::new(&["--max-parallel-worker-hosts"], Takes::Number(2, 100))
                .help("maximum worker hosts to patch in parallel"),
        )
        .option(
            Opt::new(&["--instance-action"], Takes::Choice(&["migrate", "stop-start"]))
                .help("defaults to stop-start"),
        )
        .option(alarm_restrictions())
}

fn upgrade_create() -> Parser {
    Parser::new("")
        .option(Opt::new(&["--storage-apply-type"], APPLY_TYPES).help("defaults to serial"))
        .option(Opt::new(&["--worker-apply-type"], APPLY_TYPES).help("defaults to serial"))
        .option(
            Opt::new(&["--max-parallel-worker-hosts"], Takes::Number(2, 10))
                .help("maximum worker hosts to upgrade in parallel"),
        )
        .option(Opt::new(&["--complete-upgrade"], Takes::Flag).hidden())
        .option(alarm_restrictions())
}

fn alarm_restrictions() -> Opt {
    Opt::new(&["--alarm-restrictions"], Takes::Choice(&["strict", "relaxed"])).help("defaults to strict")
}

fn stage(help: &'static str) -> Opt {
    Opt::new(&["--stage-id"], Takes::Text).help(help)
}

fn formatted(parser: Parser) -> Parser {
    parser.option(format().addition())
}

/// `--format`
pub(crate) fn format() -> Opt {
    Opt::new(&["--format"], FORMATS).help("how the outcome is told")
}

fn watched(parser: Parser) -> Parser {
    formatted(parser)
        .option(Opt::new(&["--watch"], Takes::Flag).addition())
        .option(Opt::new(&["--watch-interval"], Takes::Range(1, MAX_INTERVAL)).addition())
        .option(Opt::new(&["--watch-patience"], Takes::Range(1, MAX_PATIENCE)).addition())
}

/// What there is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Something with a strategy.
    Strategy(Invocation),
    /// A question that changes nothing.
    Question(Question),
}

/// A command line without mistakes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// What there is to do.
    pub task: Task,
    /// How the outcome is told.
    pub format: Format,
    /// All options.
    pub options: Matches,
}

/// Reads the arguments after the program's name.
///
/// # Errors
/// Help was asked for, or the arguments are wrong.
pub fn read(prog: &str, arguments: &[String], width: i64) -> Result<CommandLine, Stop> {
    // told before the original would miss a command
    if arguments.first().is_some_and(|first| first == "--help-additions") {
        return Err(Stop::Help(ADDITIONS.to_owned()));
    }
    let options = parser(prog).parse(arguments, width)?;
    if options.flag("help-additions") {
        return Err(Stop::Help(ADDITIONS.to_owned()));
    }
    let format = if options.text("format") == Some("json") { Format::Json } else { Format::Text };
    if let Some(question) = question::read(prog, &options)? {
        return Ok(CommandLine { task: Task::Question(question), format, options });
    }
    let [area, command] = options.commands.as_slice() else {
        // the parser asks for both
        return Err(Stop::Failed("too few arguments"));
    };
    let strategy = StrategyName::of_command(area);
    let stage = || options.text("stage-id").map(str::to_owned);
    let command = match *command {
        "create" => Command::Create(plan(&options)),
        "delete" => Command::Delete { force: options.flag("force") },
        "apply" => Command::Apply { stage: stage() },
        "abort" => Command::Abort { stage: stage() },
        _ => Command::Show { details: options.flag("details") },
    };
    let seconds = |key, default| {
        options.number(key).and_then(|number| u64::try_from(number).ok()).map_or(default, Duration::from_secs)
    };
    let watch = options.flag("watch").then(|| Watch {
        interval: seconds("watch-interval", DEFAULT_INTERVAL),
        patience: seconds("watch-patience", DEFAULT_PATIENCE),
    });
    let task = Task::Strategy(Invocation { strategy, command, format, watch });
    Ok(CommandLine { task, format, options })
}

fn plan(options: &Matches) -> Plan {
    let text = |key, default: &str| options.text(key).unwrap_or(default).to_owned();
    Plan {
        controllers: text("controller-apply-type", "serial"),
        storage: text("storage-apply-type", "serial"),
        workers: text("worker-apply-type", "serial"),
        max_parallel_workers: options.number("max-parallel-worker-hosts"),
        instance_action: text("instance-action", "stop-start"),
        alarm_restrictions: text("alarm-restrictions", "strict"),
        complete_upgrade: options.flag("complete-upgrade"),
    }
}
