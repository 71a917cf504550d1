//! Types of bodies as tables. Contract: vim-api 1.3, 1.6 to 1.10.

/// A type of body: a name (in texts and in the OpenAPI document) and its fields, in the order of the XML form.
#[derive(Debug, PartialEq, Eq)]
pub struct Record {
    /// Name.
    pub name: &'static str,
    /// Fields.
    pub fields: &'static [Field],
}

/// A field.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Name on the wire.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it must be there.
    pub need: Need,
}

/// What a field holds. Each may be null, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number; text that holds one counts as well.
    Int,
    /// A whole number from zero on.
    Count,
    /// A truth value; some words and numbers count as well.
    Flag,
    /// One of these words, in the order of the original's texts.
    Choice(&'static [&'static str]),
    /// A list.
    List(&'static Kind),
    /// An object.
    Record(&'static Record),
    /// Values by names that are not known before. Only answers have it.
    Map(&'static Kind),
}

/// Whether a field must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It must. In answers: it is always there.
    Mandatory,
    /// It must, and null is not taken.
    Given,
    /// It need not, and that it is absent is something else than null. In answers: it may be absent.
    Optional,
    /// Absent means null.
    OrNull,
    /// Absent means this text.
    OrText(&'static str),
    /// Absent means this number.
    OrInt(i64),
    /// Absent means this truth value.
    OrFlag(bool),
    /// Absent means an empty list.
    OrEmpty,
}

/// A field that must be there.
pub const fn must(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, need: Need::Mandatory }
}

/// A field that may be there.
pub const fn may(name: &'static str, kind: Kind, need: Need) -> Field {
    Field { name, kind, need }
}

/// A field that must be there with a value.
pub const fn given(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, need: Need::Given }
}
