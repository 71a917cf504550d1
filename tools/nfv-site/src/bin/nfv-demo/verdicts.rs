//! What was expected, and how it came.

/// What a look at something that shall come true finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It is true.
    Met,
    /// It is not, or not yet; what is.
    Not(String),
}

impl Found {
    /// Met when the condition holds, else what is found instead.
    pub fn when(condition: bool, otherwise: impl FnOnce() -> String) -> Self {
        if condition { Self::Met } else { Self::Not(otherwise()) }
    }
}

/// One expectation.
#[derive(Debug)]
struct Verdict {
    name: String,
    found: Found,
}

/// All expectations so far.
#[derive(Debug, Default)]
pub struct Verdicts(Vec<Verdict>);

impl Verdicts {
    /// Adds one.
    pub fn add(&mut self, name: &str, found: Found) {
        self.0.push(Verdict { name: name.to_owned(), found });
    }

    /// Whether all are met, how many are, and how many there are.
    pub fn count(&self) -> (bool, usize, usize) {
        let met = self.0.iter().filter(|verdict| verdict.found == Found::Met).count();
        (met == self.0.len(), met, self.0.len())
    }

    /// Prints them.
    pub fn print(&self) {
        println!("\nWhat was expected");
        for Verdict { name, found } in &self.0 {
            match found {
                Found::Met => println!("  yes  {name}"),
                Found::Not(what) => println!("  NO   {name}: {what}"),
            }
        }
    }
}
