//! Bash completion of sw-manager, row by row of vim-api 4.5.

use crate::packaging;
use std::collections::BTreeSet;
use std::process::Command;

const CREATE_PATCH: &str = "--controller-apply-type --storage-apply-type --worker-apply-type \
                            --max-parallel-worker-hosts --instance-action --alarm-restrictions";
const CREATE_UPGRADE: &str =
    "--storage-apply-type --worker-apply-type --max-parallel-worker-hosts --alarm-restrictions";

/// What is offered for the last of these words.
fn offered(file: &str, function: &str, words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
    let script = format!(
        ". {}; COMP_WORDS=({}); COMP_CWORD={}; {function}; echo \"${{COMPREPLY[*]}}\"; complete -p {}",
        packaging(&format!("completion/{file}")).display(),
        quoted.join(" "),
        words.len() - 1,
        words[0]
    );
    let output = Command::new("bash").args(["-c", &script]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let (words, registered) = text.split_once('\n').unwrap();
    assert!(
        registered.contains(&format!("-F {function}")) && registered.contains("-o filenames"),
        "{registered}"
    );
    words.to_owned()
}

#[test]
fn sw_manager_offers_what_the_contract_lists() {
    let rows: [(&[&str], &str); 22] = [
        (&[""], "patch-strategy upgrade-strategy"),
        (&["p"], "patch-strategy"),
        (&["patch-strategy", ""], "create delete apply abort show"),
        (&["upgrade-strategy", "a"], "apply abort"),
        (&["patch-strategy", "create", ""], CREATE_PATCH),
        (&["upgrade-strategy", "create", ""], CREATE_UPGRADE),
        (&["patch-strategy", "create", "--controller-apply-type", ""], "serial ignore"),
        (&["patch-strategy", "create", "--storage-apply-type", ""], "serial parallel ignore"),
        (&["upgrade-strategy", "create", "--storage-apply-type", "p"], "parallel"),
        (&["patch-strategy", "create", "--worker-apply-type", ""], "serial parallel ignore"),
        (&["upgrade-strategy", "create", "--worker-apply-type", ""], "serial parallel ignore"),
        (&["patch-strategy", "create", "--max-parallel-worker-hosts", ""], ""),
        (&["patch-strategy", "create", "--instance-action", ""], "migrate stop-start"),
        (&["patch-strategy", "create", "--alarm-restrictions", ""], "strict relaxed"),
        (&["upgrade-strategy", "create", "--alarm-restrictions", "r"], "relaxed"),
        (&["patch-strategy", "create", "--storage-apply-type", "serial", "--wo"], "--worker-apply-type"),
        (&["patch-strategy", "apply", ""], "--stage-id"),
        (&["upgrade-strategy", "abort", ""], "--stage-id"),
        (&["patch-strategy", "apply", "--stage-id", ""], ""),
        (&["patch-strategy", "show", ""], "--details"),
        (&["patch-strategy", "show", "--details", ""], ""),
        (&["upgrade-strategy", "delete", ""], ""),
    ];
    for (words, expected) in rows {
        let words = [&["sw-manager"], words].concat();
        // bash shows them sorted
        let sorted = |text: &str| text.split_whitespace().map(str::to_owned).collect::<BTreeSet<_>>();
        assert_eq!(sorted(&offered("sw-manager", "_swmanager", &words)), sorted(expected), "{words:?}");
    }
}

#[test]
fn the_other_tools_offer_their_options() {
    assert_eq!(offered("nfv-vim-manage", "_nfv_vim_manage", &["nfv-vim-manage", "db-d"]), "db-dump-data");
    assert_eq!(
        offered("nfv-vim-manage", "_nfv_vim_manage", &["nfv-vim-manage", "db-load-data", "--"]),
        "--database --filename"
    );
    assert_eq!(offered("nfv-tools", "_nfv_tools", &["nfv-forensic", "--s"]), "--start_date");
    assert_eq!(offered("nfv-tools", "_nfv_tools", &["nfv-notify", "--h"]), "--hostname --help");
}
