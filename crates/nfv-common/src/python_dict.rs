//! The order in which Python 2.7 walks through a dictionary, where it can be seen from outside: in the body of a
//! request, in a printed dictionary, in the list of options that an abbreviation could mean.
//!
//! The order follows from the keys' hash values (64 bit, not randomised) and from the order of their insertion.

/// Slots of an empty table.
const FIRST_SIZE: usize = 8;
/// Up to so many keys a table that is full grows to four times its keys, then to twice.
const LARGE: usize = 50_000;

/// The keys in the order in which Python 2.7 lists them after they were inserted as they stand here.
pub fn ordered<T: AsRef<str>>(keys: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut keys_of = Keys::new();
    for key in keys {
        keys_of.insert(key);
    }
    keys_of.into_vec()
}

/// The keys of a dictionary.
#[derive(Clone, Debug)]
pub struct Keys<T> {
    slots: Vec<Option<T>>,
    used: usize,
}

/// Python 2's hash of a text of ASCII letters.
fn hash(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let Some(first) = bytes.first() else { return 0 };
    let mut value = u64::from(*first) << 7;
    for byte in bytes {
        value = value.wrapping_mul(1_000_003) ^ u64::from(*byte);
    }
    value ^= bytes.len() as u64;
    if value == u64::MAX { u64::MAX - 1 } else { value }
}

fn empty<T>(size: usize) -> Vec<Option<T>> {
    std::iter::repeat_with(|| None).take(size).collect()
}

impl<T: AsRef<str>> Default for Keys<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: AsRef<str>> Keys<T> {
    /// Of an empty dictionary.
    pub fn new() -> Self {
        Self { slots: empty(FIRST_SIZE), used: 0 }
    }

    /// One key more, if it is not there.
    pub fn insert(&mut self, key: T) {
        if self.place(key) && self.is_full(self.used) {
            self.grow(self.used * if self.used > LARGE { 2 } else { 4 });
        }
    }

    /// `update` with another dictionary, for which room is made beforehand.
    pub fn update(&mut self, other: Keys<T>) {
        if self.is_full(self.used + other.used) {
            self.grow((self.used + other.used) * 2);
        }
        for key in other.into_vec() {
            self.insert(key);
        }
    }

    /// The keys in their order.
    pub fn into_vec(self) -> Vec<T> {
        self.slots.into_iter().flatten().collect()
    }

    fn is_full(&self, used: usize) -> bool {
        used * 3 >= self.slots.len() * 2
    }

    fn grow(&mut self, beyond: usize) {
        let mut size = FIRST_SIZE;
        while size <= beyond {
            size *= 2;
        }
        let old = std::mem::replace(&mut self.slots, empty(size));
        self.used = 0;
        for key in old.into_iter().flatten() {
            self.place(key);
        }
    }

    /// Puts the key where Python looks for it; not when it is there already.
    fn place(&mut self, key: T) -> bool {
        let mask = self.slots.len() as u64 - 1;
        let mut perturb = hash(key.as_ref());
        let mut at = perturb;
        loop {
            let slot = &mut self.slots[(at & mask) as usize];
            match slot {
                Some(there) if there.as_ref() == key.as_ref() => return false,
                Some(_) => {}
                None => {
                    *slot = Some(key);
                    self.used += 1;
                    return true;
                }
            }
            at = at.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1);
            perturb >>= 5;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Keys, ordered};

    #[test]
    fn keys_come_in_the_order_that_python_shows() {
        // keys as inserted, then as Python 2.7.18 on 64 bit lists the dictionary
        let cases = [
            ("-h --help -d --database -f --filename", "-d --filename --database -h -f --help"),
            (
                "-h --help --debug --os-auth-url --os-project-name x y",
                "--os-auth-url -h --os-project-name --debug y x --help",
            ),
            ("a b a c", "a c b"),
            ("", ""),
        ];
        for (keys, expected) in cases {
            assert_eq!(ordered(keys.split_whitespace()).join(" "), expected);
        }
        // both want the first slot
        assert_eq!((ordered(["", "a"]), ordered(["a", ""])), (vec!["", "a"], vec!["a", ""]));
    }

    #[test]
    fn a_table_that_grows_is_ordered_anew() {
        // names of headers as `urllib2` gathers them
        let mut all: Keys<&str> = Keys::new();
        ["Content-length", "Host", "User-agent"].into_iter().for_each(|key| all.insert(key));
        let mut more = Keys::new();
        ["X-auth-token", "Accept", "Content-type"].into_iter().for_each(|key| more.insert(key));
        all.update(more);
        all.insert("Connection");
        assert_eq!(
            all.into_vec().join(" "),
            "Content-length Connection X-auth-token Content-type Host Accept User-agent"
        );
        let keys: Vec<String> = (0..24).map(|number| format!("key{number}")).collect();
        let numbers: Vec<_> = ordered(&keys).iter().map(|key| key.trim_start_matches("key")).collect();
        assert_eq!(numbers.join(" "), "9 8 3 2 1 0 7 6 5 4 19 18 17 16 15 14 13 12 11 10 22 23 20 21");
    }
}
