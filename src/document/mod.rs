//! What a document is: its registration, its definition, the tables it watches, its canonical text.

pub mod definition;
pub mod dependencies;
pub mod fetch;
pub mod gaps;
pub mod gnuhealth;
pub mod protect;
pub mod registry;
pub mod row;
pub mod serialize;
pub mod statements;
pub mod triggers;
