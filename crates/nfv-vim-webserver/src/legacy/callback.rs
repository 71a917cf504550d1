//! The callback of JSONP. Contract: vim-api 3.2, 3.5.

/// The longest name accepted.
const MAX_LENGTH: usize = 128;

/// The name of the function to call: what stands between the first `callback=` of the target and the next `&`, which
/// must be there.
///
/// The original echoes whatever it finds, so that anybody can have it say anything; names are made of letters,
/// digits, `_`, `$`, `.`, `[` and `]` here (jQuery's are), all others are refused. An empty name is none, which the
/// original lets pass.
pub fn callback(target: &str) -> Option<&str> {
    let (_, rest) = target.split_once("callback=")?;
    let (name, _) = rest.split_once('&')?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_$.[]".contains(&byte);
    (name.len() <= MAX_LENGTH && name.bytes().all(plain)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_as_the_original_takes_them_and_no_script_is() {
        for (target, name) in [
            ("/vim/hosts?callback=hostsCallback&_=1548272461166", Some("hostsCallback")),
            ("/vim/hosts?callback=jQuery21307_15&_=1", Some("jQuery21307_15")),
            ("/vim/hosts?a=b&callback=a.b[0].$c&", Some("a.b[0].$c")),
            ("/vim/hosts?callback=&_=1", Some("")),
            ("/vim/hosts?callback=one", None),
            ("/vim/hosts", None),
            ("/vim/hosts?callback=alert(1)//&", None),
            ("/vim/hosts?callback=a%3Bb&", None),
            ("/vim/hosts?callback=<script>&", None),
        ] {
            assert_eq!(callback(target), name, "{target}");
        }
        let long = format!("callback={}&", "a".repeat(MAX_LENGTH + 1));
        assert_eq!(callback(&long), None);
    }
}
