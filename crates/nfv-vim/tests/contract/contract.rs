//! The rows of the contract's tables and their names.
//!
//! A name is the section number, the heading of an unnumbered subsection if there is one, and as many of the first cells
//! as tell the row from the others of its table; an empty first cell stands for the one above. Where two tables of a
//! section have a row of the same name, the second column's heading (or the number of the table) follows in brackets.

use std::collections::BTreeMap;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/contract/vim-behaviour.md");
/// Longer cells are cut in names.
const CELL: usize = 60;

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Section with a number of two parts: `5.3`.
    pub section: String,
    /// Name.
    pub name: String,
    /// The cells, without marks of the markdown.
    pub cells: Vec<String>,
}

/// The rows of a section whose tables are facts that a case compares cell by cell; names live as long as the test.
pub fn facts(section: &str) -> Vec<(&'static str, Vec<String>)> {
    let own = rows().into_iter().filter(|row| row.section == section);
    own.map(|row| (&*Box::leak(row.name.into_boxed_str()), row.cells)).collect()
}

struct Table {
    section: String,
    prefix: String,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// All rows of the document, in its order.
pub fn rows() -> Vec<Row> {
    name_rows(&tables(&std::fs::read_to_string(FILE).unwrap()))
}

fn cells(line: &str) -> Vec<String> {
    let line = line.trim().trim_start_matches('|').replace("\\|", "\u{0}");
    let line = line.strip_suffix('|').unwrap_or(&line);
    let clean = |cell: &str| cell.replace(['`', '†'], "").replace('\u{0}', "|").trim().to_owned();
    line.split('|').map(clean).collect()
}

fn tables(text: &str) -> Vec<Table> {
    let (mut number, mut sub) = (String::new(), String::new());
    let mut tables: Vec<Table> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("##") {
            let title = heading.trim_start_matches('#').trim();
            let first = title.split(' ').next().unwrap_or_default().trim_end_matches(['.', ';']);
            if first.starts_with(|c: char| c.is_ascii_digit()) {
                number = first.to_owned();
                sub.clear();
            } else {
                sub = format!("{title} / ");
            }
        }
        if !line.starts_with('|') {
            inside = false;
            continue;
        }
        let row = cells(line);
        if !inside {
            inside = true;
            let section = number.split('.').take(2).collect::<Vec<_>>().join(".");
            let prefix = format!("{number} {sub}");
            tables.push(Table { section, prefix, header: row, rows: Vec::new() });
        } else if !line.trim_start_matches('|').trim_start().starts_with("--") {
            tables.last_mut().unwrap().rows.push(row);
        }
    }
    tables.into_iter().flat_map(split).collect()
}

/// A table with an empty column in its header is two tables side by side.
fn split(table: Table) -> Vec<Table> {
    let gap = table.header.iter().position(String::is_empty).filter(|gap| *gap > 0);
    let Some(gap) = gap else { return vec![table] };
    let part = |range: std::ops::Range<usize>| Table {
        section: table.section.clone(),
        prefix: table.prefix.clone(),
        header: table.header[range.clone()].to_vec(),
        rows: table
            .rows
            .iter()
            .map(|row| row.get(range.clone()).unwrap_or_default().to_vec())
            .filter(|row| row.iter().any(|cell| !cell.is_empty()))
            .collect(),
    };
    vec![part(0..gap), part(gap + 1..table.header.len())]
}

/// The names of a table's rows by their first cells.
fn keys(table: &Table) -> Vec<String> {
    let mut above = String::new();
    let rows: Vec<Vec<String>> = table
        .rows
        .iter()
        .map(|row| {
            let mut row: Vec<String> = row
                .iter()
                .map(|cell| cell.chars().take(CELL).collect::<String>().trim().to_owned())
                .collect();
            match row.first_mut() {
                Some(first) if first.is_empty() => first.clone_from(&above),
                Some(first) => above.clone_from(first),
                None => {}
            }
            row
        })
        .collect();
    let columns = table.header.len();
    let mut choices: Vec<Vec<usize>> = vec![vec![0]];
    choices.extend((1..columns).map(|column| vec![0, column]));
    choices.extend((3..=columns).map(|count| (0..count).collect()));
    let named = |choice: &[usize]| -> Vec<String> {
        rows.iter()
            .map(|row| {
                let chosen = choice.iter().filter_map(|column| row.get(*column));
                chosen.filter(|cell| !cell.is_empty()).cloned().collect::<Vec<_>>().join(" / ")
            })
            .collect()
    };
    for choice in &choices {
        let names = named(choice);
        let mut sorted = names.clone();
        sorted.sort();
        sorted.dedup();
        if sorted.len() == names.len() {
            return names;
        }
    }
    named(&(0..columns).collect::<Vec<_>>())
}

fn name_rows(tables: &[Table]) -> Vec<Row> {
    let mut owners: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut all = Vec::new();
    for (index, table) in tables.iter().enumerate() {
        for (key, cells) in keys(table).into_iter().zip(&table.rows) {
            let name = format!("{}{key}", table.prefix);
            owners.entry(name.clone()).or_default().push(index);
            all.push((index, name, cells.clone()));
        }
    }
    all.into_iter()
        .map(|(index, name, cells)| {
            let table = &tables[index];
            let owners = &owners[&name];
            let name = if owners.len() == 1 {
                name
            } else {
                let heading = |owner: usize| tables[owner].header.get(1).cloned().unwrap_or_default();
                let own = heading(index);
                let unique = owners.iter().filter(|owner| heading(**owner) == own).count() == 1;
                let place = owners.iter().position(|owner| *owner == index).unwrap_or_default() + 1;
                if unique { format!("{name} ({own})") } else { format!("{name} (table {place})") }
            };
            Row { section: table.section.clone(), name, cells }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# 2 Things
## 2.4 First
| State | On enter | Event | Result |
|---|---|---|---|
| `on` | x | a, b | go |
| | | c | stay |
| | | d | stay |
| off | – | a, b | |
| | | c | |
## 2.6 Second
| # | Left | | # | Right |
|---|---|---|---|---|
| 1 | p | | 1 | q |
| | | | 2 | r |
### start
| Event | Result |
|---|---|
| task-stop | end |
";

    #[test]
    fn names_come_from_section_subsection_and_first_cells() {
        let names: Vec<_> = name_rows(&tables(TEXT)).into_iter().map(|row| row.name).collect();
        assert_eq!(
            names,
            [
                "2.4 on / a, b",
                "2.4 on / c",
                "2.4 on / d",
                "2.4 off / a, b",
                "2.4 off / c",
                "2.6 1 (Left)",
                "2.6 1 (Right)",
                "2.6 2",
                "2.6 start / task-stop",
            ]
        );
    }

    #[test]
    fn no_two_rows_of_the_contract_have_the_same_name() {
        let mut seen = std::collections::BTreeSet::new();
        for row in rows() {
            assert!(
                !crate::coverage::STATES_BEHAVIOUR.contains(&row.section.as_str())
                    || seen.insert(row.name.clone()),
                "{}",
                row.name
            );
        }
    }
}
