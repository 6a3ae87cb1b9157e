//! What a document is: its registration, its definition, the tables it watches, its canonical text.

pub mod definition;
pub mod dependencies;
pub mod edition;
pub mod fetch;
pub mod gaps;
pub mod gnuhealth;
pub mod matching;
pub mod protect;
pub mod registration;
pub mod registry;
pub mod root;
pub mod row;
pub mod serialize;
pub mod statements;
pub mod triggers;
pub mod watch;
