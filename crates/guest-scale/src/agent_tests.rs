use super::*;

/// A machine with four vCPUs and a script that ends so.
struct Fake {
    script: ScriptEnd,
    online: Vec<u32>,
    broken: bool,
    told: Vec<String>,
}

impl Fake {
    fn new(script: ScriptEnd, online: &[u32]) -> Self {
        Self { script, online: online.to_vec(), broken: false, told: Vec::new() }
    }
}

impl Machine for Fake {
    fn ask_script(&mut self) -> ScriptEnd {
        self.told.push("--cpu_del".into());
        self.script.clone()
    }

    fn tell_script(&mut self, cpu: i32, online: &str) -> ScriptEnd {
        self.told.push(format!("--cpu_add {cpu} {online}"));
        self.script.clone()
    }

    fn set_line(&mut self, cpu: i32, line: Line) -> SetLine {
        let cpu = match u32::try_from(cpu) {
            Ok(cpu) if cpu < 4 => cpu,
            _ => return SetLine::Failed("can't open cpu online path: No such file or directory".into()),
        };
        if self.broken {
            return SetLine::Failed(format!("can't set cpu {cpu} {}", line.as_str()));
        }
        match (self.online.binary_search(&cpu), line) {
            (Ok(at), Line::Off) => drop(self.online.remove(at)),
            (Err(at), Line::On) => self.online.insert(at, cpu),
            _ => return SetLine::Already,
        }
        SetLine::Done
    }

    fn online(&mut self) -> Result<Vec<u32>, String> {
        Ok(self.online.clone())
    }
}

const DOWN: &str =
    r#"{"version":2,"msg_type":"scale_request","timeout_ms":500,"resource":"cpu","direction":"down"}"#;

fn up(cpu: i32) -> String {
    format!(
        r#"{{"version":2,"msg_type":"scale_request","timeout_ms":500,"resource":"cpu","direction":"up","online_cpu":{cpu},"online_cpus":[0,1,2,3]}}"#
    )
}

fn missing() -> ScriptEnd {
    ScriptEnd::Failed("problem with shell or helper script, possibly script missing".into())
}

fn answer(data: &str, machine: &mut Fake) -> String {
    handle(data, machine).response.unwrap()
}

/// Contract 10.1: who chooses, and the answer's exact bytes.
#[test]
fn scaling_down_takes_the_scripts_choice_or_the_last_one() {
    use ScriptEnd::Exited;
    let cases = [
        (Exited(1), &[0, 1, 2, 3][..], 1, "0,2,3"),
        (Exited(0), &[0, 1, 2, 3], 3, "0,1,2"),
        (missing(), &[0, 1, 2, 3], 3, "0,1,2"),
        (missing(), &[0, 2], 2, "0"),
        // off line already counts as done
        (Exited(3), &[0, 1], 3, "0,1"),
    ];
    for (script, online, cpu, left) in cases {
        let mut machine = Fake::new(script, online);
        assert_eq!(
            answer(DOWN, &mut machine),
            format!(
                r#"{{"result":"success","offline_cpu":{cpu},"online_cpus":[{left}],"version":2,"resource":"cpu","direction":"down"}}"#
            )
        );
        assert_eq!(machine.told, ["--cpu_del"]);
    }
}

#[test]
fn cpu_0_never_goes() {
    let mut machine = Fake::new(missing(), &[0]);
    assert_eq!(
        answer(DOWN, &mut machine),
        r#"{"result":"fail","err_msg":"unable to find cpu to offline\n","version":2,"resource":"cpu","direction":"down"}"#
    );
    assert_eq!(machine.online, [0]);
}

#[test]
fn a_choice_that_cannot_be_is_told() {
    let mut machine = Fake::new(ScriptEnd::Exited(255), &[0, 1]);
    assert_eq!(
        answer(DOWN, &mut machine),
        r#"{"result":"fail","err_msg":"failed to set cpu 255 offline\n","version":2,"resource":"cpu","direction":"down"}"#
    );
    let mut machine = Fake::new(ScriptEnd::Exited(1), &[0, 1]);
    machine.broken = true;
    assert!(answer(DOWN, &mut machine).contains("failed to set cpu 1 offline"));
}

#[test]
fn scaling_up_takes_the_hosts_number_and_tells_the_script() {
    for script in [ScriptEnd::Exited(0), ScriptEnd::Exited(9), missing()] {
        let mut machine = Fake::new(script, &[0, 1, 2]);
        assert_eq!(
            answer(&up(3), &mut machine),
            r#"{"result":"success","online_cpu":3,"online_cpus":[0,1,2,3],"version":2,"resource":"cpu","direction":"up"}"#
        );
        assert_eq!(machine.told, ["--cpu_add 3 [0,1,2,3]"]);
        // on line already counts as done
        assert!(answer(&up(3), &mut machine).contains("success"));
    }
}

#[test]
fn a_cpu_that_does_not_come_is_told_and_the_script_is_not() {
    let mut machine = Fake::new(ScriptEnd::Exited(0), &[0]);
    assert_eq!(
        answer(&up(7), &mut machine),
        r#"{"result":"fail","err_msg":"can't open cpu online path: No such file or directory","version":2,"resource":"cpu","direction":"up"}"#
    );
    assert_eq!(machine.told, [""; 0]);
    machine.broken = true;
    assert!(answer(&up(3), &mut machine).contains("can't set cpu 3 online"));
}

#[test]
fn what_is_no_request_changes_nothing() {
    for data in ["nonsense", r#"{"version":1}"#, r#"{"version":2,"msg_type":"nack","log_msg":"no"}"#] {
        let mut machine = Fake::new(ScriptEnd::Exited(1), &[0, 1]);
        let handled = handle(data, &mut machine);
        assert_eq!(handled.response, None, "{data}");
        assert!(matches!(handled.log[..], [Said::Error(_)]), "{data}");
        assert_eq!(machine.online, [0, 1]);
    }
    let mut machine = Fake::new(ScriptEnd::Exited(1), &[0, 1]);
    let unknown = r#"{"version":2,"msg_type":"scale_request","resource":"disk","direction":"up"}"#;
    assert_eq!(answer(unknown, &mut machine), r#"{"version":2,"resource":"disk","direction":"up"}"#);
    let short = r#"{"version":2,"msg_type":"scale_request","resource":"cpu","direction":"down"}"#;
    assert_eq!(
        answer(short, &mut machine),
        r#"{"result":"fail","err_msg":"failed to parse timeout_ms","version":2,"resource":"cpu","direction":"down"}"#
    );
    assert_eq!(machine.told, [""; 0]);
}
