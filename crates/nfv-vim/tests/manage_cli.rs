//! `nfv-vim-manage` as an operator and the platform's upgrade scripts meet it: the built program, its texts, its exit
//! codes, and the database after it. Contract: deployment 2.
#![allow(clippy::unwrap_used)] // a test may

use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PROGRAM: &str = env!("CARGO_BIN_EXE_nfv-vim-manage");

const TOP_USAGE: &str = "usage: nfv-vim-manage <command> [<args>] \n  where command is one of \n    \
                         db-dump-data    dump data from database \n    db-load-data    load data into database \n    \
                         db-check        look over a database, also while nfv-vim runs \n    \
                         status          tell how nfv-vim is \n";
const TOP_HELP: &str = "\npositional arguments:\n  command     command to be run\n\noptional arguments:\n  \
                        -h, --help  show this help message and exit\n";
const USAGE: &str = "usage: nfv-vim-manage [-h] -d DATABASE -f FILENAME\n";

// what `db-check` and `status` add to the help stands in docs/differences.md

/// Exit code, standard output, standard error.
type Said = (i32, String, String);

fn said(output: Output) -> Said {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn manage(arguments: &[&str]) -> Said {
    said(Command::new(PROGRAM).args(arguments).output().unwrap())
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn dump_of(directory: &Path) -> Value {
    let file = tempfile::NamedTempFile::new().unwrap();
    let done = manage(&["db-dump-data", "-d", path(directory), "-f", path(file.path())]);
    assert_eq!(done, (0, "Database data dump....... [complete]\n".to_owned(), String::new()));
    serde_json::from_str(&std::fs::read_to_string(file.path()).unwrap()).unwrap()
}

fn own_dump(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../nfv-vim-db/tests/dumps").join(name)
}

fn load(directory: &Path, file: &Path) -> Said {
    manage(&["db-load-data", "-d", path(directory), "-f", path(file)])
}

/// A directory with a filled database, and what is in it.
fn filled() -> (tempfile::TempDir, Value) {
    let directory = tempfile::tempdir().unwrap();
    let done = load(directory.path(), &own_dump("present.json"));
    assert_eq!(done, (0, "Database data load....... [complete]\n".to_owned(), String::new()));
    let content = dump_of(directory.path());
    (directory, content)
}

#[test]
fn help_and_wrong_command_lines_are_answered_in_the_texts_of_the_original() {
    let help = || (0, format!("{TOP_USAGE}{TOP_HELP}"), String::new());
    let top_error = |text: &str| (2, String::new(), format!("{TOP_USAGE}nfv-vim-manage: error: {text}\n"));
    let error = |text: &str| (2, String::new(), format!("{USAGE}nfv-vim-manage: error: {text}\n"));
    let command_help = |description: &str, file: &str| {
        let options = "optional arguments:\n  -h, --help            show this help message and exit\n  \
                       -d DATABASE, --database DATABASE\n                        database directory\n  \
                       -f FILENAME, --filename FILENAME\n                        ";
        (0, format!("{USAGE}\n{description}\n\n{options}{file}\n"), String::new())
    };
    let cases: [(&[&str], Said); 10] = [
        (&[], top_error("too few arguments")),
        (&["-x"], top_error("too few arguments")),
        (&["-h"], help()),
        (&["db-dump"], help()),
        (&["db-dump-data"], error("argument -d/--database is required")),
        (&["db-load-data", "-d", "x"], error("argument -f/--filename is required")),
        (&["db-load-data", "-d"], error("argument -d/--database: expected one argument")),
        (&["db-dump-data", "--data=x", "--file=y", "z"], error("unrecognized arguments: z")),
        (&["db-dump-data", "--help"], command_help("Dump data from database", "dump data to file")),
        (&["db-load-data", "-h"], command_help("Load data into database", "load data from file")),
    ];
    for (arguments, expected) in cases {
        assert_eq!(manage(arguments), expected, "{arguments:?}");
    }
}

#[test]
fn what_is_loaded_is_what_is_dumped_whatever_the_options_look_like() {
    let (directory, content) = filled();
    let given: Value =
        serde_json::from_str(&std::fs::read_to_string(own_dump("present.json")).unwrap()).unwrap();
    for (table, rows) in given["tables"].as_object().unwrap() {
        assert_eq!(&content["tables"][table], rows, "{table}");
    }
    let work = tempfile::tempdir().unwrap();
    let dump = path(work.path()).to_owned() + "/dump";
    let done = manage(&["db-dump-data", &format!("--data={}", path(directory.path())), &format!("-f{dump}")]);
    assert_eq!(done.0, 0, "{done:?}");
    let deep = path(work.path()).to_owned() + "/new/version";
    let done = manage(&["db-load-data", "--file", &dump, "--d", &deep]);
    assert_eq!(done.0, 0, "{done:?}");
    assert_eq!(dump_of(Path::new(&deep)), content);
    let left: Vec<_> = std::fs::read_dir(&deep).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["vim_db_v1"]);
}

#[test]
fn a_dump_of_a_directory_that_is_not_there_makes_an_empty_database() {
    let work = tempfile::tempdir().unwrap();
    let directory = work.path().join("a/b");
    let content = dump_of(&directory);
    assert_eq!(content["version"], 1);
    let tables = content["tables"].as_object().unwrap();
    assert_eq!(tables.len(), 19);
    assert!(tables.values().all(|rows| rows.as_array().unwrap().is_empty()));
    assert!(directory.join("vim_db_v1").exists());
}

#[test]
fn what_cannot_be_loaded_ends_with_1_and_leaves_the_database() {
    let (directory, content) = filled();
    let work = tempfile::tempdir().unwrap();
    let file = work.path().join("dump");
    let name = path(&file);
    let duplicate = format!(
        "(sqlite3.IntegrityError) UNIQUE constraint failed: systems.name [SQL: u'{}'] [parameters: (u'lab', u'')]\n",
        "INSERT INTO systems (name, description) VALUES (?, ?)"
    );
    let cases = [
        (None, format!("[Errno 2] No such file or directory: '{name}'\n"), String::new()),
        (
            Some("{\"tables\": {\"sys"),
            "No JSON object could be decoded\n".to_owned(),
            format!("dump {name} is damaged: EOF while parsing a string at line 1 column 16\n"),
        ),
        (
            Some("{\"version\": 1}"),
            "'tables'\n".to_owned(),
            format!("dump {name} has no member \"tables\"\n"),
        ),
        (
            Some("{\"version\": 3, \"tables\": {\"systems\": [{\"name\": \"x\", \"description\": \"\"}]}}"),
            format!("dump {name} has version 3, only version 1 can be loaded\n"),
            String::new(),
        ),
        (
            Some(
                "{\"tables\": {\"systems\": [{\"name\": \"x\", \"description\": \"\"}, {\"name\": \"lab\", \"description\": \"\"}]}}",
            ),
            duplicate,
            String::new(),
        ),
    ];
    for (text, stdout, stderr) in cases {
        if let Some(text) = text {
            std::fs::write(&file, text).unwrap();
        }
        assert_eq!(load(directory.path(), &file), (1, stdout, stderr), "{text:?}");
        assert_eq!(dump_of(directory.path()), content, "{text:?}");
    }
}

#[test]
fn a_dump_that_cannot_be_written_ends_with_1() {
    let (directory, _) = filled();
    for (file, text) in [
        ("/no/such/dir/dump", "[Errno 2] No such file or directory: '/no/such/dir/dump'\n"),
        ("/dev/full", "[Errno 28] No space left on device: '/dev/full'\n"),
    ] {
        let done = manage(&["db-dump-data", "-d", path(directory.path()), "-f", file]);
        assert_eq!(done, (1, text.to_owned(), String::new()));
    }
    let done = manage(&["db-dump-data", "-d", path(directory.path()), "-f", "/dev/stdout"]);
    assert!(
        done.1.starts_with("{\"tables\": ") && done.1.ends_with("}Database data dump....... [complete]\n")
    );
}

#[test]
fn tables_of_strangers_are_dropped() {
    let (directory, content) = filled();
    let work = tempfile::tempdir().unwrap();
    let file = work.path().join("dump");
    std::fs::write(&file, "{\"tables\": {\"hosts_v9\": [{\"uuid\": \"x\"}]}, \"version\": 1}").unwrap();
    assert_eq!(load(directory.path(), &file).0, 0);
    assert_eq!(dump_of(directory.path()), content);
}

/// Root may write anywhere, so the program is run as nobody then; an ordinary user runs it as himself.
fn manage_without_rights(work: &Path, arguments: &[&str]) -> Said {
    let program = work.join("nfv-vim-manage");
    // by another process: a thread of this one that forks meanwhile would keep the file open for writing
    assert!(Command::new("cp").arg(PROGRAM).arg(&program).status().unwrap().success());
    std::fs::set_permissions(work, PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = Command::new(program);
    command.args(arguments);
    if nix::unistd::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    said(command.output().unwrap())
}

#[test]
fn a_directory_that_may_only_be_read_ends_with_1_and_a_reason() {
    let (directory, content) = filled();
    let work = tempfile::tempdir().unwrap();
    let dump = work.path().join("dump");
    let more = "{\"tables\": {\"systems\": [{\"name\": \"x\", \"description\": \"\"}]}}";
    std::fs::write(&dump, more).unwrap();
    std::fs::set_permissions(&dump, PermissionsExt::from_mode(0o644)).unwrap();
    let file = directory.path().join("vim_db_v1");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o444)).unwrap();
    std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o555)).unwrap();
    let shown = path(directory.path());

    let (code, stdout, stderr) =
        manage_without_rights(work.path(), &["db-load-data", "-d", shown, "-f", path(&dump)]);
    assert_eq!((code, stderr.as_str()), (1, ""), "{stdout}");
    assert!(stdout.starts_with(&format!("cannot open, database {shown}/vim_db_v1: ")), "{stdout}");
    assert_eq!(std::fs::read(&file).unwrap(), bytes);

    let below = format!("{shown}/new");
    let (code, stdout, _) =
        manage_without_rights(work.path(), &["db-load-data", "-d", &below, "-f", path(&dump)]);
    let denied = format!("cannot create the database directory {below}: Permission denied (os error 13)\n");
    assert_eq!((code, stdout), (1, denied));

    std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    assert_eq!(dump_of(directory.path()), content);
}

#[test]
fn a_full_disk_ends_with_1_and_leaves_the_database() {
    let work = tempfile::tempdir().unwrap();
    let rows: Vec<String> = (0..2000)
        .map(|number| format!("{{\"name\": \"system-{number}\", \"description\": \"{}\"}}", "x".repeat(500)))
        .collect();
    std::fs::write(
        work.path().join("big"),
        format!("{{\"tables\": {{\"systems\": [{}]}}}}", rows.join(", ")),
    )
    .unwrap();
    std::fs::copy(own_dump("present.json"), work.path().join("good")).unwrap();
    // A small file system of its own, seen by the script alone; an ordinary user may have one as well.
    let script = "
        mkdir disk && mount -t tmpfs -o size=512k none disk || exit 99
        set -e
        $PROGRAM db-load-data -d disk -f good
        $PROGRAM db-dump-data -d disk -f before
        if $PROGRAM db-load-data -d disk -f big > said; then exit 3; else test $? = 1; fi
        $PROGRAM db-dump-data -d disk -f after
        cmp before after
        $PROGRAM db-load-data -d disk -f more
    ";
    std::fs::write(
        work.path().join("more"),
        "{\"tables\": {\"systems\": [{\"name\": \"x\", \"description\": \"\"}]}}",
    )
    .unwrap();
    let done = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
        .env("PROGRAM", PROGRAM)
        .current_dir(work.path())
        .output();
    match done {
        Ok(output) if output.status.success() => {}
        Ok(output) if output.status.code() != Some(99) && work.path().join("disk").exists() => {
            panic!("{}", String::from_utf8_lossy(&output.stderr))
        }
        _ => {
            println!("NOTICE: no file system can be mounted here, the full disk is not tested");
            return;
        }
    }
    let text = std::fs::read_to_string(work.path().join("said")).unwrap();
    assert!(text.starts_with("cannot "), "{text}");
    assert!(text.ends_with("/disk/vim_db_v1: database or disk is full\n"), "{text}");
}

#[test]
fn ctrl_c_is_answered_and_ends_with_0() {
    use std::io::Read;
    let work = tempfile::tempdir().unwrap();
    // A dump that never comes: the program waits in reading a pipe that nobody writes.
    let fifo = work.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let mut child = Command::new(PROGRAM)
        .args(["db-load-data", "-d", path(&work.path().join("db")), "-f", path(&fifo)])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Opening for writing returns when the program has opened for reading, so it is under way.
    let held = std::fs::OpenOptions::new().write(true).open(&fifo).unwrap();
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    let mut stdout = String::new();
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    assert_eq!((child.wait().unwrap().code(), stdout.as_str()), (Some(0), "Keyboard Interrupt received.\n"));
    drop(held);
    assert!(!work.path().join("db").exists());
}
