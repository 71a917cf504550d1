//! How bodies look on the wire: their types as tables, reading and checking them, writing answers and faults.
//!
//! ```text
//!   body ──► json or xml ──► Record::read (table of the type) ──► Values
//!   Node ──► JSON or XML           Fault ──► JSON or XML           routing errors ──► HTML, text or JSON
//! ```
//!
//! Contract: vim-api 1.3. The same tables make the OpenAPI document, so that it cannot tell anything else.

pub mod fault;
pub mod media;
pub mod node;
pub mod python;
pub mod routing_error;
pub mod schema;
pub mod values;
pub mod xml;

pub use fault::Fault;
pub use media::{BodyType, Media};
pub use node::Node;
pub use schema::{Field, Kind, Need, Record};
pub use values::Values;
