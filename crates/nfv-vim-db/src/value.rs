//! Values as they lie in the file, and rows read without trust in the declared types.
//!
//! SQLite lets any column hold any type, files outlive releases, and a dump must give back exactly what is there. So
//! rows are read as what they are; a row struct then takes its fields from that, and a field that does not fit makes
//! one unreadable row instead of a failed start.

use crate::table::Table;
use diesel::deserialize::{self, FromSql, QueryableByName};
use diesel::row::{Field, NamedRow};
use diesel::sql_types::{BigInt, Binary, Double};
use diesel::sqlite::{Sqlite, SqliteType};

/// A value of one of SQLite's storage classes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    /// Bytes, or text that is not UTF-8.
    Bytes(Vec<u8>),
}

/// A row in the order of its table's columns, read from the front.
#[derive(Debug)]
pub(crate) struct RawRow {
    values: std::vec::IntoIter<Value>,
}

/// The columns of a row as a query gave them.
#[derive(Debug)]
pub(crate) struct Fetched(pub(crate) Vec<Value>);

/// Why a row struct could not be made: the position of the column and what is wrong with its value.
#[derive(Debug)]
pub(crate) struct RowProblem {
    left: usize,
    what: &'static str,
}

impl RowProblem {
    /// In words, for the log and the operator.
    pub(crate) fn describe(&self, table: &Table) -> String {
        let position = table.columns.len().checked_sub(self.left + 1);
        let column =
            position.and_then(|position| table.columns.get(position)).map_or("?", |column| column.name);
        format!("column {column} {}", self.what)
    }
}

impl QueryableByName<Sqlite> for Fetched {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        let mut values = Vec::with_capacity(row.field_count());
        for index in 0..row.field_count() {
            let field = diesel::row::Row::get(row, index).ok_or("a column is missing")?;
            let value = match field.value() {
                None => Value::Null,
                Some(value) => match value.value_type() {
                    None => Value::Null,
                    Some(SqliteType::SmallInt | SqliteType::Integer | SqliteType::Long) => {
                        Value::Integer(<i64 as FromSql<BigInt, Sqlite>>::from_sql(value)?)
                    }
                    Some(SqliteType::Float | SqliteType::Double) => {
                        Value::Real(<f64 as FromSql<Double, Sqlite>>::from_sql(value)?)
                    }
                    // Text is fetched as bytes: diesel's own text reading replaces what is not UTF-8 without a word.
                    Some(SqliteType::Text) => {
                        match String::from_utf8(<Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(value)?) {
                            Ok(text) => Value::Text(text),
                            Err(error) => Value::Bytes(error.into_bytes()),
                        }
                    }
                    Some(SqliteType::Binary) => {
                        Value::Bytes(<Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(value)?)
                    }
                },
            };
            values.push(value);
        }
        Ok(Fetched(values))
    }
}

impl Fetched {
    /// To be read column by column.
    pub(crate) fn into_row(self) -> RawRow {
        RawRow { values: self.0.into_iter() }
    }

    /// What names the row to a reader: the values of its key columns.
    pub(crate) fn key(&self, table: &Table) -> String {
        let named = table.columns.iter().zip(&self.0).filter(|(column, _)| table.key.contains(&column.name));
        named.map(|(_, value)| value.to_string()).collect::<Vec<_>>().join("/")
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Null => out.write_str("NULL"),
            Value::Integer(number) => write!(out, "{number}"),
            Value::Real(number) => write!(out, "{number}"),
            Value::Text(text) => out.write_str(text),
            Value::Bytes(bytes) => out.write_str(&String::from_utf8_lossy(bytes)),
        }
    }
}

impl RawRow {
    /// The next column as the type of a field.
    pub(crate) fn take<T: FromValue>(&mut self) -> Result<T, RowProblem> {
        let value = self.values.next();
        let left = self.values.len();
        let Some(value) = value else {
            return Err(RowProblem { left, what: "is missing" });
        };
        T::from_value(value).map_err(|what| RowProblem { left, what })
    }
}

/// A field's type: what it accepts, and in words what it does not.
pub(crate) trait FromValue: Sized {
    fn from_value(value: Value) -> Result<Self, &'static str>;
}

impl FromValue for String {
    fn from_value(value: Value) -> Result<Self, &'static str> {
        match value {
            Value::Text(text) => Ok(text),
            Value::Integer(number) => Ok(number.to_string()),
            Value::Real(number) => Ok(number.to_string()),
            Value::Null => Err("is NULL"),
            Value::Bytes(_) => Err("is not UTF-8 text"),
        }
    }
}

impl FromValue for i64 {
    fn from_value(value: Value) -> Result<Self, &'static str> {
        match value {
            Value::Integer(number) => Ok(number),
            // Towards zero and saturating: a share of a vCPU counts as none.
            Value::Real(number) if number.is_finite() => Ok(number as i64),
            Value::Null => Err("is NULL"),
            Value::Real(_) | Value::Text(_) | Value::Bytes(_) => Err("is not a number"),
        }
    }
}

impl FromValue for bool {
    fn from_value(value: Value) -> Result<Self, &'static str> {
        match value {
            // Files without the check may hold other numbers; the original takes any but 0 as true.
            Value::Integer(number) => Ok(number != 0),
            Value::Real(number) => Ok(number != 0.0),
            Value::Null => Err("is NULL"),
            Value::Text(_) | Value::Bytes(_) => Err("is not a truth value"),
        }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self, &'static str> {
        match value {
            Value::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}
