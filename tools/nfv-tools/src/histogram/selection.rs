//! Which histograms are plotted: `logplot.cfg`, groups and names.
//!
//! ```text
//! timercallback:audit                                         Y
//! get_hosts[execution-time]                                   N
//! #...END OF PROCESS LIST...
//! GroupName=neighbours
//! get_hosts[execution-time]                                   Y
//! #GroupEND
//! ```
//!
//! Contract: deployment 7.4.

use std::collections::BTreeMap;

/// The column of `Y` and `N`.
const MARK_COLUMN: usize = 60;
const END_OF_LIST: &str = "#...END OF PROCESS LIST...";

/// The content of `logplot.cfg`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Each histogram and whether it is plotted.
    pub processes: Vec<(String, bool)>,
    /// Each group's histograms that are plotted.
    pub groups: BTreeMap<String, Vec<String>>,
    /// Everything from the end of the list on, as it is.
    rest: String,
}

impl Selection {
    /// Reads the file's text; what is no line of it is passed over.
    pub fn parse(text: &str) -> Self {
        let mut selection = Self::default();
        let mut lines = text.split_inclusive('\n');
        for line in lines.by_ref() {
            if line.contains("#END") || line.starts_with("#...END") {
                selection.rest.push_str(line);
                break;
            }
            if let Some((name, mark)) = marked(line) {
                selection.processes.push((name.to_owned(), mark));
            }
        }
        let mut group = None;
        for line in lines {
            selection.rest.push_str(line);
            if let Some(name) = line.trim().strip_prefix("GroupName=") {
                group = Some(selection.groups.entry(name.to_owned()).or_default());
            } else if line.starts_with("#GroupEND") {
                group = None;
            } else if let (Some(group), Some((name, true))) = (&mut group, marked(line)) {
                group.push(name.to_owned());
            }
        }
        selection
    }

    /// Adds histograms that the list lacks, not to be plotted. Returns how many.
    pub fn add_missing<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) -> usize {
        let before = self.processes.len();
        for name in names {
            if !self.processes.iter().any(|(known, _)| known == name) {
                self.processes.push((name.to_owned(), false));
            }
        }
        self.processes.len() - before
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let line = |(name, plotted): &(String, bool)| {
            format!("{name:<MARK_COLUMN$}{}\n", if *plotted { 'Y' } else { 'N' })
        };
        let mut text: String = self.processes.iter().map(line).collect();
        if self.rest.is_empty() {
            text.push_str(END_OF_LIST);
            text.push('\n');
        } else {
            text.push_str(&self.rest);
        }
        text
    }

    /// The histograms to be plotted.
    pub fn chosen(&self) -> impl Iterator<Item = &str> {
        self.processes.iter().filter(|(_, plotted)| *plotted).map(|(name, _)| name.as_str())
    }
}

fn marked(line: &str) -> Option<(&str, bool)> {
    let mut words = line.split_whitespace();
    let name = words.next().filter(|name| !name.starts_with('#'))?;
    match words.next()? {
        "Y" => Some((name, true)),
        "N" => Some((name, false)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_groups_are_read_and_kept() {
        let text = format!(
            "{:<60}Y\n{:<60}N\n#...END OF PROCESS LIST...\n\nGroupName=g\n{:<60}Y\n{:<60}N\n#GroupEND\n",
            "a", "b", "b", "a"
        );
        let mut selection = Selection::parse(&text);
        assert_eq!(selection.chosen().collect::<Vec<_>>(), ["a"]);
        assert_eq!(selection.groups["g"], ["b"]);
        assert_eq!(selection.text(), text);
        assert_eq!(selection.add_missing(["a", "c"]), 1);
        assert!(selection.text().contains(&format!("{:<60}N\n#...END", "c")));
        assert_eq!(Selection::default().text(), "#...END OF PROCESS LIST...\n");
    }
}
